// SPDX-License-Identifier: Apache-2.0
// Nobody sees or touches what is another's: tenants, roles, forged notices, stolen links, and no secret ever comes out.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { anHour, titled } from './support/entries.mjs';
import { eventually, steadily } from './support/eventually.mjs';
import { send } from './support/http.mjs';
import { Demonstration } from './support/installation.mjs';
import { refusedToTheEnd } from './support/letters.mjs';

let d, own, other;

before(async () => {
  d = await Demonstration.start();
  [own, other] = d.tenants;
});
after(() => d?.stop());

/** A dead letter of the tenant's Google calendar, whose entry has `title`. */
async function letterOf(tenant, title) {
  const { id, type, account, user_id: userId } = tenant.providers.find((p) => p.type === 'google');
  return (await refusedToTheEnd(d, tenant, { type, email: account, userId, providerId: id }, title)).letter;
}

/** Every route with an id in it, as the contract lists them: `[method, path, what the id names]`. */
async function routesWithIds() {
  const { json: contract } = await send({ url: `${d.baseUrl}/openapi.json` });
  const routes = [];
  for (const [path, operations] of Object.entries(contract.paths))
    for (const method of ['get', 'post', 'put', 'patch', 'delete'])
      if (operations[method] && /^\/v1\/(?!admin)/.test(path)) routes.push([method.toUpperCase(), path]);
  return routes;
}

function problem(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers['content-type'], /^application\/problem\+json/);
  if (code) assert.equal(answer.json.code, code);
  assert.ok(answer.json.detail);
}

describe('tenants', () => {
  // First of all: what somebody asks for, however vainly, stands in their own audit log afterwards.
  it("find nothing of another tenant in lists, filters and the feed", async () => {
    const title = titled('Only theirs');
    const entry = await other.host.createEntry(anHour(title, [other.users[0].id]));
    await other.host.settled(entry.id);

    for (const path of ['/v1/users', '/v1/calendar-providers', '/v1/schedule-entries', '/v1/sync-runs', '/v1/audit-log']) {
      const text = JSON.stringify(await own.host.all(path));
      for (const foreign of [other.id, other.users[0].id, other.providers[0].id, entry.id, title])
        assert.ok(!text.includes(foreign), `${path} shows ${foreign}`);
    }
    for (const fact of await own.host.facts()) assert.equal(fact.tenant_id, own.id);
    for (const path of [`/v1/schedule-entries?assigned_user_id=${other.users[0].id}`, `/v1/sync-runs?provider_id=${other.providers[0].id}`]) {
      const answer = await own.host.request('GET', path);
      assert.ok(answer.status === 404 || (answer.status === 200 && answer.json.items.length === 0), answer.text);
    }
  });

  it("get 404 for another tenant's things on every route, and change nothing there", async () => {
    const { host } = other;
    const entry = await host.createEntry(anHour(titled('Secret meeting'), [other.users[0].id]));
    await host.settled(entry.id);
    const [provider] = other.providers;
    const { items: runs } = await host.get(`/v1/sync-runs?provider_id=${provider.id}&limit=1`);
    const ids = { user_id: other.users[0].id, provider_id: provider.id, entry_id: entry.id, run_id: runs[0].id };
    ids.conflict_id = ids.entry_id;
    ids.letter_id = (await letterOf(other, titled('Secret meeting'))).id;
    const hook = { url: 'https://host.example/hooks', description: 'Theirs', enabled: false };
    ids.endpoint_id = (await host.post('/v1/webhook-endpoints', hook)).id;
    const theirHook = async () => {
      const { url, description, enabled } = await host.get(`/v1/webhook-endpoints/${ids.endpoint_id}`);
      return { url, description, enabled };
    };
    const state = async () => [
      await host.entry(entry.id),
      await host.get(`/v1/users/${ids.user_id}`),
      await host.provider(provider.id),
      await host.get(`/v1/dead-letters/${ids.letter_id}`),
      await theirHook(),
    ];
    const before = await state();
    const bodies = {
      'PATCH /v1/users/{user_id}': { name: 'Mallory' },
      'PATCH /v1/calendar-providers/{provider_id}': { direction: 'from_provider' },
      'PATCH /v1/schedule-entries/{entry_id}': { title: 'Mallory was here' },
      'POST /v1/schedule-entries/{entry_id}/decisions/replay': { conflict_policy: 'local' },
      'POST /v1/calendar-providers/{provider_id}/approvals': { decision: 'refuse' },
      'PATCH /v1/webhook-endpoints/{endpoint_id}': { description: 'Mallory' },
      'POST /v1/webhook-endpoints/{endpoint_id}/replay': { from_sequence: 1 },
      'POST /v1/conflicts/{conflict_id}/preview': { choice: 'local' },
      'POST /v1/conflicts/{conflict_id}/resolution': { choice: 'local' },
    };

    let tried = 0;
    for (const [method, path] of await routesWithIds()) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).filter((name) => ids[name]);
      if (!names.length) continue;
      const target = path.replace(/\{(\w+)\}/g, (whole, name) => ids[name] ?? whole);
      const answer = await own.host.request(method, target, bodies[`${method} ${path}`]);
      assert.equal(answer.status, 404, `${method} ${path}: ${answer.status} ${answer.text}`);
      assert.ok(!answer.text.includes('Secret meeting'));
      ++tried;
    }
    assert.ok(tried >= 14, `only ${tried} routes were tried`);

    const now = await state();
    now[2].next_poll_at = before[2].next_poll_at;
    now[2].last_sync_at = before[2].last_sync_at;
    assert.deepEqual(now, before);
  });

  it("cannot name another tenant's people or calendars in what they write", async () => {
    const entry = await own.host.createEntry(anHour(titled('Mine'), []));

    problem(await own.host.request('POST', '/v1/schedule-entries', anHour(titled('X'), [other.users[0].id])), 422, 'unknown_user');
    problem(await own.host.request('PATCH', `/v1/schedule-entries/${entry.id}`, { assigned_user_ids: [other.users[0].id] }), 422, 'unknown_user');
    problem(await own.host.request('POST', '/v1/calendar-providers', { type: 'google', user_id: other.users[0].id }), 422, 'unknown_user');
    assert.deepEqual(await own.host.entry(entry.id), entry);
  });
});

describe('keys', () => {
  it('may do what their role says and no more', async () => {
    const reader = d.host(await d.newKey(own.id, 'reader'));
    const operator = d.host(await d.newKey(own.id, 'operator'));
    const entry = await own.host.createEntry(anHour(titled('Roles'), []));
    const id = entry.id;
    const provider = own.providers[0].id;
    const attempts = [
      // method, path, body, reader, operator
      ['GET', '/v1/users', undefined, 200, 200],
      ['GET', `/v1/schedule-entries/${id}`, undefined, 200, 200],
      ['GET', '/v1/events', undefined, 200, 200],
      ['PATCH', `/v1/schedule-entries/${id}`, { notes: 'x' }, 403, 200],
      ['POST', '/v1/schedule-entries', anHour(titled('By role'), []), 403, 201],
      ['POST', `/v1/calendar-providers/${provider}/sync`, {}, 403, 202],
      ['GET', `/v1/calendar-providers/${provider}/calendars`, undefined, 403, 200],
      ['POST', '/v1/users', { email: 'x@example.com', name: 'x' }, 403, 403],
      ['POST', '/v1/calendar-providers', { type: 'google', user_id: own.users[0].id }, 403, 403],
      ['POST', `/v1/calendar-providers/${provider}/authorization`, {}, 403, 403],
      ['DELETE', `/v1/calendar-providers/${provider}`, undefined, 403, 403],
      ['GET', '/v1/audit-log', undefined, 403, 403],
      ['GET', '/v1/oauth-clients/google', undefined, 403, 403],
      ['GET', '/v1/admin/tenants', undefined, 401, 401],
      ['DELETE', `/v1/admin/tenants/${own.id}`, undefined, 401, 401],
    ];

    for (const [method, path, body, asReader, asOperator] of attempts)
      for (const [host, status] of [[reader, asReader], [operator, asOperator]]) {
        const answer = await host.request(method, path, body);
        assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
        if (status >= 400) problem(answer, status);
      }
  });

  it('are needed, must be right, and end when they are revoked', async () => {
    const made = await d.installationHost.post(`/v1/admin/tenants/${own.id}/keys`, { name: 'short', role: 'admin' });
    const host = d.host(made.key);
    assert.equal((await host.request('GET', '/v1/users')).status, 200);

    const wrong = `${made.key.slice(0, -1)}${made.key.endsWith('A') ? 'B' : 'A'}`;
    for (const key of [undefined, 'nonsense', wrong, d.adminKey])
      problem(await d.host(key).request('GET', '/v1/users'), 401, 'unauthenticated');
    problem(await d.host(made.key).request('GET', '/v1/admin/tenants'), 401, 'unauthenticated');

    await d.installationHost.delete(`/v1/admin/tenants/${own.id}/keys/${made.id}`);
    problem(await host.request('GET', '/v1/users'), 401, 'unauthenticated');
  });
});

describe('notices', () => {
  const webhook = (vendor) => `${d.baseUrl}/webhooks/${vendor}`;

  /** A notice as the vendor sent it to us, from the journal. */
  async function realNotice(person) {
    const hour = anHour(titled('Notice me'), []);
    await person.calendar.add({ title: hour.title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' });
    await eventually(() => own.host.entryTitled(hour.title), { what: 'the entry' });
    const { items } = await d.sandbox.journal({ account: person.email, method: 'notice' });
    return items.findLast((e) => e.status >= 200 && e.status < 300);
  }
  const runsOf = (person) => own.host.all(`/v1/sync-runs?provider_id=${person.providerId}`);

  it('of Google count only with the right token, and complete', async () => {
    const person = await d.newPerson(own, 'google');
    const { headers } = await realNotice(person);
    const field = (name) => Object.entries(headers).find(([key]) => key.toLowerCase() === name)[1];
    const genuine = {
      'X-Goog-Channel-ID': field('x-goog-channel-id'),
      'X-Goog-Channel-Token': field('x-goog-channel-token'),
      'X-Goog-Resource-State': 'exists',
      'X-Goog-Resource-ID': field('x-goog-resource-id'),
      'X-Goog-Message-Number': '77',
    };
    const token = genuine['X-Goog-Channel-Token'];
    const flipped = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
    const before = await runsOf(person);

    for (const forged of [
      { ...genuine, 'X-Goog-Channel-Token': flipped },
      { ...genuine, 'X-Goog-Channel-Token': 'x'.repeat(token.length) },
      { ...genuine, 'X-Goog-Channel-Token': undefined },
      { ...genuine, 'X-Goog-Channel-ID': undefined },
      { ...genuine, 'X-Goog-Resource-State': undefined },
      { ...genuine, 'X-Goog-Channel-Token': [token, token] },
      {},
    ]) {
      const headersSent = Object.fromEntries(Object.entries(forged).filter(([, value]) => value !== undefined));
      problem(await send({ method: 'POST', url: webhook('google'), headers: headersSent }), 401, 'notice_refused');
    }
    await steadily(async () => assert.equal((await runsOf(person)).length, before.length));

    assert.equal((await send({ method: 'POST', url: webhook('google'), headers: genuine })).status, 204);
  });

  it('of Graph count only with the right clientState; a mixed batch counts in part', async () => {
    const person = await d.newPerson(own, 'microsoft');
    const { body } = await realNotice(person);
    const [item] = JSON.parse(body).value;
    const post = (value) =>
      send({ method: 'POST', url: webhook('microsoft'), headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ value }) });
    const flipped = item.clientState.slice(0, -1) + (item.clientState.endsWith('A') ? 'B' : 'A');
    const forged = { ...item, clientState: flipped };
    const before = await runsOf(person);

    problem(await post([forged]), 401, 'notice_refused');
    problem(await post([{ ...item, clientState: undefined }]), 401, 'notice_refused');
    problem(await post([{ ...item, subscriptionId: undefined }]), 401, 'notice_refused');
    problem(await post([]), 401, 'notice_refused');
    problem(await post([forged, { ...forged, lifecycleEvent: 'subscriptionRemoved' }]), 401, 'notice_refused');
    problem(await post([42, null, 'x']), 401, 'notice_refused');
    await steadily(async () => assert.equal((await runsOf(person)).length, before.length));

    const hour = anHour(titled('Quiet change'), []);
    const silence = await d.sandbox.dropNotices(person.email);
    await person.calendar.add({ title: hour.title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' });
    assert.equal((await post([forged, item])).status, 202);
    await eventually(() => own.host.entryTitled(hour.title), { what: 'the entry that the honest item announced' });
    await silence.end();
  });

  it('of Graph begin with a handshake that echoes plain text only', async () => {
    const token = '<script>alert(1)</script> + ü';
    const answer = await send({ method: 'POST', url: `${webhook('microsoft')}?validationToken=${encodeURIComponent(token)}` });

    assert.equal(answer.status, 200);
    assert.equal(answer.text, token);
    assert.match(answer.headers['content-type'], /^text\/plain/);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  });

  it('that are no notices at all are refused', async () => {
    const json = { 'Content-Type': 'application/json' };
    for (const body of ['', '{', '[]', '{"value":{}}', '{"value":[],"value":[]}', `{"value":[${'{},'.repeat(1000)}{}]}`]) {
      const answer = await send({ method: 'POST', url: webhook('microsoft'), headers: json, body });
      assert.ok([400, 401].includes(answer.status), `${body.slice(0, 40)}: ${answer.status}`);
      problem(answer, answer.status);
    }
  });
});

describe('connecting', () => {
  const toUs = (vendor) => (next) => next.startsWith(`${d.baseUrl}/oauth/${vendor}/callback`);

  /** A provider whose link was followed up to the vendor's redirect back to us. */
  async function comingBack(type, browser) {
    const email = `guest-${type}-${Date.now()}-${Math.floor(Math.random() * 1e6)}@people.example`;
    await d.sandbox.openAccount(email, type);
    const user = await own.host.post('/v1/users', { email, name: 'Guest' });
    const provider = await own.host.post('/v1/calendar-providers', { type, user_id: user.id });
    const link = await own.host.post(`/v1/calendar-providers/${provider.id}/authorization`);
    const { url } = await browser.open(link.url, { stop: toUs(type) });
    assert.ok(toUs(type)(url), url);
    return { url, link: link.url, providerId: provider.id };
  }
  const statusOf = async (id) => (await own.host.provider(id)).status;

  for (const type of ['google', 'microsoft']) {
    it(`with ${type} works once: the way back cannot be replayed, nor the link`, async () => {
      const browser = d.browser();
      const back = await comingBack(type, browser);

      const first = await browser.open(back.url);
      assert.equal(first.status, 200, first.text);
      assert.match(first.text, /connected/);

      const again = await browser.open(back.url);
      assert.equal(again.status, 410, again.text);
      assert.match(again.text, /authorization_void/);
      assert.equal((await browser.open(back.link)).status, 410);
      assert.equal(await statusOf(back.providerId), 'active');
    });

    it(`with ${type} works only in the browser that began`, async () => {
      const back = await comingBack(type, d.browser());

      const stranger = await d.browser().open(back.url);
      assert.equal(stranger.status, 400, stranger.text);
      assert.match(stranger.text, /browser_unknown/);
      assert.equal(await statusOf(back.providerId), 'pending_authorization');

      const busy = d.browser();
      await comingBack(type, busy); // has a cookie, of another connection
      const mixedUp = await busy.open(back.url);
      assert.equal(mixedUp.status, 410, mixedUp.text);
      assert.equal(await statusOf(back.providerId), 'pending_authorization');
    });
  }

  it('refuses damaged, unknown and foreign states, and shows no page of another', async () => {
    const browser = d.browser();
    const back = await comingBack('google', browser);
    const url = new URL(back.url);
    const state = url.searchParams.get('state');
    const swapped = state.slice(0, -1) + (state.endsWith('A') ? 'B' : 'A');

    for (const [changed, statuses] of [
      [swapped, [410]],
      ['', [400]],
      ["' or 1=1 --", [400]],
      ['x'.repeat(5000), [400, 414, 431]],
      [`${other.id.replaceAll('-', '')}${state.slice(32)}`, [410]],
    ]) {
      url.searchParams.set('state', changed);
      const page = await browser.open(url.href);
      assert.ok(statuses.includes(page.status), `${changed.slice(0, 60)}: ${page.status}`);
    }
    const crossed = await browser.open(back.url.replace('/oauth/google/', '/oauth/microsoft/'));
    assert.equal(crossed.status, 410);
    assert.equal(await statusOf(back.providerId), 'pending_authorization');
  });

  it('refuses to send people anywhere else afterwards', async () => {
    const provider = await own.host.post('/v1/calendar-providers', { type: 'google', user_id: own.users[0].id });
    for (const to of ['https://evil.example/', '//evil.example/', `${d.baseUrl}.evil.example/`, 'javascript:alert(1)', '/\\evil.example'])
      problem(await own.host.request('POST', `/v1/calendar-providers/${provider.id}/authorization`, { return_to: to }), 422, 'return_to_refused');
    const link = await own.host.post(`/v1/calendar-providers/${provider.id}/authorization`, { return_to: '/#settings' });
    assert.match(link.url, new RegExp(`^${d.baseUrl}/connect/`));
    await own.host.delete(`/v1/calendar-providers/${provider.id}`);
  });
});

describe('secrets', () => {
  it('appear in no answer, no page and no log line', async () => {
    const { google, microsoft } = d.manifest.sandbox;
    const channelTokens = (await d.sandbox.journal({ method: 'notice' })).items.flatMap((e) => [
      ...Object.entries(e.headers).filter(([name]) => /channel-token/i.test(name)).map(([, value]) => value),
      ...[...e.body.matchAll(/"clientState":"([^"]+)"/g)].map((m) => m[1]),
    ]);
    assert.ok(channelTokens.length > 0);
    const secrets = [google.client_secret, microsoft.client_secret, ...new Set(channelTokens)];
    // How the vendors' tokens begin, our keys, and the verifier of PKCE.
    const shapes = [/ya29\.[\w-]{8}/, /1\/\/0g[\w-]{8}/, /EwB[\w-]{24}/, /M\.C5[\w-]{8}/, /kl_[0-9a-f]{32}_[\w-]{8}/, /code_verifier/];
    await own.host.request('PUT', '/v1/oauth-clients/google', { client_id: 'own-app', client_secret: 'a-very-secret-secret' });
    secrets.push('a-very-secret-secret');

    const texts = new Map([['the log', d.log()]]);
    const ids = { provider_id: own.providers[0].id, user_id: own.users[0].id, vendor: 'google' };
    ids.run_id = (await own.host.get('/v1/sync-runs')).items[0].id;
    ids.entry_id = (await own.host.get('/v1/schedule-entries')).items[0].id;
    ids.letter_id = (await letterOf(own, titled('Set aside'))).id;
    const endpoint = await own.host.post('/v1/webhook-endpoints', { url: 'https://host.example/hooks', enabled: false });
    ids.endpoint_id = endpoint.id;
    secrets.push(endpoint.secret);
    for (const [method, path] of await routesWithIds()) {
      if (method !== 'GET' || path.endsWith('/stream')) continue;
      const target = path.replace(/\{(\w+)\}/g, (whole, name) => ids[name] ?? whole);
      const answer = await own.host.request('GET', target);
      const absent = /\/rehearsal$|\/conflicts\//.test(target); // there is none, and its answer must not tell more
      const expected = target === '/v1/session' ? 401 : absent ? 404 : 200; // a key is no session
      assert.equal(answer.status, expected, `${target}: ${answer.text}`);
      texts.set(target, answer.text);
    }
    for (const path of ['/v1/admin/tenants', '/v1/admin/overview', `/v1/admin/tenants/${own.id}/keys`, '/readyz', '/healthz'])
      texts.set(path, (await d.installationHost.request('GET', path)).text);
    texts.set('the page', (await send({ url: `${d.baseUrl}/` })).text);
    await own.host.delete('/v1/oauth-clients/google');

    for (const [where, text] of texts) {
      for (const secret of secrets) assert.ok(!text.includes(secret), `${where} shows ${secret.slice(0, 6)}…`);
      for (const shape of shapes) assert.doesNotMatch(text, shape, `${where} shows a token`);
    }
  });

  it('lie in the database only sealed', () => {
    const needles = ['ya29.', '1//0g', d.manifest.sandbox.google.client_secret, own.key, 'whsec_'].map((text) => Buffer.from(text));
    const found = [];
    const search = (folder) => {
      for (const item of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, item.name);
        if (item.isDirectory()) search(path);
        else if (item.isFile()) {
          const bytes = readFileSync(path);
          for (const needle of needles) if (bytes.includes(needle)) found.push(`${path}: ${needle}`);
        }
      }
    };
    search(join(d.directory, 'postgres'));
    assert.deepEqual(found, []);
  });
});
