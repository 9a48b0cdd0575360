// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { checkPage } from './support/check_page.mjs';
import { ask } from './support/demo.mjs';
import { settled, signIn, test } from './support/pages.mjs';

const id = (n) => `01980000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const answer = (page, path, reply) =>
  page.route((url) => url.pathname === path, (route) => {
    const body = reply(route.request());
    return route.fulfill({ status: 200, contentType: 'application/json', body: JSON.stringify(body) });
  });

const decision = (n, more = {}) => ({
  id: id(n), time: '2026-11-20T08:00:00.000Z', provider_id: null, entry_id: id(900), event_id: `event-${n}`, reason: 'pull_conflict_external', entry_title: 'Boiler inspection',
  sentence: 'Both sides had changed the same (title); by the calendar’s policy its value won, and the host’s is kept in this row.',
  inputs: { entry_version: 3, event_version: 'v2', groups: ['title'], policy: 'external', winner: 'external', base_entry: { title: 'Inspection' }, entry: { title: 'Boiler inspection' }, event: { title: 'Boiler check' } },
  ...more,
});

/** An entry of the first tenant that stands in a calendar, with at least one decision about it. */
async function syncedEntry(tenant) {
  const entry = await ask(tenant.api_key, 'POST', '/v1/schedule-entries', {
    title: 'Ledger walk 100%', start: { date: '2027-01-11' }, end: { date: '2027-01-12' }, assigned_user_ids: [tenant.users[0].id],
  });
  const until = Date.now() + 30_000;
  for (;;) {
    const { items } = await ask(tenant.api_key, 'GET', `/v1/ledger?entry_id=${entry.id}`);
    if (items.length > 0) return entry;
    if (Date.now() > until) throw new Error('nothing was decided about the entry');
    await new Promise((done) => setTimeout(done, 200));
  }
}

test('why an entry was synced: found by its title, narrowed, unfolded, weighed under another rule', async ({ page, world }) => {
  const tenant = world.tenants[0];
  const entry = await syncedEntry(tenant);
  await signIn(page, tenant.api_key, '/console/decisions');
  await page.waitForSelector('#decisions-list');
  await settled(page);
  await checkPage(page, 'the ledger');
  await page.fill('#decisions-search', '100%');
  await page.waitForFunction(() => document.querySelectorAll('.ledger-line').length > 0 && [...document.querySelectorAll('.ledger-line')].every((l) => l.textContent.includes('Ledger walk')));
  assert.match(page.url(), /entry=100%25/);
  await page.click('.ledger-line .link >> nth=0');
  await page.waitForURL(new RegExp(`entry=${entry.id}`));
  await page.waitForSelector('#decisions-now .pairs');
  await page.click('#decisions-replay-run');
  await page.waitForSelector('#decisions-replay-outcome');
  assert.match(await page.textContent('#decisions-replay-outcome'), /Nothing would have come out otherwise/);
  await page.click('.ledger-line summary >> nth=0');
  await checkPage(page, 'the story of one entry');
  await page.click('#decisions-filter-reason');
  await page.getByRole('option', { name: 'Vendor refused the write' }).click();
  await page.waitForSelector('.empty');
  await checkPage(page, 'nothing found');
});

test('what both sides said is unfolded, and a long list goes on', async ({ page, world }) => {
  const tenant = world.tenants[0];
  const asked = [];
  await answer(page, '/v1/ledger', (request) => {
    const query = new URL(request.url()).searchParams;
    asked.push(query);
    const from = Number(query.get('cursor') ?? 0);
    return { items: Array.from({ length: 50 }, (_, n) => decision(from + n, { provider_id: tenant.providers[0].id })), next_cursor: from === 0 ? '50' : null };
  });
  await answer(page, `/v1/schedule-entries/${id(900)}/decisions/replay`, () => ({
    entry_id: id(900), conflict_policy: 'local', same: 2, weighed_nothing: 1, older_left_out: true,
    items: [{ decision_id: id(1), time: '2026-11-20T08:00:00.000Z', provider_id: tenant.providers[0].id, reason: 'pull_conflict_external', reason_then: 'pull_conflict_local', differs: ['title'], entry_would_say: { title: 'Boiler inspection' } }],
  }));
  await signIn(page, tenant.api_key, `/console/decisions?calendar=${tenant.providers[0].id}`);
  await page.waitForSelector('#decisions-more');
  assert.equal(await page.locator('.ledger-line').count(), 50);
  assert.equal(asked.at(-1).get('provider_id'), tenant.providers[0].id);
  assert.ok(asked.at(-1).get('from'));
  await page.click('#decisions-more');
  await page.waitForSelector('#decisions-more', { state: 'detached' });
  assert.equal(await page.locator('.ledger-line').count(), 100);
  await page.click(`#decision-inputs-${id(3)}`);
  const said = await page.textContent(`#decision-${id(3)} .ledger-inputs`);
  for (const part of ['Inspection', 'Boiler inspection', 'Boiler check', 'Last agreed', 'external']) assert.ok(said.includes(part), part);
  page.allowed.push(/sync-status/);
  await page.click(`#decision-entry-${id(3)}`);
  await page.waitForSelector('#decisions-now');
  await page.getByText('The entry is gone').waitFor();
  await page.click('#decisions-replay-run');
  await page.waitForSelector('#decisions-replay-outcome');
  assert.match(await page.textContent('#decisions-replay-outcome'), /the calendar won → Same field: the entry won/);
  await checkPage(page, 'weighed again');
});

test('a calendar’s page leads to its decisions', async ({ page, world }) => {
  const tenant = world.tenants[0];
  const provider = tenant.providers[0].id;
  await signIn(page, tenant.api_key, `/calendars/${provider}`);
  await page.click('#calendar-decisions');
  await page.waitForURL(new RegExp(`/console/decisions\\?calendar=${provider}`));
  await page.waitForSelector('#decisions-list, .empty');
  assert.equal(await page.locator('#nav-decisions').getAttribute('aria-current'), 'page');
});
