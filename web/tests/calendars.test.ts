// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {SyncRun} from '../src/api/shapes';
import {canChooseCalendar, canSync, consentOf, mendOf, phaseOf, runningOf} from '../src/model/calendars';
import {provider} from './samples';

const problem = (code: string) => ({code, detail: '', since: '2026-12-01T08:00:00.000Z'});
const held = {side: 'entries' as const, count: 9, of: 10, since: '2026-12-01T08:00:00.000Z', approved: false};

test('each trouble has the one step that mends it, and a healthy calendar none', () => {
  assert.equal(mendOf(provider()), null);
  assert.equal(mendOf(provider({status: 'pending_authorization'})), 'connect');
  assert.equal(mendOf(provider({status: 'action_required', problem: problem('invalid_grant')})), 'connect');
  assert.equal(mendOf(provider({status: 'leaving'})), null);
  assert.equal(mendOf(provider({status: 'leaving', problem: problem('invalid_grant')})), 'connect');
  assert.equal(mendOf(provider({status: 'paused'})), 'activate');
  assert.equal(mendOf(provider({problem: problem('provider_parked')})), 'resume');
  assert.equal(mendOf(provider({problem: problem('something_else')})), null);
  assert.equal(mendOf(provider({problem: problem('channel_renewal_failed')})), 'renew');
  assert.equal(mendOf(provider({rehearsal: true})), 'rehearsal');
  assert.equal(mendOf(provider({rehearsal: true, held_removals: held})), 'approval');
  assert.equal(mendOf(provider({held_removals: {...held, approved: true}})), null);
  assert.equal(mendOf(provider({channel: {...provider().channel, failures: 2}})), 'renew');
});

test('consent is complete, awaited, or lost', () => {
  assert.deepEqual(
    [provider(), provider({status: 'pending_authorization'}), provider({status: 'action_required'}), provider({status: 'paused'})].map(consentOf),
    ['complete', 'waiting', 'lost', 'complete'],
  );
});

test('what rehearses or rests is not synced, and a calendar is chosen before the first sync', () => {
  assert.ok(canSync(provider()));
  assert.ok(!canSync(provider({rehearsal: true})) && !canSync(provider({status: 'paused'})));
  assert.ok(canChooseCalendar(provider({last_sync_at: null})));
  assert.ok(!canChooseCalendar(provider()) && !canChooseCalendar(provider({last_sync_at: null, status: 'pending_authorization'})));
});

const run = (id: string, provider_id: string, outcome: SyncRun['outcome'], counts: Partial<SyncRun['counts']> = {}): SyncRun => ({
  id, provider_id, cause: 'manual', outcome, error: null, started_at: '2026-12-01T08:00:00.000Z', finished_at: null,
  counts: {pulled: 0, entries_changed: 0, pushed: 0, refused: 0, vendor_calls: 0, compared: 0, drifted: 0, repaired: 0, ...counts},
});

test('a run tells its phase by what it has done so far', () => {
  assert.equal(phaseOf(run('r', 'p', 'running')), 'starting');
  assert.equal(phaseOf(run('r', 'p', 'running', {vendor_calls: 1})), 'reading');
  assert.equal(phaseOf(run('r', 'p', 'running', {pulled: 3, compared: 2})), 'comparing');
  assert.equal(phaseOf(run('r', 'p', 'running', {pulled: 3, compared: 2, pushed: 1})), 'writing');
});

test('the newest run under way is the one of its calendar', () => {
  const found = runningOf([run('r3', 'p1', 'running'), run('r2', 'p1', 'running'), run('r1', 'p2', 'succeeded')]);
  assert.deepEqual([...found].map(([p, r]) => [p, r.id]), [['p1', 'r3']]);
});
