// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {directoryFits, idProblem, redirectUri, secretProblem} from '../src/model/oauth_clients';

const googleId = '123456789012-a1b2c3d4e5f6.apps.googleusercontent.com';
const guid = '6f1c0a52-9b1d-4a3e-8c55-0d7be2f10a11';

test('a client’s id has its vendor’s shape', () => {
  assert.equal(idProblem('google', ` ${googleId} `), null);
  assert.equal(idProblem('google', 'example.com:client.apps.googleusercontent.com'), 'not_google');
  assert.equal(idProblem('google', '.apps.googleusercontent.com'), 'not_google');
  assert.equal(idProblem('google', `${googleId}.example.com`), 'not_google');
  assert.equal(idProblem('google', guid), 'not_google');
  assert.equal(idProblem('google', 'GOCSPX-abcdefghijkl'), 'is_secret');
  assert.equal(idProblem('google', ''), 'missing');
  assert.equal(idProblem('google', `"${googleId}"`), 'blank');
  assert.equal(idProblem('microsoft', guid), null);
  assert.equal(idProblem('microsoft', guid.toUpperCase()), null);
  assert.equal(idProblem('microsoft', googleId), 'not_microsoft');
  assert.equal(idProblem('microsoft', guid.slice(1)), 'not_microsoft');
  assert.equal(idProblem('microsoft', '   '), 'missing');
});

test('a secret is told from the ids that stand beside it', () => {
  assert.equal(secretProblem('google', 'GOCSPX-abcdefghijkl', googleId), null);
  assert.equal(secretProblem('google', googleId, 'another'), 'is_id');
  assert.equal(secretProblem('google', 'some thing else', googleId), 'blank');
  assert.equal(secretProblem('google', 'short', googleId), 'short');
  assert.equal(secretProblem('google', '', googleId), 'missing');
  assert.equal(secretProblem('microsoft', 'Abc8Q~abcdefghijklmnop', guid), null);
  assert.equal(secretProblem('microsoft', guid, 'another'), 'is_secret_id');
  assert.equal(secretProblem('microsoft', guid, guid), 'is_id');
});

test('a directory is an id, a domain, or one of the names for many', () => {
  for (const good of ['', 'common', 'organizations', guid, 'contoso.com', 'contoso.onmicrosoft.com']) assert.ok(directoryFits(good), good);
  for (const bad of ['contoso', 'a b.com', 'https://contoso.com', '.com', 'contoso.', '-a.com', 'x/y.com']) assert.ok(!directoryFits(bad), bad);
});

test('the address to come back to is below the server’s own', () => {
  assert.equal(redirectUri('https://calendars.example.com', 'microsoft'), 'https://calendars.example.com/oauth/microsoft/callback');
});
