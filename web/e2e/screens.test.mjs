// SPDX-License-Identifier: Apache-2.0
// Every page and its main dialogs, compared with their pictures: three widths, two themes. An installation of its own, so that no other test is in them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Demonstration } from '../../tests/e2e/support/installation.mjs';
import { launch, newPage } from './support/browser.mjs';
import { answer, heldDeletions, id, setAside } from './support/matters.mjs';
import { overlap } from './support/overlap.mjs';
import { settled, signIn } from './support/pages.mjs';
import { decided, endpoints, examined, noticed, ownClients } from './support/pictured.mjs';
import { screenshot } from './support/screenshot.mjs';

let d, browser, world;
before(async () => {
  d = await Demonstration.start();
  world = d.manifest;
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await d?.stop();
});

/** Lists that grow show what stood in them first; no fact comes while a picture is taken. */
async function open(key) {
  const page = await newPage(browser, d.baseUrl);
  await page.route(/\/v1\/(admin\/)?events\/stream/, () => {});
  for (const [path, rows] of [['/v1/admin/audit-log', 9], ['/v1/admin/sync-runs', 6], ['/v1/sync-runs', 4], ['/v1/events', 8]])
    await page.route((url) => url.pathname === path, async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      const items = path === '/v1/events' ? body.items.slice(0, rows) : body.items.slice(-rows);
      await route.fulfill({ response, json: { ...body, items, next_cursor: null } });
    });
  if (key) await signIn(page, key);
  return page;
}

async function at(page, path, ready) {
  await page.goto(path);
  await page.waitForSelector(ready);
  await settled(page);
}

const pictures = (name, body) => test(name, { timeout: 180_000 }, body);

pictures('signing in', async () => {
  const page = await open(null);
  await at(page, '/sign-in', '#sign-in-key');
  await screenshot(page, 'sign-in', { inManual: 'sign-in' });
  await page.click('#sign-in-way-account');
  await screenshot(page, 'sign-in-operator', { inManual: 'sign-in-operator' });
});

pictures('a tenant’s pages', async () => {
  const tenant = world.tenants[0];
  const [provider] = tenant.providers;
  const page = await open(tenant.api_key);
  await at(page, '/', '.provider');
  await screenshot(page, 'home');
  await at(page, '/calendars', '.provider');
  await screenshot(page, 'calendars', { inManual: 'calendars' });
  await page.click('#calendars-add');
  await page.waitForSelector('#add-calendar');
  await screenshot(page, 'calendars-add');
  await at(page, `/calendars/${provider.id}`, '#calendar-status');
  await screenshot(page, 'calendar');
  await page.click('#calendar-more');
  await page.click('[data-item="calendar-more-connect"]');
  await page.waitForSelector('#connect-window');
  await screenshot(page, 'calendar-connect', { inManual: 'connect' });
  await page.click('#connect-later');
  await page.click('#calendar-more');
  await page.click('[data-item="calendar-more-remove"]');
  await page.waitForSelector('#remove-calendar-confirm');
  await screenshot(page, 'calendar-remove');
  await at(page, `/calendars/${provider.id}?tab=settings`, '#settings-save');
  await screenshot(page, 'calendar-settings');
  await at(page, `/calendars/${provider.id}?tab=runs`, '#calendar-runs');
  await screenshot(page, 'calendar-runs');
  await at(page, '/activity', '.fact');
  await screenshot(page, 'activity');
  await page.evaluate(() => { history.pushState(null, '', '/nowhere'); dispatchEvent(new PopStateEvent('popstate')); });
  await page.waitForSelector('#not-found-home');
  await screenshot(page, 'not-found');
});

pictures('a conflict', async () => {
  const { key, conflict } = await overlap(world);
  const page = await open(key);
  await at(page, '/conflicts', `#conflict-${conflict.id}-open`);
  await screenshot(page, 'conflicts');
  await at(page, `/conflicts/${conflict.id}`, '#conflict-keep-local');
  await screenshot(page, 'conflict', { inManual: 'conflict' });
});

pictures('the console', async () => {
  const page = await open(world.admin_key);
  await answer(page, '/v1/admin/timeline', () => ({
    body: { items: Array.from({ length: 24 }, (_, n) => ({ begins_at: new Date(Date.UTC(2026, 10, 22, n)).toISOString(), runs_succeeded: 10 + ((n * 7) % 13), runs_failed: n % 9 === 4 ? 2 : 0, notices: 4, events_read: 40, events_applied: 5 + (n % 6), writes: 3 + (n % 5), conflicts: n % 8 === 3 ? 1 : 0 })) },
  }));
  await at(page, '/console', '#health-calendars .row');
  await screenshot(page, 'console', { inManual: 'health' });
  await at(page, '/console/tenants', '#tenants-table');
  await screenshot(page, 'tenants');
  await at(page, `/console/tenants/${world.tenants[0].id}`, '#tenant-work-change');
  await screenshot(page, 'tenant');
  await page.click('#tenant-work-change');
  await page.waitForSelector('#tenant-work-ask');
  await screenshot(page, 'tenant-stop', { inManual: 'stop' });
  await page.keyboard.press('Escape');
  await page.click('#tenant-key-make');
  await page.waitForSelector('#tenant-key-new');
  await screenshot(page, 'tenant-key');
  await at(page, '/console/runs?outcome=all', '#runs-table');
  await screenshot(page, 'runs');
  await at(page, '/console/quota', '#quota-table, .empty');
  await screenshot(page, 'quota', { most: 0.05 });
  await at(page, '/console/audit', '#audit-table');
  await screenshot(page, 'audit', { most: 0.1 });
  assert.deepEqual(page.trouble, []);
});

pictures('what waits for the operator', async () => {
  const page = await open(world.admin_key);
  const { provider } = await heldDeletions(page, world.tenants[0]);
  await setAside(page, world.tenants[1]);
  await at(page, '/console/approvals', '#approvals-table');
  await screenshot(page, 'approvals');
  await page.click(`#approvals-decide-${provider}-events`);
  await page.waitForSelector('#approval-refuse');
  await screenshot(page, 'approval', { inManual: 'approval' });
  await at(page, '/console/dead-letters', '#letters-table');
  await screenshot(page, 'dead-letters');
  await page.click(`#letters-decide-${id(1)}`);
  await page.waitForSelector('#letter-replay');
  await screenshot(page, 'dead-letter', { inManual: 'dead-letter' });
});

pictures('why something was synced', async () => {
  const [tenant] = world.tenants;
  const page = await open(tenant.api_key);
  await decided(page, tenant.providers[0]);
  await at(page, '/console/decisions', '#decisions-list');
  await screenshot(page, 'decisions');
  await page.click(`#decision-inputs-${id(1)}`);
  await page.waitForSelector(`#decision-${id(1)} details[open]`);
  await screenshot(page, 'decision-inputs', { inManual: 'decisions' });
});

pictures('where events are sent to', async () => {
  const page = await open(world.tenants[0].api_key);
  const { failing } = await endpoints(page);
  await at(page, '/console/webhooks', '#webhooks-table');
  await screenshot(page, 'webhooks');
  await page.click('#webhooks-add');
  await page.waitForSelector('#endpoint-form-submit');
  await screenshot(page, 'webhook-form');
  await at(page, `/console/webhooks?endpoint=${failing}`, '#webhook-deliveries-table');
  await screenshot(page, 'webhook');
});

pictures('what the doctor finds', async () => {
  const page = await open(world.admin_key);
  await examined(page);
  await at(page, '/console/doctor', '#doctor-oauth');
  await screenshot(page, 'doctor', { inManual: 'doctor' });
});

pictures('what needs a person', async () => {
  const [tenant] = world.tenants;
  const page = await open(null);
  await noticed(page, tenant.providers[0]);
  await decided(page, tenant.providers[0]);
  await signIn(page, tenant.api_key, '/console/decisions');
  await page.waitForSelector('#decisions-list');
  await page.locator('#bell .icon-count').waitFor();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.click('#bell');
  await page.waitForSelector('#bell-list');
  await screenshot(page, 'bell', { inManual: 'bell' });
});

pictures('a tenant’s own OAuth clients', async () => {
  const page = await open(null);
  await ownClients(page);
  await signIn(page, world.tenants[0].api_key, '/console/oauth-clients');
  await page.waitForSelector('#client-microsoft-remove');
  await settled(page);
  await screenshot(page, 'oauth-clients');
  await page.click('#client-microsoft-change');
  await page.waitForSelector('#client-form-follows');
  await page.fill('#client-form-id', 'calendar-app');
  await page.click('#client-form-submit');
  await screenshot(page, 'oauth-client-form', { inManual: 'oauth-client-form' });
  await page.click('#client-form-cancel');
  await page.click('#client-microsoft-remove');
  await page.waitForSelector('#client-removal-connected');
  await screenshot(page, 'oauth-client-remove');
});
