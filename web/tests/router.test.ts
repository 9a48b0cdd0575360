// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {match, safeReturn} from '../src/router/match';

test('a route takes its parameters out of the path', () => {
  assert.deepEqual(match('/', '/'), {});
  assert.deepEqual(match('/calendars', '/calendars/'), {});
  assert.deepEqual(match('/calendars/:id', '/calendars/a%20b'), {id: 'a b'});
  for (const [pattern, path] of [['/', '/x'], ['/calendars/:id', '/calendars'], ['/calendars', '/calendars/7'], ['/a/:id', '/a/%E0%A4%A']] as const)
    assert.equal(match(pattern, path), null, path);
});

test('one goes back only to pages of this site', () => {
  assert.equal(safeReturn('/calendars/7?tab=runs'), '/calendars/7?tab=runs');
  for (const bad of [null, undefined, '', 'calendars', '//evil.example', '/\\evil.example', 'https://evil.example', '/a b', '/a\nb', '/sign-in', '/sign-in?return_to=/', `/${'x'.repeat(3000)}`])
    assert.equal(safeReturn(bad), null, String(bad));
});
