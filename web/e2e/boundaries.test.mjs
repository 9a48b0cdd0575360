// SPDX-License-Identifier: Apache-2.0
// What is not one's own stays unseen, whatever the address says; a session that ends below a change says that it was not made.
import assert from 'node:assert/strict';
import { ask } from './support/demo.mjs';
import { overlap } from './support/overlap.mjs';
import { choose, settled, signIn, test } from './support/pages.mjs';

const refusals = /status of (401|403|404)/;

/** Goes there within the page, as a reader who types an address, and keeps what the server answered. */
async function goTo(page, path) {
  const answers = [];
  const keep = (r) => r.url().includes('/v1/') && !r.url().includes('/stream') && answers.push(r);
  page.on('response', keep);
  await page.goto(path);
  await page.waitForSelector('#page-title');
  await settled(page);
  page.off('response', keep);
  return answers;
}

test('an address of another tenant, or of another person, shows nothing of theirs', async ({ page, world, another }) => {
  const [mine, theirs] = world.tenants;
  const { conflict } = await overlap(world);
  const calendar = theirs.providers[0];
  const colleague = mine.providers.find((p) => p.user_id !== mine.users[0].id);
  const entry = conflict.entry_id;
  const words = [theirs.name, ...theirs.providers.map((p) => p.account), ...theirs.users.map((u) => u.name), conflict.external.title, conflict.local.title];
  const { url } = await ask(mine.api_key, 'POST', '/v1/sign-in-links', { user_id: mine.users[0].id, return_to: '/' });
  const person = await another();
  await person.goto(url);
  await person.waitForSelector('.shell #page-title');
  await signIn(page, mine.api_key);
  const foreign = [`/calendars/${calendar.id}`, `/calendars/${calendar.id}?tab=settings`, `/calendars/${calendar.id}?tab=runs`, `/conflicts/${conflict.id}`, `/schedule?entry=${entry}`, `/console/tenants/${theirs.id}`, '/console', '/console/audit', '/console/dead-letters', '/console/approvals', '/console/runs', '/console/quota', '/console/tenants'];
  for (const who of [page, person]) {
    who.allowed.push(refusals);
    for (const path of foreign) {
      const answers = await goTo(who, path);
      const shown = await who.textContent('body');
      for (const word of words) assert.ok(!shown.includes(word), `${path} shows ${word}`);
      if (path.startsWith('/calendars/') || path.startsWith('/conflicts/')) {
        const id = path.split(/[/?]/)[2];
        const refused = answers.filter((r) => r.url().includes(id));
        assert.ok(refused.length > 0, `${path} asks for it`);
        for (const r of refused) assert.ok([403, 404].includes(r.status()), `${r.url()}: ${r.status()}`);
        assert.match(shown, /no longer connected|no such conflict|not for you|does not exist|belongs to somebody else/i, `${path} says so`);
      }
      if (path.startsWith('/console')) assert.equal(await who.locator('#refused-home').count(), 1, path);
      for (const r of answers) assert.ok(!(await r.text().catch(() => '')).includes(calendar.account), `${r.url()} tells of ${calendar.account}`);
    }
    assert.deepEqual(who.trouble, []);
  }
  await goTo(person, `/calendars/${colleague.id}`);
  assert.ok(!(await person.textContent('body')).includes(colleague.account));
});

test('a change below a session that has ended is said not to be made, and can be made after signing in', async ({ page, world }) => {
  page.allowed.push(refusals);
  const tenant = world.tenants[1];
  const { id } = tenant.providers.at(-1);
  await signIn(page, tenant.api_key, `/calendars/${id}?tab=settings`);
  const before = (await ask(tenant.api_key, 'GET', `/v1/calendar-providers/${id}`)).deletion_policy;
  await choose(page, 'settings-deletions', before === 'unlink' ? /Cancel the entry/ : /Keep the entry/);
  await page.context().clearCookies();
  await page.click('#settings-save');
  await page.waitForSelector('#sign-in-key');
  assert.match(await page.textContent('#sign-in-ended'), /session has ended.*was not made/);
  assert.equal((await ask(tenant.api_key, 'GET', `/v1/calendar-providers/${id}`)).deletion_policy, before);
  await page.fill('#sign-in-key', tenant.api_key);
  await page.click('#sign-in-key-submit');
  await page.waitForSelector('#settings-save');
  assert.match(page.url(), new RegExp(`/calendars/${id}\\?tab=settings$`));
  await page.locator('.toast', { hasText: 'Your last change was not made' }).waitFor();
  await choose(page, 'settings-deletions', before === 'unlink' ? /Cancel the entry/ : /Keep the entry/);
  await page.click('#settings-save');
  await page.locator('.toast', { hasText: 'Settings saved' }).waitFor();
  await ask(tenant.api_key, 'PATCH', `/v1/calendar-providers/${id}`, { deletion_policy: before });
});

test('an operator whose session ended comes back into the tenant that they worked in', async ({ page, world }) => {
  page.allowed.push(refusals);
  const tenant = world.tenants[1];
  await signIn(page, world.admin_key);
  await page.click('#tenant-switcher');
  await page.click(`[data-item="tenant-switcher-${tenant.id}"]`);
  await page.goto(`/calendars/${tenant.providers.at(-1).id}?tab=settings`);
  await choose(page, 'settings-mail', /The guests/);
  await page.context().clearCookies();
  await page.click('#settings-save');
  await page.waitForSelector('#sign-in-key');
  await page.fill('#sign-in-key', world.admin_key);
  await page.click('#sign-in-key-submit');
  await page.waitForSelector('#settings-save');
  await page.locator('.toast', { hasText: 'Your last change was not made' }).waitFor();
});
