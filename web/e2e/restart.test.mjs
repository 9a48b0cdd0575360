// SPDX-License-Identifier: Apache-2.0
// The server stops and starts below open pages: they say so, catch up, and lose nothing that somebody is writing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { anHour, titled } from '../../tests/e2e/support/entries.mjs';
import { Demonstration } from '../../tests/e2e/support/installation.mjs';
import { launch, newPage } from './support/browser.mjs';
import { choose, settled, signIn } from './support/pages.mjs';

let d, browser;
before(async () => {
  d = await Demonstration.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await d?.stop();
});

/** A page that would show if it was loaded anew: its mark would be gone. */
async function open(key, path) {
  const page = await newPage(browser, d.baseUrl);
  page.allowed.push(/ERR_(CONNECTION|EMPTY|INCOMPLETE|NETWORK|FAILED)|status of 50[23]/);
  await signIn(page, key, path);
  await settled(page);
  await page.evaluate(() => { globalThis.unbroken = true; });
  return page;
}

/** The sequences of the facts that stand in the journal, newest first. */
const told = (page) => page.locator('.fact').evaluateAll((all) => all.map((f) => Number(f.dataset.sequence)));

async function toldAlready(page, sequence) {
  await page.waitForFunction((n) => [...document.querySelectorAll('.fact')].some((f) => Number(f.dataset.sequence) >= n), sequence);
}

test('open pages outlive a restart: told, caught up where they were, nothing twice, no words lost', { timeout: 180_000 }, async () => {
  const [tenant] = d.tenants;
  const id = tenant.providers[0].id;
  const journal = await open(tenant.key, '/activity');
  const settings = await open(tenant.key, `/calendars/${id}?tab=settings`);
  const form = await open(d.adminKey, `/console/tenants/${tenant.id}`);
  await journal.waitForSelector('.stream[data-state="live"]');
  const write = async (what) => {
    await tenant.host.settled((await tenant.host.createEntry(anHour(titled(what), [tenant.users[0].id]))).id);
    return tenant.host.lastSequence();
  };
  await toldAlready(journal, await write('Before the restart'));
  const before = await told(journal);
  await choose(settings, 'settings-conflicts', /A person decides/);
  await form.click('#tenant-key-make');
  await form.fill('#tenant-key-new input[type="text"]', 'Half written');
  // Until the page may come back, nothing of it reaches the server.
  const resumed = [];
  const shut = (route) => route.abort('connectionrefused');
  await journal.route('**/v1/events/stream', shut);

  await d.server.terminate();

  for (const page of [journal, settings, form]) {
    await page.locator('.lost').waitFor({ timeout: 60_000 });
    assert.match(await page.textContent('.lost'), /connection to the server is lost/);
  }
  await form.click('#tenant-key-submit');
  await form.locator('.toast', { hasText: /cannot be reached/ }).waitFor();
  assert.equal(await form.inputValue('#tenant-key-new input[type="text"]'), 'Half written');
  await d.launch();
  const missed = await write('Before the page came back');
  journal.on('request', (r) => r.url().endsWith('/v1/events/stream') && resumed.push(r.headers()['last-event-id']));
  await journal.unroute('**/v1/events/stream', shut);

  for (const page of [journal, settings, form]) {
    await page.locator('.lost').waitFor({ state: 'detached', timeout: 60_000 });
    await page.locator('.stream[data-state="live"]').waitFor();
    assert.equal(await page.evaluate(() => globalThis.unbroken), true, 'the page was loaded anew');
  }
  await toldAlready(journal, missed);
  assert.equal(Number(resumed.at(-1)), Math.max(...before), 'it resumes after the last fact that it has');
  await toldAlready(journal, await write('After the restart'));
  const now = await told(journal);
  assert.deepEqual(now, now.map((_, n) => now[0] - n), 'each fact once, none left out');
  assert.equal(now.at(-1), before.at(-1));

  await settings.click('#settings-save');
  await settings.locator('.toast', { hasText: 'Settings saved' }).waitFor();
  assert.equal((await tenant.host.provider(id)).conflict_policy, 'manual');
  assert.equal(await form.inputValue('#tenant-key-new input[type="text"]'), 'Half written');
  await form.click('#tenant-key-submit');
  await form.locator('#tenant-key-secret').waitFor();
  for (const page of [journal, settings, form]) assert.deepEqual(page.trouble, []);
});
