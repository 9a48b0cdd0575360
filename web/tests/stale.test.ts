// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {roots, staleAfter} from '../src/data/stale';

test('a fact makes stale what it is about, and leaves the rest', () => {
  assert.ok(staleAfter({type: 'CALENDAR_SYNC_COMPLETED'}).includes('runs'));
  assert.ok(staleAfter({type: 'SCHEDULE_ENTRY_CREATED'}).includes('entries'));
  assert.ok(!staleAfter({type: 'SCHEDULE_ENTRY_CREATED'}).includes('providers'));
  assert.ok(staleAfter({type: 'CALENDAR_CONFLICT_RESOLVED'}).includes('conflicts'));
  assert.ok(staleAfter({type: 'CALENDAR_CHANNEL_RENEWED'}).includes('providers'));
});

test('a fact that nobody knows, or a restored history, makes everything stale', () => {
  assert.deepEqual(staleAfter({type: 'SOMETHING_NEW'}), roots);
  assert.deepEqual(staleAfter({type: 'HISTORY_RESTORED'}), [...roots]);
});
