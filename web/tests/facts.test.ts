// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {readFact} from '../src/api/shapes';
import {kindOf, lineOf, type Naming} from '../src/model/facts';
import {fact, provider} from './samples';

const naming: Naming = {
  provider: (id) => (id === 'p1' ? provider() : null),
  exact: (atMs) => new Date(atMs).toISOString(),
};
const line = (type: string, data: Record<string, unknown>) => lineOf(fact(1, {type, data}), naming);

test('an entry that a calendar changed names calendar and fields', () => {
  const {title, detail, kind} = line('SCHEDULE_ENTRY_UPDATED', {provider_id: 'p1', cause: 'provider', changed: ['time', 'title'], version: 3});
  assert.equal(title, 'Entry updated from Google');
  assert.equal(detail, 'time and title changed · dana@acme.example · version 3');
  assert.equal(kind, 'entries');
});

test('an entry that the host made says so', () => {
  const {title, detail} = line('SCHEDULE_ENTRY_CREATED', {cause: 'host', changed: [], version: 1});
  assert.equal(title, 'Entry created');
  assert.equal(detail, 'by the scheduling product · version 1');
});

test('a sync run tells its counts, and only those that count', () => {
  const {title, detail} = line('CALENDAR_SYNC_COMPLETED', {provider_id: 'p1', cause: 'notice', pulled: 4, entries_changed: 1, pushed: 0, refused: 0});
  assert.equal(title, 'Synced with Google');
  assert.equal(detail, '4 read, 1 entry changed · after a notice · dana@acme.example');
});

test('a sync run without work says so', () => {
  assert.match(line('CALENDAR_SYNC_COMPLETED', {pulled: 0, entries_changed: 0}).detail, /^nothing to do/);
});

test('a failed sync shows the reason', () => {
  const {tone, detail} = line('CALENDAR_SYNC_FAILED', {provider_id: 'p1', error_code: 'vendor_unavailable', error_detail: 'Google answers 503.'});
  assert.equal(tone, 'bad');
  assert.match(detail, /^Google answers 503 · /);
});

test('a lost grant is explained', () => {
  const {title, detail} = line('CALENDAR_PROVIDER_ERROR', {provider_id: 'p1', code: 'invalid_grant', detail: 'x'});
  assert.equal(title, 'Google needs attention');
  assert.match(detail, /no longer accepts the permission/);
});

test('a calendar that nobody knows yet is named by the fact itself', () => {
  const {title, detail} = line('CALENDAR_PROVIDER_CONNECTED', {provider_id: 'p9', type: 'microsoft', account: 'lee@b.example'});
  assert.equal(title, 'Microsoft 365 connected');
  assert.equal(detail, 'lee@b.example');
});

test('a renewed channel says until when', () => {
  assert.match(line('CALENDAR_CHANNEL_RENEWED', {provider_id: 'p1', expires_at: '2026-12-08T08:00:00Z'}).detail, /^until 2026-12-08/);
});

test('facts of types to come and of odd content are still shown', () => {
  assert.equal(line('CALENDAR_SOMETHING_NEW', {}).title, 'Calendar something new');
  assert.equal(line('SCHEDULE_ENTRY_UPDATED', {cut: true}).title, 'Entry updated');
  assert.equal(line('SCHEDULE_ENTRY_UPDATED', {changed: [1, null], version: 'x', provider_id: 7}).title, 'Entry updated');
});

test('each type belongs to one kind', () => {
  assert.equal(kindOf('CALENDAR_CHANNEL_RENEWAL_FAILED'), 'push');
  assert.equal(kindOf('CALENDAR_CONFLICT_DETECTED'), 'conflicts');
  assert.equal(kindOf('CALENDAR_PROVIDER_ERROR'), 'calendars');
});

test('only whole facts are read', () => {
  assert.deepEqual(readFact(JSON.stringify(fact(1))), fact(1));
  for (const bad of ['', '{', 'null', '[]', '{"id":"a"}', JSON.stringify({...fact(1), sequence: 1.5}), JSON.stringify({...fact(1), time: 'noon'})])
    assert.equal(readFact(bad), null, bad);
});
