// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { before, describe, it } from 'node:test';
import { calendar } from '@googleapis/calendar';
import { CodeChallengeMethod, OAuth2Client } from 'google-auth-library';
import { admin, sandbox, signIn } from './sandbox.mjs';

const scope = [
  'openid', 'email',
  'https://www.googleapis.com/auth/calendar.events',
  'https://www.googleapis.com/auth/calendar.calendarlist.readonly',
];
const person = 'dana@vendor-clients.example';
const redirectUri = 'http://127.0.0.1:8080/back';
const base = sandbox.base_url;
let application;

const oauthClient = () => new OAuth2Client({
  clientId: application.client_id,
  clientSecret: application.client_secret,
  redirectUri,
  endpoints: {
    oauth2AuthBaseUrl: `${base}/o/oauth2/v2/auth`,
    oauth2TokenUrl: `${base}/token`,
    oauth2RevokeUrl: `${base}/revoke`,
    tokenInfoUrl: `${base}/tokeninfo`,
    oauth2FederatedSignonPemCertsUrl: `${base}/oauth2/v1/certs`,
    oauth2FederatedSignonJwkCertsUrl: `${base}/oauth2/v3/certs`,
  },
});

async function signedIn() {
  const client = oauthClient();
  const back = await signIn(client.generateAuthUrl({
    access_type: 'offline', prompt: 'consent', scope, login_hint: person, state: 's 1',
  }));
  const { tokens } = await client.getToken(back.get('code'));
  client.setCredentials(tokens);
  return { client, tokens, api: calendar({ version: 'v3', auth: client, rootUrl: `${base}/` }), back };
}

const visit = (summary) => ({
  summary,
  start: { dateTime: '2026-09-14T09:00:00', timeZone: 'Europe/Berlin' },
  end: { dateTime: '2026-09-14T10:00:00', timeZone: 'Europe/Berlin' },
});
const refused = (status, reason) => (problem) =>
  problem.status === status && (!reason || problem.response.data.error.errors[0].reason === reason);

before(async () => {
  application = await admin('POST', '/clients', { kind: 'google', redirect_uris: ['*'] });
  await admin('POST', '/accounts', { email: person, kind: 'google', time_zone: 'Europe/Berlin' });
  await admin('POST', '/consent-mode', { mode: 'auto' });
});

describe('google-auth-library', () => {
  it('exchanges a code, verifies the id_token and reads the token', async () => {
    const { client, tokens, back } = await signedIn();
    const ticket = await client.verifyIdToken({ idToken: tokens.id_token, audience: application.client_id });
    const info = await client.getTokenInfo(tokens.access_token);

    assert.equal(back.get('state'), 's 1');
    assert.equal(ticket.getPayload().email, person);
    assert.equal(info.sub, ticket.getPayload().sub);
    assert.ok(info.scopes.includes('https://www.googleapis.com/auth/calendar.events'));
    assert.ok(tokens.refresh_token);
  });

  it('proves the key it promised', async () => {
    const client = oauthClient();
    const { codeVerifier, codeChallenge } = await client.generateCodeVerifierAsync();
    const url = client.generateAuthUrl({
      scope, login_hint: person, code_challenge: codeChallenge, code_challenge_method: CodeChallengeMethod.S256,
    });
    const good = (await signIn(url)).get('code');
    const bad = (await signIn(url)).get('code');

    assert.ok((await client.getToken({ code: good, codeVerifier })).tokens.access_token);
    await assert.rejects(client.getToken({ code: bad, codeVerifier: 'x'.repeat(43) }), refused(400));
  });

  it('refreshes, and hears invalid_grant after a revocation', async () => {
    const { client, tokens } = await signedIn();
    client.setCredentials({ refresh_token: tokens.refresh_token });
    const fresh = await client.getAccessToken();
    await client.revokeToken(fresh.token);

    assert.notEqual(fresh.token, tokens.access_token);
    client.setCredentials({ refresh_token: tokens.refresh_token });
    await assert.rejects(client.getAccessToken(), (problem) => problem.response.data.error === 'invalid_grant');
  });
});

describe('@googleapis/calendar', () => {
  const calendarId = 'primary';

  it('inserts, gets, patches, lists and deletes', async () => {
    const { api } = await signedIn();
    const made = (await api.events.insert({ calendarId, requestBody: visit('Visit') })).data;
    const changed = (await api.events.patch({ calendarId, eventId: made.id, requestBody: { summary: 'New' } })).data;
    const listed = (await api.events.list({ calendarId, q: 'new', singleEvents: true, orderBy: 'startTime' })).data;
    const gone = await api.events.delete({ calendarId, eventId: made.id });

    assert.equal(made.start.dateTime, '2026-09-14T09:00:00+02:00');
    assert.equal(changed.summary, 'New');
    assert.deepEqual(listed.items.map((e) => e.id), [made.id]);
    assert.equal(gone.status, 204);
    await assert.rejects(api.events.delete({ calendarId, eventId: made.id }), refused(410, 'deleted'));
    assert.equal((await api.events.get({ calendarId, eventId: made.id })).data.status, 'cancelled');
  });

  it('syncs by token, and starts over after 410', async () => {
    const { api } = await signedIn();
    const full = (await api.events.list({ calendarId })).data;
    const made = (await api.events.insert({ calendarId, requestBody: visit('Later') })).data;
    const delta = (await api.events.list({ calendarId, syncToken: full.nextSyncToken })).data;
    await admin('POST', '/sync-tokens/invalidate', { account: person });

    assert.deepEqual(delta.items.map((e) => e.id), [made.id]);
    await assert.rejects(api.events.list({ calendarId, syncToken: delta.nextSyncToken }),
      refused(410, 'fullSyncRequired'));
    assert.ok((await api.events.list({ calendarId })).data.nextSyncToken);
  });

  it('is guarded by etags and ids', async () => {
    const { api } = await signedIn();
    const id = `tenant7evt${Date.now()}`;
    const made = (await api.events.insert({ calendarId, requestBody: { id, ...visit('Guarded') } })).data;
    const guard = { headers: { 'If-Match': made.etag } };
    await api.events.patch({ calendarId, eventId: id, requestBody: { summary: 'B' } }, guard);

    await assert.rejects(api.events.patch({ calendarId, eventId: id, requestBody: { summary: 'C' } }, guard),
      refused(412, 'conditionNotMet'));
    await assert.rejects(api.events.insert({ calendarId, requestBody: { id, ...visit('Twice') } }),
      refused(409, 'duplicate'));
  });

  it('watches a calendar and stops', async () => {
    const { api } = await signedIn();
    const states = [];
    let heard;
    const hook = createServer((request, response) => {
      states.push(request.headers['x-goog-resource-state']);
      response.end();
      heard?.();
    }).listen(0, '127.0.0.1');
    await once(hook, 'listening');
    const until = (n) => new Promise((done) => {
      heard = () => states.length >= n && done();
      heard();
    });
    try {
      const address = `http://127.0.0.1:${hook.address().port}/google`;
      const id = `channel-${Date.now()}`;
      const channel = (await api.events.watch({ calendarId, requestBody: { id, type: 'web_hook', address } })).data;
      await until(1);
      await api.events.insert({ calendarId, requestBody: visit('Heard') });
      await until(2);
      const stopped = await api.channels.stop({ requestBody: { id, resourceId: channel.resourceId } });

      assert.deepEqual(states, ['sync', 'exists']);
      assert.equal(stopped.status, 204);
    } finally {
      hook.closeAllConnections();
      hook.close();
    }
  });

  it('finds the calendars of the person', async () => {
    const { api } = await signedIn();
    const { items } = (await api.calendarList.list()).data;

    assert.equal(items[0].id, person);
    assert.equal(items[0].primary, true);
  });
});
