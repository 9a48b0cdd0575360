// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {addressOf, allPages, Client, type Signer} from '../src/api/client';
import {mayPass, Problem, Unreachable} from '../src/api/problem';

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), {status, headers: {'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', ...headers}});

/** Answers each request with the next of `answers`; an Error is a line that broke. */
function scripted(answers: (Response | Error)[]) {
  const asked: {path: string; init: RequestInit}[] = [];
  const waits: number[] = [];
  const ended: Problem[] = [];
  let keys = 0;
  const signer: Signer = {headers: (method): Record<string, string> => (method === 'get' ? {} : {'X-CSRF-Token': 'c'}), ended: (p) => ended.push(p)};
  const client = new Client(signer, {
    fetch: (path, init) => {
      asked.push({path: String(path), init: init!});
      const answer = answers.shift()!;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    wait: (ms) => (waits.push(ms), Promise.resolve()),
    random: () => 0,
    newKey: () => `key-${++keys}`,
  });
  const header = (n: number, name: string) => (asked[n]!.init.headers as Record<string, string>)[name];
  return {client, asked, waits, ended, header};
}

test('paths and queries are filled in, and what is not given is left out', () => {
  assert.equal(addressOf('/v1/a/{a_id}/b', {a_id: 'x/y'}, {limit: 3, cursor: undefined, q: 'a b', none: null}), '/v1/a/x%2Fy/b?limit=3&q=a+b');
  assert.equal(addressOf('/v1/a', undefined, undefined), '/v1/a');
});

test('a write bears the proof against forgery and one idempotency key over all its attempts', async () => {
  const {client, asked, waits, header} = scripted([new Error('cut'), json(503, {code: 'database_away'}, {'Retry-After': '2'}), json(202, {id: 'r1'})]);
  await client.post('/v1/calendar-providers/{provider_id}/sync', {path: {provider_id: 'p'}, body: {mode: 'changes'}});
  assert.deepEqual([0, 1, 2].map((n) => header(n, 'Idempotency-Key')), ['key-1', 'key-1', 'key-1']);
  assert.equal(header(0, 'X-CSRF-Token'), 'c');
  assert.equal(header(0, 'Content-Type'), 'application/json');
  assert.equal(asked[0]!.init.body, '{"mode":"changes"}');
  assert.deepEqual(waits, [250, 2000]);
});

test('a write that was refused is not repeated', async () => {
  const {client, asked} = scripted([json(422, {title: 'Bad', code: 'unknown_value', detail: 'No such value.', field: 'direction', request_id: 'q1'})]);
  const failure = await client.patch('/v1/calendar-providers/{provider_id}', {path: {provider_id: 'p'}, body: {direction: 'both'}}).catch((e: unknown) => e);
  assert.ok(failure instanceof Problem);
  assert.deepEqual([failure.status, failure.code, failure.field, failure.requestId], [422, 'unknown_value', 'direction', 'q1']);
  assert.equal(asked.length, 1);
});

test('a read bears no idempotency key and is asked once', async () => {
  const {client, asked, header} = scripted([new Error('cut')]);
  await assert.rejects(client.get('/v1/users'), Unreachable);
  assert.equal(asked.length, 1);
  assert.equal(header(0, 'Idempotency-Key'), undefined);
});

test('a session that ended is told of, and nothing else is', async () => {
  const {client, ended} = scripted([json(401, {code: 'session_expired'}), json(403, {code: 'role_too_low'})]);
  await client.get('/v1/users').catch(() => {});
  await client.get('/v1/users').catch(() => {});
  assert.deepEqual(ended.map((p) => p.code), ['session_expired']);
});

test('an answer without body is undefined, and a page of HTML is no answer', async () => {
  const {client} = scripted([new Response(null, {status: 204}), new Response('<html>', {status: 502, headers: {'Content-Type': 'text/html'}})]);
  assert.equal(await client.delete('/v1/users/{user_id}', {path: {user_id: 'u'}}), undefined);
  const failure = await client.get('/v1/users').catch((e: unknown) => e);
  assert.ok(failure instanceof Problem && failure.code === '' && mayPass(failure));
});

test('pages are read to the end, but not without end', async () => {
  const ask = (last: number) => (cursor: string | undefined) => {
    const n = Number(cursor ?? 0);
    return Promise.resolve({items: [n], next_cursor: n < last ? String(n + 1) : null});
  };
  assert.deepEqual(await allPages(ask(2)), {items: [0, 1, 2], more: false});
  assert.deepEqual(await allPages(ask(99), 3), {items: [0, 1, 2], more: true});
});
