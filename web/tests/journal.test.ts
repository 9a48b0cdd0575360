// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {emptyJournal, idOf, mostFacts, pause, resume, take} from '../src/model/journal';
import {fact} from './samples';

const ids = (items: Parameters<typeof idOf>[0][] | readonly Parameters<typeof idOf>[0][]) => items.map(idOf);

test('shows the newest first', () => {
  const journal = take(emptyJournal, [fact(1), fact(2)]);
  assert.deepEqual(ids(journal.items), ['t1-2', 't1-1']);
});

test('shows a fact once, however often it comes', () => {
  const once = take(emptyJournal, [fact(1), fact(2)]);
  assert.equal(take(once, [fact(1), fact(2)]), once);
  assert.deepEqual(ids(take(once, [fact(2), fact(3)]).items), ['t1-3', 't1-2', 't1-1']);
});

test('keeps the sequences of tenants apart', () => {
  const journal = take(emptyJournal, [fact(5), fact(1, {tenant_id: 't2'}), fact(6)]);
  assert.deepEqual(ids(journal.items), ['t1-6', 't2-1', 't1-5']);
});

test('says how many facts it missed', () => {
  const journal = take(take(emptyJournal, [fact(3)]), [fact(7)]);
  assert.deepEqual(ids(journal.items), ['t1-7', 'gap-t1-7', 't1-3']);
  assert.equal(journal.items[1]?.gap?.missed, 3);
});

test('keeps no more than its limit', () => {
  const many = Array.from({length: mostFacts + 50}, (_, n) => fact(n + 1));
  const journal = take(emptyJournal, many);
  assert.equal(journal.items.length, mostFacts);
  assert.equal(journal.items[0]?.fact?.sequence, mostFacts + 50);
});

test('holds facts back while paused and shows them afterwards', () => {
  const paused = take(pause(take(emptyJournal, [fact(1)])), [fact(2), fact(3)]);
  assert.deepEqual(ids(paused.items), ['t1-1']);
  assert.equal(paused.waiting.length, 2);
  const resumed = resume(paused);
  assert.deepEqual(ids(resumed.items), ['t1-3', 't1-2', 't1-1']);
  assert.equal(resumed.waiting.length, 0);
});
