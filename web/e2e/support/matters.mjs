// SPDX-License-Identifier: Apache-2.0
// What a demonstration does not have by itself: the server answers these paths as a test says.
export const at = '2026-11-20T08:00:00.000Z';
export const id = (n) => `01980000-0000-7000-8000-${String(n).padStart(12, '0')}`;
export const tenantRef = (tenant) => ({ id: tenant.id, name: tenant.name });

/** `reply` gets the request and says `{status, body}`. */
export const answer = (page, path, reply) =>
  page.route((url) => url.pathname === path, (route) => {
    const { status = 200, body } = reply(route.request());
    return route.fulfill({ status, contentType: 'application/json', body: body === undefined ? '' : JSON.stringify(body) });
  });

/** Deletions of a calendar that wait for a yes; `asked()` is what the page answered. `others`: how many further calendars wait, page by page. */
export async function heldDeletions(page, tenant, { count = 40, of = 60, others = 0 } = {}) {
  const { id: provider, type, account } = tenant.providers[0];
  const held = { kind: 'events_would_go', count, of, since: at, approved: false, sample: [{ entry_id: id(1), event_id: 'e1', title: 'Site visit', start: { date: '2026-12-01' } }] };
  let waits = true;
  let asked = null;
  const waiting = (provider_id, name) => ({ provider_id, type, account, calendar_name: name, kind: 'removals', held_removals: { side: 'events', count, of }, since: at, tenant: tenantRef(tenant) });
  await answer(page, '/v1/admin/approvals', (request) => {
    const { searchParams } = new URL(request.url());
    const [from, limit] = [Number(searchParams.get('cursor') ?? 0), Number(searchParams.get('limit'))];
    const all = [...Array.from({ length: others }, (_, n) => waiting(id(1_000 + n), `Calendar ${n}`)), ...(waits ? [waiting(provider, 'Team')] : [])];
    return { body: { items: all.slice(from, from + limit), next_cursor: from + limit < all.length ? String(from + limit) : null } };
  });
  await answer(page, `/v1/calendar-providers/${provider}/approvals`, (request) => {
    if (request.method() === 'POST') {
      asked = { body: request.postDataJSON(), tenant: request.headers()['x-kalends-tenant'] };
      waits = false;
    }
    return { body: { provider_id: provider, items: waits ? [held] : [] } };
  });
  return { provider, asked: () => asked };
}

/** Two dead letters, a push and a pull; `done` says what the page did about them. */
export async function setAside(page, tenant) {
  const letter = (n, kind) => ({
    id: id(n), kind, state: 'open', provider_id: tenant.providers[0].id, entry_id: id(9), event_id: 'e9', action: kind === 'push' ? 'upsert' : null, attempts: 8, code: 'invalid_request',
    detail: 'The vendor refuses the time zone.', first_failed_at: at, last_failed_at: at, closed_at: null, tenant: tenantRef(tenant),
  });
  const open = new Map([[id(1), letter(1, 'push')], [id(2), letter(2, 'pull')]]);
  const done = [];
  await answer(page, '/v1/admin/dead-letters', () => ({ body: { items: [...open.values()], next_cursor: null } }));
  for (const [key, l] of [...open]) {
    await answer(page, `/v1/dead-letters/${key}/replay`, (r) => { open.delete(key); done.push(`replay ${r.headers()['x-kalends-tenant']}`); return { status: 202, body: { ...l, state: 'replayed' } }; });
    await answer(page, `/v1/dead-letters/${key}`, (r) => { open.delete(key); done.push(`${r.method()} ${r.headers()['x-kalends-tenant']}`); return { status: 204 }; });
  }
  return { ids: [...open.keys()], done };
}
