// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Problem, Unreachable} from '../src/api/problem';
import {Sessions} from '../src/session/sessions';
import {readSession, rightsOf, type Session} from '../src/session/shape';

const operator: Session = {
  kind: 'operator', user: null, tenant: null, role: 'admin', name: 'Ada', csrf_token: 'c1', idle_expires_at: '2026-12-01T08:30:00Z', expires_at: '2026-12-01T20:00:00Z', return_to: null,
};
const person: Session = {
  ...operator, kind: 'user', role: 'user', name: 'Dana', user: {id: 'u1', name: 'Dana', email: 'd@acme.example', time_zone: 'UTC'}, tenant: {id: 't1', name: 'Acme'},
};

/** A server that knows one key and one session. */
function server(signedIn: Session | null, recalled: string | null = null, known = true) {
  const seen: {method: string; body: string; csrf: string | undefined}[] = [];
  let current = signedIn;
  let away = false;
  let noted = known;
  const problem = (status: number, code: string) =>
    new Response(JSON.stringify({code, title: code, detail: ''}), {status, headers: {'Content-Type': 'application/problem+json'}});
  const remembered: (string | null)[] = [];
  const sessions = new Sessions({
    fetch: (_, init) => {
      if (away) return Promise.reject(new Error('away'));
      const method = init!.method!;
      seen.push({method, body: String(init!.body ?? ''), csrf: (init!.headers as Record<string, string>)['X-CSRF-Token']});
      if (method === 'POST') {
        if (!String(init!.body).includes('right')) return Promise.resolve(problem(401, 'unauthenticated'));
        current = operator;
      }
      if (method === 'DELETE') {
        current = null;
        return Promise.resolve(new Response(null, {status: 204}));
      }
      return Promise.resolve(current ? new Response(JSON.stringify(current), {status: 200}) : problem(401, 'session_expired'));
    },
    recall: () => recalled,
    remember: (id) => remembered.push(id),
    mayBeIn: () => noted,
    noteIn: (is) => (noted = is),
  });
  return {sessions, seen, remembered, leave: () => (away = true)};
}

test('a browser that is signed in goes on', async () => {
  const {sessions} = server(person);
  await sessions.resume();
  assert.equal(sessions.state.phase, 'in');
  assert.equal(sessions.state.tenantId, 't1');
});

test('whose session is gone is out, and told so, and without a server one knows nothing', async () => {
  const {sessions, leave} = server(null);
  await sessions.resume();
  assert.deepEqual([sessions.state.phase, sessions.state.ending], ['out', 'expired']);
  await sessions.begin({key: 'right'});
  leave();
  await sessions.resume();
  assert.equal(sessions.state.phase, 'away');
});

test('a browser that never signed in does not ask', async () => {
  const {sessions, seen} = server(null, null, false);
  await sessions.resume();
  assert.equal(sessions.state.phase, 'out');
  assert.equal(seen.length, 0);
});

test('a key opens a session, and a wrong one says why it does not', async () => {
  const {sessions, seen} = server(null);
  await assert.rejects(sessions.begin({key: 'wrong'}), Problem);
  await sessions.begin({key: 'right'});
  assert.equal(seen.at(-1)!.body, '{"key":"right"}');
  assert.equal(sessions.state.session?.kind, 'operator');
});

test('writes bear the token, and an operator’s requests the tenant', async () => {
  const {sessions, remembered} = server(operator, 't9');
  await sessions.resume();
  assert.deepEqual(sessions.headers('post', '/v1/users'), {'X-CSRF-Token': 'c1', 'X-Kalends-Tenant': 't9'});
  assert.deepEqual(sessions.headers('get', '/v1/admin/tenants'), {});
  sessions.enterTenant(null);
  assert.deepEqual(sessions.headers('get', '/v1/users'), {});
  assert.deepEqual(remembered, [null]);
});

test('nobody but an operator changes the tenant', async () => {
  const {sessions} = server(person);
  await sessions.resume();
  sessions.enterTenant('t2');
  assert.equal(sessions.state.tenantId, 't1');
  assert.deepEqual(sessions.headers('get', '/v1/users'), {});
});

test('a session that the server ended is said to have expired; one that was left, to be left', async () => {
  const {sessions, seen, leave} = server(person);
  await sessions.resume();
  sessions.ended(new Problem(401, 'session_expired', '', ''), false);
  assert.deepEqual([sessions.state.phase, sessions.state.ending, sessions.state.unmade], ['out', 'expired', false]);
  await sessions.begin({key: 'right'});
  await sessions.end();
  assert.equal(seen.at(-1)!.csrf, 'c1');
  assert.deepEqual([sessions.state.phase, sessions.state.ending], ['out', 'signed_out']);
  leave();
  await assert.rejects(sessions.end(), Unreachable);
  assert.equal(sessions.state.phase, 'out');
});

test('only a whole session is one, and each kind has its rights', () => {
  assert.deepEqual(readSession(JSON.parse(JSON.stringify(person))), person);
  for (const bad of [null, 'x', {}, {...person, kind: 'king'}, {...person, csrf_token: 1}]) assert.equal(readSession(bad), null);
  assert.deepEqual(rightsOf(person), {operate: true, administer: true, console: false, webhooks: false, clients: false});
  assert.deepEqual(rightsOf({...person, kind: 'member', role: 'reader'}), {operate: false, administer: false, console: false, webhooks: false, clients: false});
  assert.deepEqual(rightsOf({...person, kind: 'member', role: 'operator'}), {operate: true, administer: false, console: false, webhooks: true, clients: false});
  assert.deepEqual(rightsOf({...person, kind: 'member', role: 'admin'}), {operate: true, administer: true, console: false, webhooks: true, clients: true});
  assert.deepEqual(rightsOf(operator), {operate: true, administer: true, console: true, webhooks: true, clients: true});
  assert.deepEqual(rightsOf(null), {operate: false, administer: false, console: false, webhooks: false, clients: false});
});

test('a change that the end of the session prevented is admitted, whoever found out first', async () => {
  const {sessions, remembered} = server(operator, 't9');
  await sessions.resume();
  const gone = new Problem(401, 'session_expired', '', '');
  sessions.ended(gone, false);
  sessions.ended(gone, true);
  assert.deepEqual([sessions.state.ending, sessions.state.unmade], ['expired', true]);
  await sessions.begin({key: 'right'});
  assert.deepEqual([sessions.state.unmade, sessions.state.tenantId], [true, 't9']);
  sessions.admitted();
  assert.equal(sessions.state.unmade, false);
  assert.deepEqual(remembered, []);
});
