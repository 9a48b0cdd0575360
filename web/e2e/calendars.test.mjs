// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { Sandbox } from '../../tests/e2e/support/sandbox.mjs';
import { checkPage } from './support/check_page.mjs';
import { ask } from './support/demo.mjs';
import { choose, settled, signIn, test } from './support/pages.mjs';

/** The vendor is the sandbox, whose certificate is its own. */
const vendor = { ignoreHTTPSErrors: true };
const vendorPages = /^https:\/\/127\.0\.0\.1:\d+\//;

test('the calendars of a tenant: how each is, and its pages', async ({ page, world }) => {
  const tenant = world.tenants[1];
  await signIn(page, tenant.api_key, '/calendars');
  await page.waitForSelector('.provider');
  assert.equal(await page.locator('.provider').count(), tenant.providers.length);
  assert.match(await page.textContent('.provider-pills'), /OAuth complete/);
  await checkPage(page, 'the calendars');
  await page.click(`#calendar-${tenant.providers[0].id}-open`);
  await page.waitForSelector('#calendar-status');
  await checkPage(page, 'a calendar');
  await page.click('#calendar-tab-runs');
  await page.waitForSelector('#calendar-runs');
  await checkPage(page, 'the runs of a calendar');
});

test('settings are changed, kept, and warn before they are lost', async ({ page, world }) => {
  const tenant = world.tenants[1];
  const id = tenant.providers[1].id;
  await signIn(page, tenant.api_key, `/calendars/${id}?tab=settings`);
  await choose(page, 'settings-conflicts', /A person decides/);
  page.once('dialog', (d) => d.dismiss());
  await page.click('#nav-calendars');
  assert.match(page.url(), new RegExp(id));
  await page.click('#settings-save');
  await page.waitForSelector('.toast');
  assert.equal((await ask(tenant.api_key, 'GET', `/v1/calendar-providers/${id}`)).conflict_policy, 'manual');
  await checkPage(page, 'the settings');
});

test('a calendar is switched off and on', async ({ page, world }) => {
  const tenant = world.tenants[1];
  const id = tenant.providers[1].id;
  await signIn(page, tenant.api_key, '/calendars');
  await page.locator(`label:has(#calendar-${id}-active)`).click();
  await page.waitForSelector(`#calendar-${id}-mend`);
  assert.equal((await ask(tenant.api_key, 'GET', `/v1/calendar-providers/${id}`)).status, 'paused');
  await page.click(`#calendar-${id}-mend`);
  await page.waitForSelector(`#calendar-${id}-mend`, { state: 'detached' });
  assert.equal((await ask(tenant.api_key, 'GET', `/v1/calendar-providers/${id}`)).status, 'active');
});

test('a sync under way holds its button and shows its progress: here, after a reload, and in another tab', async ({ page, world }) => {
  const tenant = world.tenants[0];
  const { id, account, type } = tenant.providers[0];
  const listing = { google: 'events.list', microsoft: 'graph.calendarView.delta' }[type];
  const slow = await new Sandbox(world.sandbox).fault({ account, method: listing, latency_ms: 12_000, times: 0 });
  const button = `#calendar-${id}-sync`;
  const held = (tab) => tab.waitForSelector(`${button}[aria-disabled="true"], ${button}[data-pending]`);
  const free = (tab) => tab.waitForFunction((b) => document.querySelector(b) && !document.querySelector(b).matches('[aria-disabled="true"], [data-pending]'), button, { timeout: 60_000 });
  await signIn(page, tenant.api_key, '/calendars');
  await free(page);
  const other = await page.context().newPage();
  await other.goto('/calendars');
  await free(other);
  const asked = [];
  page.context().on('request', (r) => r.method() === 'POST' && r.url().endsWith('/sync') && asked.push(r.url()));

  await page.click(button);

  for (const tab of [page, other]) {
    await held(tab);
    await tab.waitForSelector(`#calendar-${id} .progress`);
    assert.match(await tab.textContent(button), /Syncing/);
  }
  await other.click(button, { force: true });
  await page.reload();
  await held(page);
  await page.waitForSelector(`#calendar-${id} .progress`);
  await slow.end();
  await checkPage(page, 'a sync under way');
  await free(page);
  await free(other);
  await other.locator('.toast', { hasText: /is in step/ }).waitFor();
  assert.equal(asked.length, 1, 'a held button asks for nothing');
  const { items } = await ask(tenant.api_key, 'GET', `/v1/sync-runs?provider_id=${id}&limit=5`);
  assert.ok(items.some((r) => r.cause === 'manual' && r.outcome === 'succeeded'));
  assert.deepEqual(page.trouble, []);
});

test('a calendar is added, connected in a window, rehearsed, begun, and disconnected', async ({ page, world }) => {
  page.allowed.push(vendorPages, /net::ERR_CERT|favicon|\/rehearsal$/);
  const tenant = world.tenants[0];
  await signIn(page, tenant.api_key, '/calendars');
  await settled(page);
  await page.click('#calendars-add');
  await page.click('#add-calendar-submit');
  assert.match(await page.textContent('.field-problem'), /Choose a person/);
  await checkPage(page, 'the form without a person');
  await choose(page, 'add-calendar-person-open', new RegExp(tenant.users[1].email));
  await page.click('#add-calendar-submit');
  await page.waitForSelector('#connect-window');
  await checkPage(page, 'before the consent');
  const [consent] = await Promise.all([page.waitForEvent('popup'), page.click('#connect-window')]);
  await consent.waitForURL(vendorPages);
  await consent.check('input[name="account"] >> nth=0');
  await Promise.all([consent.waitForEvent('close'), consent.click('button.yes')]);
  await page.waitForSelector('#calendar-rehearsal');
  const id = new URL(page.url()).pathname.split('/').at(-1);
  await page.waitForSelector('#rehearsal-approve');
  await checkPage(page, 'the rehearsal');
  await page.click('#rehearsal-approve');
  await page.click('#rehearsal-confirm-confirm');
  await page.waitForSelector('#calendar-rehearsal', { state: 'detached' });
  await page.click('#calendar-more');
  await page.click('[data-item="calendar-more-remove"]');
  await page.waitForSelector('#remove-calendar-confirm');
  await checkPage(page, 'before disconnecting');
  await page.click('#remove-calendar-confirm');
  await page.waitForURL(/\/calendars$/);
  await assert.rejects(ask(tenant.api_key, 'GET', `/v1/calendar-providers/${id}`), /404/);
}, vendor);

test('a person sees their own calendars and nothing else', async ({ page, world }) => {
  const tenant = world.tenants[0];
  const { url } = await ask(tenant.api_key, 'POST', '/v1/sign-in-links', { user_id: tenant.users[0].id, return_to: '/calendars' });
  await page.goto(url);
  await page.waitForSelector('.provider');
  assert.equal(await page.locator('.provider').count(), tenant.providers.filter((p) => p.user_id === tenant.users[0].id).length);
  assert.equal(await page.locator('#nav-console').count(), 0);
  await checkPage(page, 'a person’s own calendars');
});
