// SPDX-License-Identifier: Apache-2.0
// The pages' door: links that work once, the cookie, what a person sees, and an operator's password and code.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { anHour, titled } from './support/entries.mjs';
import { send } from './support/http.mjs';
import { Demonstration } from './support/installation.mjs';
import { binary } from './support/process.mjs';

let d, tenant;

before(async () => {
  d = await Demonstration.start();
  [tenant] = d.tenants;
});
after(() => d?.stop());

/** A browser that signs in with `given`; its `ask` sends what our pages send. */
async function signIn(given) {
  const answer = await send({
    method: 'POST',
    url: `${d.baseUrl}/v1/session`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(given),
  });
  if (answer.status !== 200) return { answer };
  const cookie = answer.headers['set-cookie'][0].split(';')[0];
  const ask = (method, path, { body, headers = {}, csrf = answer.json.csrf_token } = {}) =>
    send({
      method,
      url: `${d.baseUrl}${path}`,
      headers: { Cookie: cookie, ...(csrf && { 'X-CSRF-Token': csrf }), ...(body && { 'Content-Type': 'application/json' }), ...headers },
      body: body && JSON.stringify(body),
    });
  return { answer, session: answer.json, ask };
}

const tokenOf = (link) => new URL(link.url).hash.slice(1);

/** RFC 6238, as an authenticator reckons it. */
function codeOf(uri, at = Date.now()) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...new URL(uri).searchParams.get('secret')].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac('sha1', secret).update(counter).digest();
  return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Runs `kalends admin operator …` and answers what it printed. */
function administer(words, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, ['admin', 'operator', ...words, '--server', d.baseUrl], {
      env: { ...process.env, KALENDS_ADMIN_KEY: d.adminKey },
    });
    let text = '';
    child.stdout.on('data', (part) => (text += part));
    child.stderr.on('data', (part) => (text += part));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, text }));
    child.stdin.end(input);
  });
}

describe('signing in', () => {
  it('lets a person in once by a link, with what is theirs', async () => {
    const [ada, bob] = tenant.users;
    const link = await tenant.host.post('/v1/sign-in-links', { user_id: ada.id, return_to: '/calendars' });
    const bobs = await tenant.host.createEntry(anHour(titled('Of Bob'), [bob.id]));

    const b = await signIn({ link: tokenOf(link) });
    const again = await signIn({ link: tokenOf(link) });

    assert.equal(b.session.kind, 'user');
    assert.equal(b.session.return_to, '/calendars');
    assert.match(b.answer.headers['set-cookie'][0], /^__Host-kalends=.*; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    assert.equal(again.answer.status, 410);
    const providers = (await b.ask('GET', '/v1/calendar-providers')).json.items;
    assert.deepEqual([...new Set(providers.map((p) => p.user_id))], [ada.id]);
    assert.equal((await b.ask('GET', `/v1/schedule-entries/${bobs.id}`)).status, 404);
    assert.equal((await b.ask('GET', '/v1/audit-log')).json.code, 'not_yours');
    assert.equal((await b.ask('GET', '/v1/admin/tenants')).status, 403);
  });

  it('changes nothing without the session\'s own token', async () => {
    const b = await signIn({ key: tenant.key });

    assert.equal((await b.ask('DELETE', '/v1/session', { csrf: null })).json.code, 'csrf_failed');
    assert.equal((await b.ask('DELETE', '/v1/session', { headers: { Origin: 'https://evil.example' } })).json.code, 'csrf_failed');
    assert.equal((await b.ask('DELETE', '/v1/session', { headers: { Origin: new URL(d.baseUrl).origin } })).status, 204);
    assert.equal((await b.ask('GET', '/v1/session')).json.code, 'session_expired');
  });

  it('lets an operator in with password and code', async () => {
    const made = await administer(['add', 'ops@kalends.example'], 'a long enough password\n');
    assert.equal(made.status, 0, made.text);
    const uri = made.text.match(/otpauth:\S+/)[0];

    const wrong = await signIn({ email: 'ops@kalends.example', password: 'a long enough password', code: '000000' });
    const b = await signIn({ email: 'ops@kalends.example', password: 'a long enough password', code: codeOf(uri) });

    assert.equal(wrong.answer.json.code, 'sign_in_refused');
    assert.equal(b.session.kind, 'operator');
    const within = await b.ask('GET', '/v1/users', { headers: { 'X-Kalends-Tenant': tenant.id } });
    assert.ok(within.json.items.length > 0, within.text);
    assert.match((await administer(['list'], '')).text, /ops@kalends\.example/);
    assert.equal((await administer(['remove', 'ops@kalends.example'], '')).status, 0);
    assert.equal((await b.ask('GET', '/v1/session')).json.code, 'session_expired');
  });

  it('prints a link to the page that works once', async () => {
    const b = await signIn({ link: tokenOf({ url: d.manifest.pages_url }) });

    assert.equal(b.session.kind, 'operator');
  });
});
