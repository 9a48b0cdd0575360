// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { checkPage } from './support/check_page.mjs';
import { ask } from './support/demo.mjs';
import { answer, at, heldDeletions, id, setAside, tenantRef } from './support/matters.mjs';
import { settled, signIn, test } from './support/pages.mjs';

test('the health of all calendars: figures, the last day, filters, and the way into one', async ({ page, world }) => {
  await signIn(page, world.admin_key, '/console');
  await page.waitForSelector('#health-calendars .row');
  await settled(page);
  assert.equal(await page.locator('#health-calendars .row').count(), world.tenants.flatMap((t) => t.providers).length);
  await checkPage(page, 'the health');
  await page.click('#health-timeline-view');
  assert.equal(await page.locator('#health-timeline-table .row').count(), 24);
  await checkPage(page, 'the last day as a table');
  await page.getByRole('columnheader', { name: 'Last read' }).click();
  await page.waitForURL(/sort=last_sync/);
  await page.fill('#health-search', 'no such calendar anywhere');
  await page.waitForSelector('.empty');
  await page.fill('#health-search', '');
  const provider = world.tenants[0].providers[0];
  await page.click(`#health-open-${provider.id}`);
  await page.waitForSelector('#calendar-status');
  assert.match(page.url(), new RegExp(`/calendars/${provider.id}$`));
});

test('a thousand calendars are walked through without all being drawn', async ({ page, world }) => {
  const { items } = await ask(world.admin_key, 'GET', '/v1/admin/providers?limit=1');
  await answer(page, '/v1/admin/providers', (request) => {
    const from = Number(new URL(request.url()).searchParams.get('cursor') ?? 0);
    return { body: { items: Array.from({ length: 200 }, (_, n) => ({ ...items[0], id: id(from + n), account: `person-${from + n}@example.com` })), next_cursor: from + 200 < 1000 ? String(from + 200) : null } };
  });
  await signIn(page, world.admin_key, '/console');
  await page.waitForSelector('#health-calendars .row');
  await page.click('#health-more');
  await page.waitForSelector('#health-more', { state: 'detached' });
  assert.equal(await page.getAttribute('#health-calendars', 'aria-rowcount'), '1001');
  assert.ok((await page.locator('#health-calendars .row').count()) < 200);
  await checkPage(page, 'many calendars');
  await page.hover('#health-calendars');
  await page.mouse.wheel(0, 15_000);
  await page.waitForFunction(() => Number(document.querySelector('#health-calendars .row:last-child')?.getAttribute('aria-rowindex')) > 300);
  const rows = await page.$$eval('#health-calendars .row', (all) => all.map((r) => [r.dataset.row.slice(-36), r.querySelector('[id^="health-open-"]')?.id.slice(-36)]));
  assert.ok(rows.length > 5 && rows.every(([row, button]) => row === button), 'a button has the id of its own row');
});

test('a tenant’s work is stopped and goes on, and its stage changes', async ({ page, world }) => {
  const { id: tenant } = await ask(world.admin_key, 'POST', '/v1/admin/tenants', { name: 'Quiet works' });
  const now = () => ask(world.admin_key, 'GET', `/v1/admin/tenants/${tenant}`);
  await signIn(page, world.admin_key, '/console/tenants');
  await page.waitForSelector(`#tenants-open-${tenant}`);
  await checkPage(page, 'the tenants');
  await page.click(`#tenants-open-${tenant}`);
  await page.waitForSelector('#tenant-work-change');
  await settled(page);
  await checkPage(page, 'a tenant');
  await page.click('#tenant-work-change');
  await page.waitForSelector('#tenant-work-ask');
  await checkPage(page, 'before stopping');
  await page.click('#tenant-work-ask-confirm');
  await page.getByText('Work is stopped').waitFor();
  assert.equal((await now()).work_stopped, true);
  await page.click('#tenant-work-change');
  await page.click('#tenant-work-ask-confirm');
  await page.getByText('Work goes on').waitFor();
  assert.equal((await now()).work_stopped, false);
  await page.click('#tenant-stage');
  await page.getByRole('option', { name: 'Beta' }).click();
  await page.getByText('Saved').waitFor();
  assert.equal((await now()).release_stage, 'beta');
  await page.locator('label:has(#tenant-flag-guest_mail)').click();
  await page.waitForFunction(() => document.querySelectorAll('.toast').length > 3);
  assert.equal((await now()).flags.guest_mail, false);
});

test('a key is made, shown once, and revoked', async ({ page, world }) => {
  const { id: tenant } = await ask(world.admin_key, 'POST', '/v1/admin/tenants', { name: 'Key works' });
  await signIn(page, world.admin_key, `/console/tenants/${tenant}`);
  await page.click('#tenant-key-make');
  await page.click('#tenant-key-submit');
  assert.match(await page.textContent('.field-problem'), /Give the key a name/);
  await page.fill('#tenant-key-new input[type="text"]', 'Reports');
  await checkPage(page, 'the form of a key');
  await page.click('#tenant-key-submit');
  const secret = await page.textContent('#tenant-key-secret');
  await checkPage(page, 'a key that was made');
  assert.deepEqual((await ask(secret, 'GET', '/v1/calendar-providers')).items, []);
  await page.click('#tenant-key-kept');
  const [key] = (await ask(world.admin_key, 'GET', `/v1/admin/tenants/${tenant}/keys`)).items.filter((k) => k.name === 'Reports');
  assert.ok(!(await page.content()).includes(secret));
  await page.click(`#tenant-key-revoke-${key.id}`);
  await page.click('#tenant-key-ask-confirm');
  await page.waitForSelector(`#tenant-key-revoke-${key.id}`, { state: 'detached' });
  await assert.rejects(ask(secret, 'GET', '/v1/calendar-providers'), /401/);
});

test('held deletions are shown as they are, and refused in their tenant', async ({ page, world }) => {
  const tenant = world.tenants[0];
  const { provider, asked } = await heldDeletions(page, tenant);
  await signIn(page, world.admin_key, '/console/approvals');
  await page.waitForSelector('#approvals-table');
  await checkPage(page, 'the approvals');
  await page.click(`#approvals-decide-${provider}-events`);
  await page.waitForSelector('#approval-refuse');
  assert.match(await page.textContent('#approval'), /40 of 60/);
  await checkPage(page, 'before an answer');
  await page.click('#approval-refuse');
  await page.getByText('Nothing waits for a yes').waitFor();
  assert.equal(asked().tenant, tenant.id);
  assert.equal(asked().body.decision, 'refuse');
  assert.equal(asked().body.count, 40);
});

test('more calendars than fit a page are all reached, and one act that names the number carries out all deletions of one', async ({ page, world }) => {
  const tenant = world.tenants[0];
  const { provider, asked } = await heldDeletions(page, tenant, { count: 1_412, of: 2_000, others: 450 });
  await signIn(page, world.admin_key, '/console/approvals');
  for (const rows of [201, 401, 452]) {
    await page.waitForFunction((n) => document.getElementById('approvals-table')?.getAttribute('aria-rowcount') === String(n), rows);
    if (rows < 452) await page.click('#approvals-more');
  }
  assert.equal(await page.locator('#approvals-more').count(), 0);
  await checkPage(page, 'all approvals');
  await page.hover('#approvals-table');
  for (let n = 0; n < 100 && !(await page.isVisible(`#approvals-decide-${provider}-events`)); ++n) {
    await page.mouse.wheel(0, 4_000);
    await page.waitForTimeout(100);
  }
  await page.click(`#approvals-decide-${provider}-events`);
  await page.waitForSelector('#approval-approve');
  assert.equal(await page.textContent('#approval-approve'), 'Carry out all 1,412');
  assert.match(await page.textContent('#approval'), /1 of the 1,412/);
  await checkPage(page, 'many deletions');
  await page.click('#approval-approve');
  await page.waitForSelector('#approval', { state: 'detached' });
  assert.deepEqual([asked().tenant, asked().body.decision, asked().body.kind, asked().body.count], [tenant.id, 'approve', 'events_would_go', 1_412]);
});

test('a dead letter tells its cause, and is tried again or dismissed', async ({ page, world }) => {
  const tenant = world.tenants[1];
  const { ids, done } = await setAside(page, tenant);
  await signIn(page, world.admin_key, '/console/dead-letters');
  await page.waitForSelector('#letters-table');
  assert.match(await page.textContent('#letters-table'), /refuses the time zone/);
  await checkPage(page, 'the dead letters');
  await page.click(`#letters-decide-${ids[0]}`);
  await page.waitForSelector('#letter-replay');
  await checkPage(page, 'a dead letter');
  await page.click('#letter-replay');
  await page.waitForSelector(`#letters-decide-${ids[0]}`, { state: 'detached' });
  await page.click(`#letters-decide-${ids[1]}`);
  await page.click('#letter-dismiss');
  await page.getByText('Every piece of work got through').waitFor();
  assert.deepEqual(done, [`replay ${tenant.id}`, `DELETE ${tenant.id}`]);
});

test('the console is not for a tenant’s own key', async ({ page, world }) => {
  await signIn(page, world.tenants[0].api_key, '/console');
  await page.waitForSelector('#refused-home');
  assert.equal(await page.locator('#nav-console').count(), 0);
});

test('runs, budgets and audit lines beyond the first page are shown on request', async ({ page, world }) => {
  const tenant = tenantRef(world.tenants[0]);
  const paged = (make) => (request) => {
    const from = Number(new URL(request.url()).searchParams.get('cursor') ?? 0);
    return { body: { items: Array.from({ length: 200 }, (_, n) => make(from + n)), next_cursor: from < 400 ? String(from + 200) : null, total: 600, circuits: [], nodes: 1 } };
  };
  await answer(page, '/v1/admin/sync-runs', paged((n) => ({ id: id(n), provider_id: id(1), cause: 'poll', outcome: 'failed', started_at: at, finished_at: at, counts: {}, error: { code: 'x', detail: 'The vendor did not answer.' }, tenant })));
  await answer(page, '/v1/admin/audit-log', paged((n) => ({ id: id(n), time: at, actor: 'admin', action: 'tenant.changed', subject: `tenant:${n}`, detail: {}, peer: null, request_id: null, tenant })));
  await answer(page, '/v1/admin/quota', paged((n) => ({ kind: 'mailbox', vendor: 'google', project: null, mailbox: `person-${n}@example.com`, tenant_id: tenant.id, limit: 600, window_seconds: 60, used: 1, in_flight: 0, waiting: 0, paused_until: null, pressure: 0 })));
  for (const [name, table, path] of [['runs', 'runs-table', '/console/runs'], ['audit', 'audit-table', '/console/audit'], ['quota', 'quota-table', '/console/quota']]) {
    if (name === 'runs') await signIn(page, world.admin_key, path);
    else await page.click(`#nav-${name}`);
    for (const rows of [201, 401, 601]) {
      await page.waitForFunction(([t, n]) => document.getElementById(t)?.getAttribute('aria-rowcount') === String(n), [table, rows]);
      if (rows < 601) await page.click(`#${name}-more`);
    }
    await page.waitForSelector(`#${name}-more`, { state: 'detached' });
    await checkPage(page, `all ${name}`);
  }
});

test('runs, quota and audit of all tenants', async ({ page, world }) => {
  await signIn(page, world.admin_key, '/console/runs?outcome=all');
  await page.waitForSelector('#runs-table, .empty');
  await checkPage(page, 'the runs');
  await page.click('#nav-quota');
  await page.waitForSelector('#quota-table, .empty');
  await checkPage(page, 'the quota');
  await page.click('#nav-audit');
  await page.waitForSelector('#audit-table');
  await checkPage(page, 'the audit log');
});

test('the doctor finds nothing wrong in the demonstration, and looks again', async ({ page, world }) => {
  await signIn(page, world.admin_key, '/console');
  await page.click('#nav-doctor');
  await page.waitForSelector('#doctor-sum');
  assert.match(await page.textContent('#doctor-sum'), /Nothing is wrong/);
  assert.equal(await page.locator('[data-state="problem"], [data-state="warning"]').count(), 0);
  await checkPage(page, 'the doctor');
  const again = page.waitForResponse((r) => new URL(r.url()).pathname === '/v1/admin/doctor');
  await page.click('#doctor-run');
  assert.equal((await again).status(), 200);
  await page.waitForSelector('#doctor-run:not([data-pending])');
});

test('the doctor’s problems come first, with their remedy to be copied', async ({ page, world }) => {
  const finding = (area, check, state, more = {}) => ({ area, check, subject: 'Google', state, found: 'This was found.', consequence: null, remedy: null, copy: null, ...more });
  const uri = 'https://calendars.example.com/oauth/google/callback';
  const items = [
    finding('oauth', 'oauth_client', 'ok'),
    finding('oauth', 'redirect_uri', 'problem', { consequence: 'No calendar can be connected.', remedy: 'Add exactly this URI.', copy: uri }),
    finding('oauth', 'secret_expiry', 'skipped', { remedy: 'Look there.', copy: 'client_secret_expires = "YYYY-MM-DD"' }),
    finding('database', 'connections', 'warning', { consequence: 'Another node may find none.', remedy: 'Run this:', copy: `ALTER SYSTEM SET max_connections = '100'\n${'x'.repeat(300)}` }),
  ];
  let runs = 0;
  await answer(page, '/v1/admin/doctor', () => {
    ++runs;
    return { body: { state: 'problem', counts: { ok: 1, warning: 1, problem: 1, skipped: 1 }, ran_at: new Date().toISOString(), took_ms: 1234, by: 'server', items } };
  });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await signIn(page, world.admin_key, '/console/doctor');
  await page.waitForSelector('#doctor-oauth');
  assert.equal(await page.locator('#doctor-oauth li').first().getAttribute('data-state'), 'problem');
  assert.match(await page.textContent('#doctor-sum'), /1 problem, 1 warning/);
  await checkPage(page, 'the doctor with problems');
  await page.click('#doctor-copy-redirect-uri-1');
  await page.getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), uri);
  const before = runs;
  await page.click('#doctor-run');
  await page.waitForFunction(() => !document.querySelector('#doctor-run[data-pending]'));
  assert.ok(runs > before);
});

test('the doctor that cannot be asked says so, and is asked again', async ({ page, world }) => {
  let away = true;
  page.allowed.push(/403/);
  await page.route((url) => url.pathname === '/v1/admin/doctor', (route) => (away
    ? route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify({ type: 'x', title: 'This is not permitted', status: 403, code: 'permission_denied', detail: '' }) })
    : route.continue()));
  await signIn(page, world.admin_key, '/console/doctor');
  await page.waitForSelector('#doctor-retry');
  await checkPage(page, 'no doctor');
  away = false;
  await page.click('#doctor-retry');
  await page.waitForSelector('#doctor-sum');
});
