// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {backoffMs} from '../src/model/backoff';
import {credentialsOfFragment, keyOf} from '../src/session/link';
import {findTail} from '../src/model/tail';
import {makeClock, relativeParts} from '../src/model/times';

test('delays double, are spread, and are bounded', () => {
  assert.equal(backoffMs(1, () => 0), 250);
  assert.equal(backoffMs(1, () => 1), 500);
  assert.equal(backoffMs(3, () => 1), 2000);
  assert.equal(backoffMs(1000, () => 1), 30_000);
});

test('the end of a feed is found with few questions', async () => {
  for (const end of [1, 2, 3, 199, 200, 201, 4095, 4096, 1_000_003]) {
    let questions = 0;
    const exists = (after: number) => Promise.resolve((++questions, end > after));
    assert.equal(await findTail(Math.min(200, end), exists), end);
    assert.ok(questions < 40, `${end}: ${questions}`);
  }
});

test('a key is printable, bounded, and without spaces around it', () => {
  assert.equal(keyOf(' kl_0198aaaabbbb7cccdddd0123456789ab_secret\n'), 'kl_0198aaaabbbb7cccdddd0123456789ab_secret');
  for (const bad of ['', '   ', 'two words', 'schlüssel', 'x'.repeat(600)]) assert.equal(keyOf(bad), null, bad);
});

test('an address carries a key by name, or a link’s token alone', () => {
  assert.deepEqual(credentialsOfFragment('#key=a+b%2Fc'), {key: 'a+b/c'});
  assert.deepEqual(credentialsOfFragment('#x=1&key=k'), {key: 'k'});
  assert.deepEqual(credentialsOfFragment('#0198aaaabbbb7ccc.Ab_c-d'), {link: '0198aaaabbbb7ccc.Ab_c-d'});
  for (const none of ['', '#', '#content', '#keys=1&and=more', '#key=%E0%A4%A', '#key=', '#two words that are long'])
    assert.equal(credentialsOfFragment(none), null, none);
});

test('times are told in whole units', () => {
  const now = Date.parse('2026-12-01T12:00:00Z');
  assert.deepEqual(relativeParts(now - 3_000, now), {value: 0, unit: 'second'});
  assert.deepEqual(relativeParts(now - 119_000, now), {value: -1, unit: 'minute'});
  assert.deepEqual(relativeParts(now + 7_300_000, now), {value: 2, unit: 'hour'});
  assert.deepEqual(relativeParts(now - 3 * 86_400_000, now), {value: -3, unit: 'day'});
});

test('exact times are in the reader’s locale and zone', () => {
  const clock = makeClock('en', 'de-DE', 'Europe/Berlin');
  const at = Date.parse('2026-12-01T23:30:00Z');
  assert.match(clock.exact(at), /2\. Dez\. 2026.*00:30:00.*MEZ/);
  assert.equal(clock.short(at, at), '00:30:00');
  assert.match(clock.short(at, at + 86_400_000), /^2\. Dez/);
});
