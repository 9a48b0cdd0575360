// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { checkPage } from './support/check_page.mjs';
import { settled, signIn, test } from './support/pages.mjs';

test('an operator sees every tenant’s calendars, and goes into one tenant', async ({ page, world }) => {
  await signIn(page, world.admin_key);
  await page.waitForSelector('.provider');
  assert.equal(await page.locator('.provider').count(), world.tenants.flatMap((t) => t.providers).length);
  await checkPage(page, 'the overview');
  await page.click('#tenant-switcher');
  await page.click(`[data-item="tenant-switcher-${world.tenants[0].id}"]`);
  await page.waitForFunction((n) => document.querySelectorAll('.provider').length === n, world.tenants[0].providers.length);
  await page.reload();
  await page.waitForSelector('.provider');
  assert.equal(await page.locator('.provider').count(), world.tenants[0].providers.length);
});

test('the journal shows what happened, filtered and paused', async ({ page, world }) => {
  await signIn(page, world.tenants[0].api_key, '/activity');
  await page.waitForSelector('.fact');
  await checkPage(page, 'the journal');
  await page.click('#activity-filter-conflicts');
  await page.waitForSelector('.empty');
  await page.click('#activity-filter-all');
  await page.click('#activity-pause');
  assert.match(await page.textContent('#activity-pause'), /Resume/);
});

test('a page that the browser has kept is opened and loaded again', async ({ page, world }) => {
  await signIn(page, world.tenants[0].api_key);
  for (const again of [() => page.goto('/calendars'), () => page.goto('/calendars'), () => page.reload(), () => page.goBack(), () => page.goForward()]) {
    await again();
    await page.waitForSelector('.shell #page-title');
  }
  assert.deepEqual(page.trouble, []);
});

test('an address without a page says so', async ({ page, world }) => {
  await signIn(page, world.tenants[0].api_key);
  await settled(page);
  await page.evaluate(() => { history.pushState(null, '', '/nowhere'); dispatchEvent(new PopStateEvent('popstate')); });
  await page.waitForSelector('#not-found-home');
  await checkPage(page, 'no such page');
});

test('the menu opens on a narrow screen, and closes behind the page that was chosen', async ({ page, world }) => {
  await signIn(page, world.tenants[0].api_key);
  await page.setViewportSize({ width: 360, height: 800 });
  await page.click('#top-menu');
  await page.click('#drawer-activity');
  await page.waitForSelector('#activity-pause');
  assert.equal(await page.locator('.drawer').count(), 0);
  // The new page's name is read out, and stays where the keyboard goes on from.
  await page.waitForFunction(() => document.activeElement?.id === 'page-title');
  await page.waitForTimeout(600);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'page-title');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => !!document.activeElement?.closest('#content')), true);
});

test('colours follow the reader’s choice, over a reload', async ({ page, world }) => {
  await signIn(page, world.tenants[0].api_key);
  await page.click('#account');
  await page.click('[data-item="account-theme-dark"]');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
});
