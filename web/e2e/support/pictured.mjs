// SPDX-License-Identifier: Apache-2.0
// Answers that say the same in every run: for pictures of pages whose real content grows by itself.
import { answer, at, id } from './matters.mjs';

const list = (items) => ({ items, next_cursor: null });

/** A conflict that a policy decided, a write that the vendor refused, an event that became an entry. */
export async function decided(page, provider) {
  const line = (n, more) => ({ id: id(n), time: `2026-11-20T0${9 - n}:15:00.000Z`, provider_id: provider.id, entry_id: id(900 + n), event_id: `event-${n}`, inputs: {}, ...more });
  await answer(page, '/v1/ledger', () => ({
    body: list([
      line(1, {
        reason: 'pull_conflict_external', entry_title: 'Boiler inspection', sentence: 'Both sides had changed the same (title); by the calendar’s policy its value won, and the host’s is kept in this row.',
        inputs: { entry_version: 3, event_version: 'v2', groups: ['title'], policy: 'external', winner: 'external', base_entry: { title: 'Inspection' }, entry: { title: 'Boiler inspection' }, event: { title: 'Boiler check' } },
      }),
      line(2, { reason: 'push_refused', entry_title: 'Replace the switch in hall 3', sentence: 'The vendor refused the write for good (invalid_request); it was set aside as a dead letter.' }),
      line(3, { reason: 'pull_created', entry_title: 'Stand-up', sentence: 'The event was new, and the calendar’s rules bring it in: an entry was made of it.' }),
    ]),
  }));
}

export async function endpoints(page) {
  const endpoint = (n, more) => ({
    id: id(n), url: `https://product.example/hooks/${n}`, description: '', event_types: null, enabled: true, state: 'active', disabled: null, failing: null, position: { sequence: 1_204, last_sequence: 1_204 }, last_delivered_at: at, old_secret_until: null, created_at: at, ...more,
  });
  const all = [
    endpoint(1, { description: 'The scheduling product' }),
    endpoint(2, { state: 'failing', failing: { since: at, attempts: 4, code: 'http_503', next_attempt_at: at }, position: { sequence: 1_180, last_sequence: 1_204 }, event_types: ['CALENDAR_CONFLICT_DETECTED', 'CALENDAR_CONFLICT_RESOLVED'] }),
    endpoint(3, { state: 'disabled', disabled: { code: 'endpoint_gone', detail: 'It answered 410 Gone.', since: at }, position: { sequence: 12, last_sequence: 1_204 }, last_delivered_at: null }),
  ];
  const delivery = (n, more) => ({ id: id(100 + n), cause: 'feed', outcome: 'delivered', message_id: `msg_${n}`, type: 'SCHEDULE_ENTRY_UPDATED', sequence: 1_181 + n, attempt: 1, http_status: 204, code: null, duration_ms: 42, attempted_at: at, next_attempt_at: null, ...more });
  await answer(page, '/v1/webhook-endpoints', () => ({ body: list(all) }));
  await answer(page, `/v1/webhook-endpoints/${id(2)}/deliveries`, () => ({
    body: list([delivery(3, { outcome: 'failed', attempt: 4, http_status: 503, code: 'http_503', duration_ms: 1_870 }), delivery(2, { type: 'CALENDAR_CONFLICT_DETECTED' }), delivery(1, { type: 'TEST', cause: 'test', sequence: null })]),
  }));
  return { failing: id(2) };
}

export async function examined(page) {
  const finding = (area, check, subject, state, found, more = {}) => ({ area, check, subject, state, found, consequence: null, remedy: null, copy: null, ...more });
  const uri = 'https://calendars.example.com/oauth/google/callback';
  await answer(page, '/v1/admin/doctor', () => ({
    body: {
      state: 'problem', counts: { ok: 3, warning: 1, problem: 1, skipped: 1 }, ran_at: at, took_ms: 1_234, by: 'server',
      items: [
        finding('oauth', 'oauth_client', 'Google', 'ok', 'Google accepts the client 123456789012-abc.apps.googleusercontent.com.'),
        finding('oauth', 'redirect_uri', 'Google', 'problem', `Google refuses ${uri}: it is not registered for this client.`, { consequence: 'Google shows an error instead of the consent: no calendar can be connected.', remedy: 'Add exactly this URI: Google Auth Platform > Clients > (the client) > Authorized redirect URIs.', copy: uri }),
        finding('oauth', 'secret_expiry', 'Microsoft', 'skipped', 'Secrets of Entra end after two years at the latest, and no one but its page tells when.', { remedy: 'Note the day, and you will be warned in time.', copy: 'client_secret_expires = "YYYY-MM-DD"' }),
        finding('database', 'database_version', 'PostgreSQL', 'ok', 'PostgreSQL 15.14 is new enough.'),
        finding('database', 'connections', 'PostgreSQL', 'warning', '92 of 100 connections are in use.', { consequence: 'Another node may find none.', remedy: 'Allow more, and restart PostgreSQL:', copy: "ALTER SYSTEM SET max_connections = '200';" }),
        finding('storage', 'disk_space', 'Data directory', 'ok', '84 GiB are free.'),
      ],
    },
  }));
}

/** A conflict that waits, and a calendar that its owner has to connect again. */
export async function noticed(page, provider) {
  const notice = (n, more) => ({ id: id(n), provider: { id: provider.id, type: provider.type, account: provider.account, calendar_name: provider.account }, conflict: null, problem: null, opened_at: at, ended_at: null, seen_at: null, mail: { state: 'not_wanted', sent_at: null }, ...more });
  await answer(page, '/v1/notifications', () => ({
    body: {
      ...list([
        notice(1, { kind: 'conflict', conflict: { id: id(11), entry_id: id(12), entry_title: 'Replace the switch in hall 3', fields: ['title', 'location'] } }),
        notice(2, { kind: 'calendar', problem: { code: 'invalid_grant', detail: 'The consent was withdrawn or has ended.' }, mail: { state: 'sent', sent_at: at } }),
        notice(3, { kind: 'conflict', seen_at: at, conflict: { id: id(13), entry_id: id(14), entry_title: 'Stand-up', fields: ['time'] } }),
      ]), unseen: 2,
    },
  }));
  await answer(page, '/v1/notification-settings', () => ({ body: { mail_offered: true, mail_tenant: true, mail_own: null } }));
}

/** Microsoft's own client is set, Google's is not. */
export async function ownClients(page) {
  await answer(page, '/v1/oauth-clients/google', () => ({ status: 404, body: { type: 'urn:kalends:problem:oauth_client_not_found', title: 'There is no OAuth client of that kind', status: 404, code: 'oauth_client_not_found', detail: '' } }));
  await answer(page, '/v1/oauth-clients/microsoft', () => ({ body: { type: 'microsoft', client_id: '6f1c0a52-9b1d-4a3e-8c55-0d7be2f10a11', authority_tenant: 'contoso.com', has_secret: true } }));
}
