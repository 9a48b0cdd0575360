// SPDX-License-Identifier: Apache-2.0
// A tenant's own OAuth client: set with what is wrong refused, used for a consent, replaced, removed; its secret in no answer.
// An installation of its own: a calendar that lost its access is seen in the health of all.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { eventually } from '../../tests/e2e/support/eventually.mjs';
import { Demonstration } from '../../tests/e2e/support/installation.mjs';
import { Sandbox } from '../../tests/e2e/support/sandbox.mjs';
import { checkPage } from './support/check_page.mjs';
import { ask } from './support/demo.mjs';
import { choose, settled, signIn, test } from './support/pages.mjs';

let d;
before(async () => {
  d = await Demonstration.start();
  process.env.KALENDS_DEMO = join(d.directory, 'demo.json');
  await d.sandbox.admin('POST', '/consent-mode', { mode: 'page' });
});
after(() => d?.stop());

const vendor = { ignoreHTTPSErrors: true };
const vendorPages = /^https:\/\/127\.0\.0\.1:\d+\//;
const path = '/console/oauth-clients';
const guid = '6f1c0a52-9b1d-4a3e-8c55-0d7be2f10a11';
const noneYet = /status of 404.*\/v1\/oauth-clients\//;

/** A tenant of its own, with one person who has an account at Google. */
async function stage(world, name) {
  const { id } = await ask(world.admin_key, 'POST', '/v1/admin/tenants', { name });
  const key = async (role) => (await ask(world.admin_key, 'POST', `/v1/admin/tenants/${id}/keys`, { name: role, role })).key;
  const admin = await key('admin');
  const sandbox = new Sandbox(world.sandbox);
  const email = `${name.toLowerCase().replaceAll(' ', '-')}@example.com`;
  await sandbox.openAccount(email, 'google');
  const user = await ask(admin, 'POST', '/v1/users', { name: 'Ada Own', email, time_zone: 'Europe/Berlin' });
  const register = () => sandbox.admin('POST', '/clients', { kind: 'google' });
  return { id, key, admin, sandbox, email, user, register };
}

const secretOf = (page) => page.locator('#client-form-secret');

async function fill(page, { id, secret, directory }) {
  if (id !== undefined) await page.fill('#client-form-id', id);
  if (secret !== undefined) await secretOf(page).fill(secret);
  if (directory !== undefined) await page.fill('#client-form-directory', directory);
  await page.keyboard.press('Tab');
}

const says = (page, words) => page.locator('.field-problem', { hasText: words }).waitFor();

/** Neither any answer nor the page itself. */
async function assertUntold(pages, secrets) {
  for (const page of pages) {
    const content = await page.content();
    const values = await page.evaluate(() => [...document.querySelectorAll('input')].map((i) => i.value));
    for (const secret of secrets) {
      assert.deepEqual(page.answers.filter((a) => a.text.includes(secret)).map((a) => `${a.method} ${a.path}`), []);
      assert.ok(!content.includes(secret) && !values.includes(secret), 'the page holds a secret');
    }
  }
}

test('an own client is set, used for a consent, replaced and removed', async ({ page, world }) => {
  page.allowed.push(noneYet, vendorPages, /net::ERR_CERT|favicon|\/rehearsal$/);
  const t = await stage(world, 'Own client works');
  const [first, second] = [await t.register(), await t.register()];
  const kept = () => ask(t.admin, 'GET', '/v1/oauth-clients/google');
  await signIn(page, t.admin);
  await page.click('#nav-clients');
  await page.waitForSelector('#client-google-change');
  await settled(page);
  assert.match(await page.textContent('#client-google'), /The installation’s client/);
  assert.equal(await page.textContent('#client-google-redirect-text'), `${world.base_url}/oauth/google/callback`);
  await checkPage(page, 'no client of one’s own');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.click('#client-microsoft-redirect-copy');
  await page.getByText('Redirect URI copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${world.base_url}/oauth/microsoft/callback`);

  await page.click('#client-google-change');
  await page.click('#client-form-submit');
  await says(page, 'Give the id of the client.');
  await says(page, 'Give the secret of the client.');
  await fill(page, { id: guid, secret: first.client_id });
  await says(page, 'those end in .apps.googleusercontent.com');
  await says(page, 'This is the id of the client, not its secret.');
  await checkPage(page, 'a form with what is wrong');
  await fill(page, { id: first.client_secret });
  await says(page, 'This is a client secret.');
  await fill(page, { id: ` ${first.client_id} `, secret: first.client_secret });
  assert.equal(await page.locator('.field-problem').count(), 0);
  assert.equal(await page.locator('#client-form-follows').count(), 0);
  await page.keyboard.press('Escape');
  await page.mouse.click(5, 5);
  assert.equal(await secretOf(page).inputValue(), first.client_secret);
  assert.equal(await secretOf(page).getAttribute('type'), 'password');
  await page.click('#client-form-submit');
  await page.waitForSelector('#client-google-remove');
  assert.equal(await page.textContent('#client-google-id'), first.client_id);
  assert.deepEqual(await kept(), { type: 'google', client_id: first.client_id, authority_tenant: null, has_secret: true });
  await checkPage(page, 'a client of one’s own');

  await page.click('#nav-calendars');
  await page.click('#calendars-add');
  await choose(page, 'add-calendar-person-open', new RegExp(t.email));
  await page.click('#add-calendar-submit');
  await page.waitForSelector('#connect-client');
  await checkPage(page, 'the way from connecting to the client');
  const [consent] = await Promise.all([page.waitForEvent('popup'), page.click('#connect-window')]);
  await consent.waitForURL(vendorPages);
  assert.match(await consent.textContent('body'), new RegExp(first.client_id.replaceAll('.', '\\.')));
  await consent.check(`input[name="account"][value="${t.email}"]`);
  await Promise.all([consent.waitForEvent('close'), consent.click('button.yes')]);
  await page.waitForSelector('#rehearsal-approve');
  await page.click('#rehearsal-approve');
  await page.click('#rehearsal-confirm-confirm');
  await page.waitForSelector('#calendar-rehearsal', { state: 'detached' });

  await page.click('#nav-clients');
  await page.click('#client-google-change');
  await page.waitForSelector('#client-form-follows');
  assert.match(await page.textContent('#client-form-follows'), /go on as they are/);
  await fill(page, { id: second.client_id, secret: second.client_secret });
  assert.match(await page.textContent('#client-form-follows'), /1 Google calendar is connected.*stops being synced/);
  await checkPage(page, 'before another client takes over');
  await page.click('#client-form-submit');
  await page.locator('#client-google-id', { hasText: second.client_id }).waitFor();
  await assertUntold([page], [first.client_secret, second.client_secret]);

  const [calendar] = (await ask(t.admin, 'GET', '/v1/calendar-providers')).items;
  await t.sandbox.fault({ account: t.email, method: 'events.list', times: 1, status: 401 });
  await ask(t.admin, 'POST', `/v1/calendar-providers/${calendar.id}/sync`, { mode: 'changes' });
  await eventually(async () => (await ask(t.admin, 'GET', `/v1/calendar-providers/${calendar.id}`)).status === 'action_required', { within: 60_000 });

  await page.click('#client-google-remove');
  await page.waitForSelector('#client-removal-connected');
  assert.match(await page.textContent('#client-removal'), /forgotten here.*1 Google calendar is connected/);
  await checkPage(page, 'before a client is removed');
  await page.click('#client-removal-confirm');
  await page.locator('#client-google', { hasText: 'The installation’s client' }).waitFor();
  await assert.rejects(kept(), /404/);
  assert.deepEqual((await ask(t.admin, 'GET', '/v1/audit-log?limit=100')).items.map((a) => a.action).filter((a) => a.startsWith('oauth_client')), ['oauth_client.deleted', 'oauth_client.changed', 'oauth_client.changed']);
  await assertUntold([page], [first.client_secret, second.client_secret]);
}, vendor);

test('Microsoft’s form asks for a directory, and what the server refuses stands at its field', async ({ page, world }) => {
  page.allowed.push(noneYet, /status of (422|400)/);
  const t = await stage(world, 'Directory works');
  const secret = 'Abc8Q~never-shown-0123456789';
  await signIn(page, world.admin_key, `/console/tenants/${t.id}`);
  await page.click('#tenant-clients-open');
  await page.click('#client-microsoft-change');
  await fill(page, { id: 'calendar-app', secret: guid, directory: 'not a directory' });
  await says(page, 'those are GUIDs');
  await says(page, 'This is the Secret ID.');
  await says(page, 'Give a directory id, a domain, organizations or common.');
  await page.click('#client-form-submit');
  assert.equal(await page.locator('#client-form').count(), 1);
  await fill(page, { id: guid, secret, directory: 'contoso.com' });
  await page.route('**/v1/oauth-clients/microsoft', (route) => (route.request().method() === 'PUT'
    ? route.fulfill({ status: 422, contentType: 'application/problem+json', body: JSON.stringify({ type: 'x', title: 'This value is not known', status: 422, code: 'unknown_value', detail: 'No such directory.', field: 'authority_tenant' }) })
    : route.continue()), { times: 1 });
  await page.click('#client-form-submit');
  await says(page, 'No such directory.');
  await checkPage(page, 'what the server refuses');
  await fill(page, { directory: '' });
  await page.click('#client-form-submit');
  await page.waitForSelector('#client-microsoft-remove');
  assert.deepEqual(await ask(t.admin, 'GET', '/v1/oauth-clients/microsoft'), { type: 'microsoft', client_id: guid, authority_tenant: 'common', has_secret: true });
  await assertUntold([page], [secret]);
});

test('who may not see a tenant’s clients is shown none', async ({ page, world, another }) => {
  const t = await stage(world, 'Closed works');
  const { url } = await ask(t.admin, 'POST', '/v1/sign-in-links', { user_id: t.user.id, return_to: path });
  const person = await another();
  await signIn(page, await t.key('operator'), path);
  await person.goto(url);
  for (const who of [page, person]) {
    await who.waitForSelector('#refused-home');
    assert.equal(await who.locator('#nav-clients').count(), 0);
    assert.deepEqual(who.answers.filter((a) => a.path.startsWith('/v1/oauth-clients')), []);
  }
});
