// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Conflict} from '../src/api/shapes';
import {canRestore, chosenAll, deciderOf, differs, linesOf, standing, timeWords} from '../src/model/conflicts';

const conflict = (more: Partial<Conflict> = {}): Conflict => ({
  id: 'c', provider_id: 'p', entry_id: 'e', event_id: null, state: 'resolved', groups: ['title', 'location'], choice: 'merge', from_calendar: ['title'], decided_by: 'user:u',
  base: {}, local: {}, external: {}, entry_version: 1, event_version: '1', opened_at: '2026-12-01T08:00:00Z', resolved_at: '2026-12-01T09:00:00Z', ...more,
});
const at = Date.parse('2026-12-02T00:00:00Z');

test('a group differs only in what is its own', () => {
  assert.equal(differs('title', {title: 'a'}, {title: 'b'}), true);
  assert.equal(differs('title', {title: 'a', notes: 'x'}, {title: 'a', notes: 'y'}), false);
  const series = {rrule: 'FREQ=DAILY', rdates: [], exdates: [], changed_occurrences: []};
  const shorter = {recurrence: {...series, exdates: ['2026-12-08']}};
  assert.equal(differs('recurrence', {recurrence: series}, shorter), false);
  assert.equal(differs('occurrences', {recurrence: series}, shorter), true);
  assert.equal(differs('recurrence', {recurrence: null}, {recurrence: series}), true);
});

test('times are told in the reader’s zone, with the entry’s own named', () => {
  const said = timeWords({date_time: '2026-12-01T09:00:00+01:00', time_zone: 'Europe/Berlin'}, 'en-GB', 'America/New_York');
  assert.match(said, /1 Dec 2026.*03:00 \(Europe\/Berlin\)/);
  assert.match(timeWords({date: '2026-12-01'}, 'en-GB', 'America/New_York'), /^1 Dec 2026$/);
});

test('every group has words, also when a side says nothing', () => {
  for (const g of ['time', 'title', 'notes', 'location', 'privacy', 'status', 'recurrence', 'occurrences', 'attendees'] as const)
    assert.ok(linesOf(g, undefined).every((line) => line !== ''), g);
  assert.deepEqual(linesOf('attendees', {attendees: [{email: 'a@b.c', name: 'A', response: 'accepted'}]}), ['A <a@b.c>, accepted']);
});

test('a choice by field needs every disputed field', () => {
  assert.equal(chosenAll(conflict(), {title: 'local'}), false);
  assert.equal(chosenAll(conflict(), {title: 'local', location: 'external'}), true);
});

test('what lost comes back for 90 days, and only if somebody decided', () => {
  assert.equal(canRestore(conflict(), at), true);
  assert.equal(canRestore(conflict({decided_by: 'policy'}), at), true);
  assert.equal(canRestore(conflict({decided_by: 'both_agree'}), at), false);
  assert.equal(canRestore(conflict({state: 'open', resolved_at: null}), at), false);
  assert.equal(canRestore(conflict(), at + 91 * 86_400_000), false);
});

test('the side that stands and who decided are told', () => {
  assert.equal(standing(conflict(), 'title'), 'external');
  assert.equal(standing(conflict(), 'location'), 'local');
  assert.equal(deciderOf('user:u', (id) => (id === 'u' ? 'Alice' : null)), 'Alice');
  assert.match(deciderOf('policy', () => null), /setting/);
  assert.match(deciderOf('key:1', () => null), /key/);
});
