// SPDX-License-Identifier: Apache-2.0
// Push that fails is an alert with its cause, its consequence and the one button that mends it; forged notices are the operator's to see.
import assert from 'node:assert/strict';
import { eventually } from '../../tests/e2e/support/eventually.mjs';
import { Host } from '../../tests/e2e/support/host.mjs';
import { Sandbox } from '../../tests/e2e/support/sandbox.mjs';
import { checkPage } from './support/check_page.mjs';
import { ask } from './support/demo.mjs';
import { settled, signIn, test } from './support/pages.mjs';

const opens = { google: 'events.watch', microsoft: 'graph.subscriptions.*' };

/** A calendar whose vendor refuses push, as `break_` has it; how to end that. */
async function refusedPush(world, type, break_) {
  const tenant = world.tenants.find((t) => t.providers.some((p) => p.type === type));
  const provider = tenant.providers.findLast((p) => p.type === type);
  const host = new Host(() => world.base_url, tenant.api_key);
  const sandbox = new Sandbox(world.sandbox);
  await eventually(async () => (await host.provider(provider.id)).channel_expires_at, { what: 'push' });
  const fault = await sandbox.fault({ account: provider.account, method: opens[type], times: 0, status: 503 });
  await break_(host, sandbox, provider);
  await eventually(async () => (await host.provider(provider.id)).problem?.code === 'channel_renewal_failed', { what: 'the alert', within: 60_000 });
  return { tenant, provider, host, end: () => fault.end() };
}

const cases = [
  ['google', 'whose renewal keeps failing', (host, sandbox, p) => host.request('POST', `/v1/calendar-providers/${p.id}/channel/renewal`, {})],
  ['microsoft', 'whose subscription was removed', (host, sandbox, p) => sandbox.admin('POST', '/lifecycle', { account: p.account, event: 'subscriptionRemoved' })],
];
for (const [type, what, break_] of cases)
  test(`${type}: a calendar ${what} says so on its card and its page, and one button mends it`, async ({ page, world, another }) => {
    page.allowed.push(/status of (409|50[0-9])/);
    const { tenant, provider, host, end } = await refusedPush(world, type, break_);
    await signIn(page, tenant.api_key, '/calendars');
    const alert = page.locator(`#calendar-${provider.id} .provider-problem`);
    await alert.waitFor();
    const said = await alert.textContent();
    assert.match(said, /push could not be renewed/, 'the cause');
    assert.match(said, /The last attempt: \S+/, 'what the vendor said');
    assert.match(said, /Nothing is lost: changes are found at the next check/, 'the consequence');
    assert.equal(await alert.locator('button').count(), 1, 'one button');
    await settled(page);
    await checkPage(page, 'a calendar without push');
    const detail = await another();
    detail.allowed.push(/status of (409|50[0-9])/);
    await signIn(detail, tenant.api_key, `/calendars/${provider.id}`);
    await detail.locator('.calendar-waits').getByText(/push could not be renewed/).waitFor();
    await detail.click(`#detail-${provider.id}-mend`);
    await detail.locator('.toast', { hasText: 'Push could not be renewed' }).waitFor();
    await detail.locator('.calendar-waits').waitFor();

    await end();
    await page.click(`#calendar-${provider.id}-mend`);

    await alert.waitFor({ state: 'detached' });
    await detail.locator('.calendar-waits').waitFor({ state: 'detached' });
    const now = await host.provider(provider.id);
    assert.deepEqual([now.problem, now.channel.failures, now.channel.last_attempt.outcome], [null, 0, 'succeeded']);
  });

/** A channel's ticket as it would be, with a secret that is not: net/webhook_check.hpp has the form. */
const forged = (tenant, provider) => [tenant, provider].map((id) => id.replaceAll('-', '')).concat('f'.repeat(43)).join('.');

test('a notice with a wrong secret is refused, changes nothing, and the operator is told', async ({ page, world }) => {
  const [tenant] = world.tenants;
  const [provider] = tenant.providers;
  const secret = forged(tenant.id, provider.id);
  const google = (token) => fetch(`${world.base_url}/webhooks/google`, {
    method: 'POST', headers: { 'X-Goog-Channel-ID': 'c', 'X-Goog-Channel-Token': token, 'X-Goog-Resource-State': 'exists', 'X-Goog-Resource-ID': 'r', 'X-Goog-Message-Number': '2' },
  });
  const graph = (clientState) => fetch(`${world.base_url}/webhooks/microsoft`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ value: [{ subscriptionId: 's', clientState, changeType: 'updated', resource: 'Users/u/Events/e', subscriptionExpirationDateTime: '2099-01-01T00:00:00Z', tenantId: 't', resourceData: { id: 'e' } }] }),
  });
  const { notices_refused: before } = await ask(world.admin_key, 'GET', '/v1/admin/summary');
  for (const answer of [await google(secret), await google('nonsense'), await graph(secret), await graph('nonsense')]) assert.equal(answer.status, 401);
  await signIn(page, world.admin_key, '/console');
  await page.waitForSelector('#health-refused');
  const said = await page.textContent('#health-refused');
  assert.match(said, new RegExp(`${before.last_24_hours + 4} notifications were refused`));
  assert.match(said, /Nothing was read or changed/);
  assert.ok(!said.includes(secret.slice(-43)));
  await settled(page);
  await checkPage(page, 'refused notifications');
  const { items } = await ask(tenant.api_key, 'GET', `/v1/sync-runs?provider_id=${provider.id}&limit=20`);
  assert.ok(!items.some((r) => r.cause === 'notice' && r.outcome === 'running'));
});
