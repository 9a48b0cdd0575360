// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { ConfidentialClientApplication, CryptoProvider, InteractionRequiredAuthError } from '@azure/msal-node';
import { Client, GraphError, PageIterator } from '@microsoft/microsoft-graph-client';
import { admin, sandbox, signIn } from './sandbox.mjs';

const scopes = ['User.Read', 'Calendars.ReadWrite'];
const person = 'erin@vendor-clients.test';
const redirectUri = 'http://127.0.0.1:8080/back';
const base = sandbox.base_url;
const host = new URL(base).host;
let application;
let webhook;
const notices = [];

const msal = () => new ConfidentialClientApplication({
  auth: {
    clientId: application.client_id,
    clientSecret: application.client_secret,
    authority: `${base}/common`,
    knownAuthorities: [host],
  },
});

/** The whole sign-in of one application, with PKCE. */
async function signedIn(app = msal()) {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const back = await signIn(await app.getAuthCodeUrl({
    scopes, redirectUri, state: 's 1', loginHint: person, codeChallenge: challenge, codeChallengeMethod: 'S256',
  }));
  const request = { scopes, redirectUri, code: back.get('code'), codeVerifier: verifier };
  return { app, back, request, tokens: await app.acquireTokenByCode(request) };
}

const graphFor = (accessToken) => Client.init({
  baseUrl: `${base}/`,
  customHosts: new Set([new URL(base).hostname]),
  authProvider: (done) => done(null, accessToken),
});

const visit = (subject) => ({
  subject,
  body: { contentType: 'text', content: 'Bring the ladder.\nRing twice.' },
  start: { dateTime: '2026-09-14T09:00:00', timeZone: 'Europe/Berlin' },
  end: { dateTime: '2026-09-14T10:00:00', timeZone: 'Europe/Berlin' },
});
const refused = (status, code) => (problem) =>
  problem instanceof GraphError && problem.statusCode === status && problem.code === code;
const immutable = ['Prefer', 'IdType="ImmutableId"'];

before(async () => {
  application = await admin('POST', '/clients', { kind: 'microsoft', redirect_uris: [redirectUri] });
  await admin('POST', '/accounts', { email: person, kind: 'microsoft', time_zone: 'Europe/Berlin' });
  await admin('POST', '/consent-mode', { mode: 'auto' });
  webhook = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const token = new URL(request.url, 'http://webhook').searchParams.get('validationToken');
    response.writeHead(token ? 200 : 202, { 'Content-Type': 'text/plain' }).end(token ?? '');
    if (!token) notices.push(...JSON.parse(Buffer.concat(chunks)).value);
  });
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
});
after(() => webhook.close());

describe('msal-node', () => {
  it('exchanges a code and reads the id_token', async () => {
    const { back, tokens } = await signedIn();
    assert.equal(back.get('state'), 's 1');
    assert.equal(tokens.account.username, person);
    assert.equal(tokens.idTokenClaims.ver, '2.0');
    assert.ok(tokens.idTokenClaims.oid && tokens.idTokenClaims.tid);
    assert.deepEqual([...tokens.scopes].filter((scope) => scopes.includes(scope)).sort(), [...scopes].sort());
  });

  it('refreshes silently from its cache', async () => {
    const { app, tokens } = await signedIn();
    const renewed = await app.acquireTokenSilent({ account: tokens.account, scopes, forceRefresh: true });
    assert.notEqual(renewed.accessToken, tokens.accessToken);
    assert.equal((await graphFor(renewed.accessToken).api('/me').get()).mail, person);
  });

  it('is told that a code works once', async () => {
    const { app, request } = await signedIn();
    await assert.rejects(app.acquireTokenByCode(request), (problem) =>
      problem.errorCode === 'invalid_grant' && /AADSTS54005/.test(problem.errorMessage));
  });

  it('is told that the verifier does not match', async () => {
    const app = msal();
    const pkce = new CryptoProvider();
    const { challenge } = await pkce.generatePkceCodes();
    const { verifier } = await pkce.generatePkceCodes();
    const back = await signIn(await app.getAuthCodeUrl({
      scopes, redirectUri, loginHint: person, codeChallenge: challenge, codeChallengeMethod: 'S256',
    }));
    await assert.rejects(app.acquireTokenByCode({ scopes, redirectUri, code: back.get('code'), codeVerifier: verifier }),
      (problem) => /AADSTS501481/.test(problem.errorMessage));
  });

  it('asks for a person when the service wants one', async () => {
    const { app, tokens } = await signedIn();
    const plan = await admin('POST', '/faults', { vendor: 'microsoft', method: 'oauth.token', reason: 'interaction_required' });
    await assert.rejects(app.acquireTokenSilent({ account: tokens.account, scopes, forceRefresh: true }),
      (problem) => problem instanceof InteractionRequiredAuthError);
    await admin('DELETE', `/faults/${plan.id}`);
  });
});

describe('microsoft-graph-client', () => {
  let api;
  before(async () => {
    api = graphFor((await signedIn()).tokens.accessToken);
  });

  it('lists calendars', async () => {
    const { value } = await api.api('/me/calendars').get();
    assert.equal(value.length, 1);
    assert.equal(value[0].isDefaultCalendar, true);
  });

  it('creates, reads, changes and deletes an event', async () => {
    const made = await api.api('/me/events').post(visit('Replace switch'));
    const read = await api.api(`/me/events/${made.id}`)
      .header('Prefer', 'outlook.timezone="Europe/Berlin", outlook.body-content-type="text"').get();
    assert.equal(read.start.dateTime, '2026-09-14T09:00:00.0000000');
    assert.equal(read.body.content.trim(), 'Bring the ladder.\r\nRing twice.');

    const changed = await api.api(`/me/events/${made.id}`).header('If-Match', read['@odata.etag']).patch({ subject: 'Moved' });
    assert.equal(changed.subject, 'Moved');
    await assert.rejects(api.api(`/me/events/${made.id}`).header('If-Match', read['@odata.etag']).patch({ subject: 'Late' }),
      refused(412, 'ErrorIrresolvableConflict'));

    await api.api(`/me/events/${made.id}`).delete();
    await assert.rejects(api.api(`/me/events/${made.id}`).get(), refused(404, 'ErrorItemNotFound'));
  });

  it('repeats a create under its transaction', async () => {
    const event = { ...visit('Once'), transactionId: 'vendor-clients-1' };
    const first = await api.api('/me/events').post(event);
    const again = await api.api('/me/events').post(event);
    assert.equal(again.id, first.id);
    await assert.rejects(api.api('/me/events').post({ ...event, subject: 'Other' }), refused(400, 'ErrorDuplicateTransactionId'));
    await api.api(`/me/events/${first.id}`).delete();
  });

  it('pages through a calendar view', async () => {
    const made = [];
    for (let i = 0; i < 7; ++i) made.push(await api.api('/me/events').post(visit(`Visit ${i}`)));
    const page = await api.api('/me/calendarView')
      .query({ startDateTime: '2026-09-14T00:00:00Z', endDateTime: '2026-09-15T00:00:00Z' })
      .top(3).select('subject,start').orderby('subject').get();
    const seen = [];
    await new PageIterator(api, page, (event) => seen.push(event.subject) > 0).iterate();
    assert.deepEqual(seen, made.map((event) => event.subject));
    for (const event of made) await api.api(`/me/events/${event.id}`).delete();
  });

  it('finds an event by our extended property', async () => {
    const id = 'String {b1a7c2d0-1111-4222-8333-444455556666} Name link';
    const made = await api.api('/me/events').post({ ...visit('Tagged'), singleValueExtendedProperties: [{ id, value: 'L-1' }] });
    const { value } = await api.api('/me/events')
      .filter(`singleValueExtendedProperties/Any(ep: ep/id eq '${id}' and ep/value eq 'L-1')`)
      .expand(`singleValueExtendedProperties($filter=id eq '${id}')`).get();
    assert.deepEqual(value.map((event) => event.id), [made.id]);
    assert.deepEqual(value[0].singleValueExtendedProperties, [{ id, value: 'L-1' }]);
    await api.api(`/me/events/${made.id}`).delete();
  });

  it('follows a delta through pages, changes and tombstones', async () => {
    const round = async (link) => {
      const items = [];
      for (;;) {
        const page = await api.api(link).headers({ Prefer: 'odata.maxpagesize=2, IdType="ImmutableId"' }).get();
        items.push(...page.value);
        if (page['@odata.deltaLink']) return { items, link: page['@odata.deltaLink'] };
        link = page['@odata.nextLink'];
      }
    };
    const { value: [calendar] } = await api.api('/me/calendars').get();
    const events = [];
    for (let i = 0; i < 5; ++i) events.push(await api.api('/me/events').header(...immutable).post(visit(`Delta ${i}`)));

    const first = await round(`/me/calendars/${calendar.id}/calendarView/delta?startDateTime=2026-09-01T00:00:00Z&endDateTime=2026-10-01T00:00:00Z`);
    await api.api(`/me/events/${events[0].id}`).patch({ subject: 'Edited' });
    await api.api(`/me/events/${events[1].id}`).delete();
    const second = await round(first.link);

    assert.deepEqual(first.items.map((item) => item.id), events.map((event) => event.id));
    assert.equal(second.items.find((item) => item.id === events[0].id).subject, 'Edited');
    assert.deepEqual(second.items.find((item) => item.id === events[1].id)['@removed'], { reason: 'deleted' });

    await admin('POST', '/sync-tokens/invalidate', { account: person });
    await assert.rejects(round(second.link), refused(410, 'SyncStateNotFound'));
    for (const event of [events[0], ...events.slice(2)]) await api.api(`/me/events/${event.id}`).delete();
  });

  it('runs a batch', async () => {
    const { responses } = await api.api('/$batch').post({
      requests: [{ id: '1', method: 'GET', url: '/me' },
        { id: '2', method: 'POST', url: '/me/events', headers: { 'Content-Type': 'application/json' }, body: visit('Batched') }],
    });
    const byId = Object.fromEntries(responses.map((response) => [response.id, response]));
    assert.equal(byId[1].body.mail, person);
    assert.equal(byId[2].status, 201);
    await api.api(`/me/events/${byId[2].body.id}`).delete();
  });

  it('waits as long as it is told to when throttled', async () => {
    await admin('POST', '/faults', { vendor: 'microsoft', account: person, method: 'graph.calendars.list', reason: 'TooManyRequests', retry_after: 1 });
    const began = Date.now();
    assert.equal((await api.api('/me/calendars').get()).value.length, 1);
    assert.ok(Date.now() - began >= 1000);
  });

  it('subscribes, hears of a change, renews and leaves', async () => {
    const url = `http://127.0.0.1:${webhook.address().port}/hooks?x=1`;
    const until = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const made = await api.api('/subscriptions').post({
      changeType: 'created,updated,deleted', notificationUrl: url, lifecycleNotificationUrl: url,
      resource: '/me/events', expirationDateTime: until(24), clientState: 'secret',
    });
    const event = await api.api('/me/events').post(visit('Noticed'));
    for (let i = 0; i < 200 && notices.length === 0; ++i) await new Promise((done) => setTimeout(done, 50));
    assert.equal(notices[0].subscriptionId, made.id);
    assert.equal(notices[0].clientState, 'secret');
    assert.equal(notices[0].changeType, 'created');
    assert.equal(notices[0].resourceData.id, event.id);

    const renewed = await api.api(`/subscriptions/${made.id}`).patch({ expirationDateTime: until(48) });
    assert.ok(new Date(renewed.expirationDateTime) > new Date(made.expirationDateTime));
    await api.api(`/subscriptions/${made.id}`).delete();
    await assert.rejects(api.api(`/subscriptions/${made.id}`).get(), refused(404, 'ResourceNotFound'));
    await api.api(`/me/events/${event.id}`).delete();
  });
});
