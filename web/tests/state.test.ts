// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Provider} from '../src/api/shapes';
import {allProviders, directoryCame, factsCame, initialState, signedOut, streamChanged, toggleKind, type Directory} from '../src/model/state';
import {fact, provider} from './samples';

const directory = (...providers: Provider[]): Directory => ({
  tenants: [{id: 't1', name: 'Acme', providers, more_providers: false}], more: false, users: new Map(),
});
const synced = (time: string) => fact(1, {type: 'CALENDAR_SYNC_COMPLETED', time, data: {provider_id: 'p1'}});
const lastSync = (state: typeof initialState) => allProviders(state.directory)[0]?.last_sync_at;

test('a completed sync shows on its card at once', () => {
  const state = factsCame(directoryCame(initialState, directory(provider())), [synced('2026-12-01T09:00:00.000Z')]);
  assert.equal(lastSync(state), '2026-12-01T09:00:00.000Z');
});

test('a directory that was read earlier does not take a sync back', () => {
  const told = factsCame(directoryCame(initialState, directory(provider())), [synced('2026-12-01T09:00:00.000Z')]);
  assert.equal(lastSync(directoryCame(told, directory(provider()))), '2026-12-01T09:00:00.000Z');
  const later = directory(provider({last_sync_at: '2026-12-01T10:00:00.000Z'}));
  assert.equal(lastSync(directoryCame(told, later)), '2026-12-01T10:00:00.000Z');
});

test('a renewed channel is remembered with its expiry', () => {
  const renewed = fact(1, {type: 'CALENDAR_CHANNEL_RENEWED', data: {provider_id: 'p1', expires_at: '2026-12-08T08:00:00Z'}});
  assert.equal(factsCame(initialState, [renewed]).channels.get('p1'), Date.parse('2026-12-08T08:00:00Z'));
});

test('the loss of the stream is dated once, until it is live again', () => {
  const lost = streamChanged(streamChanged(initialState, 'reconnecting', 1000), 'offline', 9000);
  assert.equal(lost.lostAtMs, 1000);
  assert.equal(streamChanged(lost, 'live', 10000).lostAtMs, null);
});

test('kinds are chosen and left', () => {
  const chosen = toggleKind(toggleKind(initialState, 'runs'), 'push');
  assert.deepEqual([...chosen.kinds], ['runs', 'push']);
  assert.deepEqual([...toggleKind(chosen, 'runs').kinds], ['push']);
});

test('signing out forgets everything of the tenant', () => {
  const state = factsCame(directoryCame(initialState, directory(provider())), [synced('2026-12-01T09:00:00.000Z')]);
  assert.deepEqual(signedOut(state, 'why'), {...initialState, signInProblem: 'why'});
});
