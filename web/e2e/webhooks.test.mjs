// SPDX-License-Identifier: Apache-2.0
// Webhook endpoints: added with a secret that is shown once, watched, sent to again, and mended when they were disabled.
import assert from 'node:assert/strict';
import { Receiver } from '../../tests/e2e/support/receiver.mjs';
import { checkPage } from './support/check_page.mjs';
import { ask } from './support/demo.mjs';
import { settled, signIn, test } from './support/pages.mjs';

test('an endpoint is added, told, disabled and mended', async ({ page, world }) => {
  page.allowed.push(/status of 422/);
  const receiver = await Receiver.open();
  try {
    const { id: tenant } = await ask(world.admin_key, 'POST', '/v1/admin/tenants', { name: 'Told works' });
    const { key } = await ask(world.admin_key, 'POST', `/v1/admin/tenants/${tenant}/keys`, { name: 'admin', role: 'admin' });
    const tell = () => ask(key, 'POST', '/v1/schedule-entries', { title: 'Told', start: { date: '2030-01-07' }, end: { date: '2030-01-08' } });
    const endpoint = async () => (await ask(key, 'GET', '/v1/webhook-endpoints')).items[0];
    await signIn(page, world.admin_key, '/console/webhooks');
    await page.click(`#needs-tenant-${tenant}`);
    await page.waitForSelector('.empty');
    await settled(page);
    await checkPage(page, 'no endpoint yet');

    await page.click('#webhooks-add');
    await page.fill('#endpoint-form-url', 'http://product.example/hooks');
    await page.keyboard.press('Tab');
    await page.getByText('Events are sent over https only. Begin the address with https://.').waitFor();
    await checkPage(page, 'an address that is not safe');
    await page.fill('#endpoint-form-url', 'https://10.0.0.1/hooks');
    await page.click('#endpoint-form-submit');
    await page.getByText(/not on the public internet/).waitFor();
    await page.fill('#endpoint-form-url', receiver.url);
    await page.fill('#endpoint-form-description', 'The scheduling product');
    await page.click('#endpoint-form-submit');
    await page.waitForSelector('#endpoint-secret-text');
    assert.match(await page.textContent('#endpoint-secret-text'), /^whsec_/);
    await checkPage(page, 'the secret');
    await page.click('#endpoint-secret-kept');
    const { id } = await endpoint();
    await page.waitForSelector(`#webhooks-open-${id}`);
    await settled(page);
    await checkPage(page, 'the endpoints');

    await tell();
    await page.click(`#webhooks-open-${id}`);
    await page.waitForSelector('[id^="delivery-again-"]');
    await settled(page);
    await checkPage(page, 'an endpoint');
    await page.click('#webhook-test');
    await page.getByText('The test was taken').waitFor();
    await page.click('[id^="delivery-again-"]');
    await page.waitForSelector('#delivery-again-submit');
    await checkPage(page, 'sending again');
    await page.click('#delivery-again-submit');
    await page.getByText('It was taken').waitFor();
    assert.equal(receiver.taken.filter((m) => m.json.sequence).length, 2);

    receiver.answer = () => 410;
    await tell();
    await page.waitForSelector('#webhook-mend');
    await settled(page);
    await page.getByText(/answered 410 Gone/).first().waitFor();
    await checkPage(page, 'a disabled endpoint');
    receiver.answer = () => 204;
    await page.click('#webhook-mend');
    await page.waitForSelector('#webhook-pause');
    assert.equal((await endpoint()).state, 'active');
    await page.click('#webhook-rotate');
    await page.click('#webhook-rotate-ask-confirm');
    await page.waitForSelector('#endpoint-secret-text');
    await page.click('#endpoint-secret-kept');
    await page.click('#webhook-remove');
    await page.waitForSelector('#webhook-remove-ask');
    await page.click('#webhook-remove-ask-confirm');
    await page.waitForSelector('.empty');
    assert.equal(await endpoint(), undefined);
  } finally {
    await receiver.close();
  }
});
