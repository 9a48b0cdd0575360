// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { ask } from './support/demo.mjs';
import { signIn, test } from './support/pages.mjs';

test('what is shown once is not lost by Escape or by a click beside it', async ({ page, world }) => {
  const { id } = await ask(world.admin_key, 'POST', '/v1/admin/tenants', { name: 'Sticky works' });
  await signIn(page, world.admin_key, `/console/tenants/${id}`);
  const stays = async (dialog) => {
    for (let n = 0; n < 2; ++n) await page.keyboard.press('Escape');
    await page.mouse.click(3, 3);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    assert.equal(await page.locator(dialog).count(), 1, `${dialog} stays`);
  };
  await page.click('#tenant-key-make');
  await page.fill('#tenant-key-new input[type="text"]', 'Reports');
  await page.click('#tenant-key-submit');
  await page.waitForSelector('#tenant-key-secret');
  await stays('#tenant-key-made');
  await page.click('#tenant-key-kept');
  await page.waitForSelector('#tenant-key-made', { state: 'detached' });

  await page.click('#tenant-enter');
  await page.click('#nav-webhooks');
  await page.click('#webhooks-add');
  await page.fill('#endpoint-form-url', 'https://product.example/hooks');
  await stays('#endpoint-form');
  await page.route('**/v1/webhook-endpoints', (route) => (route.request().method() === 'POST'
    ? route.fulfill({ status: 201, contentType: 'application/json', body: JSON.stringify({ secret: 'whsec_shown-once' }) })
    : route.continue()));
  await page.click('#endpoint-form-submit');
  await page.waitForSelector('#endpoint-secret-text');
  await stays('#endpoint-secret');
  await page.click('#endpoint-secret-close');
  await page.waitForSelector('#endpoint-secret', { state: 'detached' });
});

test('a dialog in which nothing is lost closes by Escape and by a click beside it', async ({ page, world }) => {
  const { id } = await ask(world.admin_key, 'POST', '/v1/admin/tenants', { name: 'Loose works' });
  await signIn(page, world.admin_key, `/console/tenants/${id}`);
  for (const close of [() => page.keyboard.press('Escape'), () => page.mouse.click(3, 3)]) {
    await page.click('#tenant-key-make');
    await page.waitForSelector('#tenant-key-new');
    await close();
    await page.waitForSelector('#tenant-key-new', { state: 'detached' });
  }
});
