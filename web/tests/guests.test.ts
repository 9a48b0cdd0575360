// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Provider} from '../src/api/shapes';
import {inviterOf, withGuests} from '../src/model/guests';

const none: ReadonlySet<string> = new Set();

test('addresses are taken one by one or several at once, with their names', () => {
  const {guests, problem} = withGuests([], 'ann@example.com, "Bob B." <Bob@Example.com>;\ncarl@example.co.uk', none);
  assert.equal(problem, null);
  assert.deepEqual(guests.map((g) => [g.email, g.name]), [['ann@example.com', null], ['Bob@Example.com', 'Bob B.'], ['carl@example.co.uk', null]]);
  assert.deepEqual(withGuests(guests, ' , ', none), {guests, problem: null});
});

test('what is no address, is there twice, or is one of the people is refused, and nothing is taken', () => {
  const known = withGuests([], 'ann@example.com', none).guests;
  for (const bad of ['ann', '@example.com', 'ann@', 'ann@example', 'a b@example.com', 'a@b@example.com', 'ann@example.', '<>', `${'x'.repeat(250)}@example.com`])
    assert.deepEqual(withGuests(known, `bob@example.com, ${bad}`, none), {guests: known, problem: {kind: 'malformed', text: bad}}, bad);
  assert.equal(withGuests(known, 'ANN@example.com', none).problem?.kind, 'twice');
  assert.equal(withGuests(known, 'Eva@example.com', new Set(['eva@example.com'])).problem?.kind, 'assigned');
  const many = Array.from({length: 500}, (_, n) => ({email: `g${n}@example.com`, name: null, optional: false, organizer: false}));
  assert.equal(withGuests(many, 'one@example.com', none).problem?.kind, 'too_many');
});

test('guests are invited by the calendar that the entry was born in, else by its first person’s', () => {
  const calendar = (id: string, user_id: string, more: Partial<Provider> = {}): Provider => ({id, user_id, scope: 'user', status: 'active', direction: 'both', guest_mail: 'nobody', ...more}) as Provider;
  const all = [calendar('c3', 'u2'), calendar('c2', 'u1', {direction: 'from_provider'}), calendar('c1', 'u2'), calendar('c0', 'u3', {scope: 'tenant'})];
  assert.equal(inviterOf(all, ['u2', 'u1'], null)?.id, 'c1');
  assert.equal(inviterOf(all, ['u2'], 'c0')?.id, 'c0');
  assert.equal(inviterOf(all, ['u1', 'u3'], null), null);
});
