// SPDX-License-Identifier: Apache-2.0
// How a conflict comes to be.
import { Calendar } from '../../../tests/e2e/support/calendar.mjs';
import { anHour, titled } from '../../../tests/e2e/support/entries.mjs';
import { Host } from '../../../tests/e2e/support/host.mjs';
import { Sandbox } from '../../../tests/e2e/support/sandbox.mjs';

const within = { within: 60_000 };

/** An entry and its event that both gave other texts since they agreed; the calendar's setting leaves it to a person. */
export async function overlap(world) {
  const tenant = world.tenants[1];
  const provider = tenant.providers[0];
  const host = new Host(() => world.base_url, tenant.api_key);
  const sandbox = new Sandbox(world.sandbox);
  const calendar = new Calendar(sandbox, { type: provider.type, email: provider.account, token: provider.sandbox_access_token });
  await host.request('PATCH', `/v1/calendar-providers/${provider.id}`, { conflict_policy: 'manual' });
  const title = titled('Agreed');
  const { id } = await host.createEntry({ ...anHour(title, [provider.user_id]), location: 'Base' });
  await host.settled(id, within);
  const event = await calendar.event(title);
  const fault = await sandbox.fault({ account: provider.account, method: 'events.*', times: 0, status: 503 });
  await host.changeEntry(id, { title: titled("Host's"), location: 'Hall' });
  await calendar.edit(event.id, { title: titled("Person's"), location: 'Roof' });
  await fault.end();
  await host.sync(provider.id);
  const [conflict] = await host.all(`/v1/conflicts?entry_id=${id}&state=open`);
  if (!conflict) throw new Error('there is no conflict');
  return { key: tenant.api_key, host, id, conflict };
}
