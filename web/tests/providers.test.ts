// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {cardOf, countStatuses, inOrder} from '../src/model/providers';
import {provider} from './samples';

test('a connected calendar shows who, which way and when', () => {
  const card = cardOf(provider(), {id: 'u1', email: 'dana@acme.example', aliases: [], name: 'Dana Fischer', time_zone: 'Europe/Berlin', created_at: '2026-11-01T08:00:00.000Z'}, Date.parse('2026-12-08T08:00:00Z'));
  assert.equal(card.badge, 'Connected');
  assert.equal(card.person, 'Dana Fischer');
  assert.equal(card.direction, 'Both ways');
  assert.deepEqual(card.times.map((t) => t.label), ['Last sync', 'Next check', 'Push until']);
  assert.equal(card.problem, null);
});

test('a lost grant gives cause and way out', () => {
  const problem = {code: 'invalid_grant', detail: 'Token has been revoked.', since: '2026-12-01T07:00:00.000Z'};
  const card = cardOf(provider({status: 'action_required', problem}), null, null);
  assert.equal(card.badge, 'Action required');
  assert.match(card.problem?.cause ?? '', /Google no longer accepts/);
  assert.match(card.problem?.wayOut ?? '', /connect it again/);
  assert.equal(card.problem?.sinceMs, Date.parse('2026-12-01T07:00:00.000Z'));
});

test('an unknown problem keeps the server’s words', () => {
  const problem = {code: 'constructor', detail: 'Odd.', since: 'never'};
  const card = cardOf(provider({status: 'action_required', problem}), null, null);
  assert.equal(card.problem?.cause, 'Odd.');
  assert.equal(card.problem?.sinceMs, null);
});

test('a calendar without consent has neither account nor poll', () => {
  const card = cardOf(provider({status: 'pending_authorization', account: null, calendar_name: null, last_sync_at: null}), null, null);
  assert.equal(card.badge, 'Waiting for consent');
  assert.equal(card.name, 'Main calendar');
  assert.deepEqual(card.times.map((t) => t.atMs), [null]);
  assert.equal(card.problem?.wayOut, '');
});

test('a main calendar does not repeat its account as its name', () => {
  assert.equal(cardOf(provider({calendar_name: 'dana@acme.example'}), null, null).name, 'Main calendar');
  assert.equal(cardOf(provider(), null, null).name, 'Field work');
});

test('what needs a person comes first, the rest keeps its place', () => {
  const all = [
    provider({id: 'a', created_at: '2026-01-02T00:00:00Z'}),
    provider({id: 'b', created_at: '2026-01-01T00:00:00Z'}),
    provider({id: 'c', status: 'paused'}),
    provider({id: 'd', status: 'action_required'}),
  ];
  assert.deepEqual(inOrder(all).map((p) => p.id), ['d', 'b', 'a', 'c']);
  assert.deepEqual(countStatuses(all), {active: 2, action_required: 1, pending_authorization: 0, paused: 1, leaving: 0});
});
