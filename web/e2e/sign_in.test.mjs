// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { checkPage } from './support/check_page.mjs';
import { ask } from './support/demo.mjs';
import { settled, signIn, test } from './support/pages.mjs';

const refused = /the server responded with a status of 401/;

test('a wrong key is refused with words, and the right one goes where the reader wanted to be', async ({ page, world }) => {
  page.allowed.push(refused);
  await page.goto('/activity');
  await page.waitForSelector('#sign-in-key');
  await checkPage(page, 'signing in');
  await page.click('#sign-in-key-submit');
  assert.match(await page.textContent('.field-problem'), /Enter a key/);
  await page.fill('#sign-in-key', 'not-the-key');
  await page.click('#sign-in-key-submit');
  assert.match(await page.textContent('#sign-in-problem'), /not valid/);
  await checkPage(page, 'a refused key');
  await page.fill('#sign-in-key', world.admin_key);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#activity-pause');
  assert.equal(new URL(page.url()).pathname, '/activity');
});

test('an operator’s form says what is missing', async ({ page }) => {
  await page.goto('/sign-in');
  await page.click('#sign-in-way-account');
  await page.click('#sign-in-account-submit');
  assert.equal(await page.locator('.field-problem').count(), 3);
  await checkPage(page, 'an incomplete form');
});

test('a link signs a person in once, and leaves the address', async ({ page, world, another }) => {
  page.allowed.push(refused);
  const tenant = world.tenants[0];
  const { url } = await ask(tenant.api_key, 'POST', '/v1/sign-in-links', { user_id: tenant.users[0].id, return_to: '/activity' });
  await page.goto(url);
  await page.waitForSelector('#activity-pause');
  assert.equal(new URL(page.url()).hash, '');
  assert.equal(new URL(page.url()).pathname, '/activity');
  const second = await another();
  second.allowed.push(refused);
  await second.goto(url);
  assert.match(await second.textContent('#sign-in-problem'), /no longer valid/);
});

test('a session that ended leads to signing in, and back', async ({ page, world }) => {
  page.allowed.push(refused);
  await signIn(page, world.tenants[0].api_key, '/activity');
  await page.context().clearCookies();
  await page.click('#nav-schedule');
  await page.waitForSelector('#sign-in-key');
  assert.match(await page.textContent('.notice'), /Your session has ended/);
  await page.fill('#sign-in-key', world.tenants[0].api_key);
  await page.click('#sign-in-key-submit');
  await page.waitForSelector('.schedule-grid');
  assert.equal(new URL(page.url()).pathname, '/schedule');
});

test('signing out forgets everything', async ({ page, world }) => {
  await signIn(page, world.tenants[0].api_key);
  await settled(page);
  await page.click('#account');
  await page.click('[data-item="account-sign-out"]');
  await page.waitForSelector('#sign-in-key');
  await page.goto('/');
  await page.waitForSelector('#sign-in-key');
  assert.deepEqual(await page.evaluate(() => ({ ...sessionStorage })), {});
});
