// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { checkPage } from './support/check_page.mjs';
import { overlap } from './support/overlap.mjs';
import { settled, signIn, test } from './support/pages.mjs';

test('a conflict is told of once, seen side by side, and decided field by field', async ({ page, world }) => {
  const { key, host, id, conflict } = await overlap(world);
  await signIn(page, key, '/conflicts');
  await page.waitForSelector(`#conflict-${conflict.id}-open`);
  await page.waitForSelector('#nav-conflicts .nav-count');
  await checkPage(page, 'the open conflicts');
  await page.click('#bell');
  await page.click(`#bell-conflict-${conflict.id}`);
  await page.waitForSelector('#conflict-group-title');
  assert.match(await page.textContent('#conflict-location-base'), /Base/);
  assert.match(await page.textContent('#conflict-location-local'), /Changed.*Hall/);
  assert.match(await page.textContent('#conflict-location-external'), /Changed.*Roof/);
  await page.locator('label:has(#conflict-pick-title-external), #conflict-pick-title-external').first().click();
  assert.equal(await page.locator('#conflict-merge[data-disabled]').count(), 1);
  await page.locator('label:has(#conflict-pick-location-local), #conflict-pick-location-local').first().click();
  await page.waitForSelector('#conflict-preview .conflict-side');
  await checkPage(page, 'an open conflict with its preview');
  await page.click('#conflict-merge');
  await page.waitForSelector('#conflict-decider');
  const entry = await host.entry(id);
  assert.deepEqual([entry.title, entry.location], [conflict.external.title, 'Hall']);
  assert.match(await page.textContent('#conflict-title-external'), /Stands/);
  assert.match(await page.textContent('#conflict-title-local'), /Gave way/);
});

test('the bell tells once, offers both sides, and knows in every browser what was seen', async ({ page, world, another }) => {
  const { key, host, id, conflict } = await overlap(world);
  await signIn(page, key);
  await page.waitForSelector('#bell .icon-count');
  await page.click('#bell');
  await page.waitForSelector(`#bell-local-${conflict.id}`);
  await checkPage(page, 'what needs somebody', { rules: { region: { enabled: false } } });
  await page.click(`#bell-see-${conflict.id}`);
  await page.waitForSelector(`#bell-item-${conflict.id}[data-seen]`);
  const second = await another();
  await signIn(second, key);
  await second.click('#bell');
  await second.waitForSelector(`#bell-item-${conflict.id}[data-seen]`);
  assert.equal(await second.locator(`#bell-see-${conflict.id}`).count(), 0);
  await second.click(`#bell-external-${conflict.id}`);
  await second.waitForSelector(`#bell-item-${conflict.id}`, { state: 'detached' });
  assert.equal((await host.entry(id)).title, conflict.external.title);
  await page.waitForSelector(`#bell-item-${conflict.id}`, { state: 'detached' });
});

test('one click decides, who was slower is told, and what gave way comes back', async ({ page, world }) => {
  page.allowed.push(/status of 409/);
  const { key, host, id, conflict } = await overlap(world);
  await signIn(page, key, `/conflicts/${conflict.id}`);
  await page.waitForSelector('#conflict-keep-external');
  await settled(page);
  // Somebody else is faster, and this page has not heard of it yet.
  await page.route(`**/v1/conflicts/${conflict.id}`, (r) => r.fulfill({ json: conflict }));
  await host.post(`/v1/conflicts/${conflict.id}/resolution`, { choice: 'local' });
  await page.click('#conflict-keep-external');
  await page.waitForSelector('#conflict-look-again');
  assert.match(await page.textContent('.error-cause'), /decided already/);
  await page.unroute(`**/v1/conflicts/${conflict.id}`);
  await page.click('#conflict-look-again');
  await page.waitForSelector('#conflict-restore');
  await checkPage(page, 'a decided conflict');
  await page.click('#conflict-restore');
  await page.click('#conflict-restore-confirm-confirm');
  await page.waitForSelector('.toast');
  const entry = await host.entry(id);
  assert.deepEqual([entry.title, entry.location], [conflict.external.title, 'Roof']);
  await page.click('#conflict-back');
  await page.click('#conflicts-filter-resolved');
  await page.waitForSelector(`#conflict-${conflict.id}-open`);
});
