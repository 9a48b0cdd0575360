// SPDX-License-Identifier: Apache-2.0
// How a write comes to be set aside.
import assert from 'node:assert/strict';
import { anHour } from './entries.mjs';
import { eventually } from './eventually.mjs';

export const triesIfRefused = 5;
export const unwanted = 'Where the vendor does not want it';
const update = { google: 'events.patch', microsoft: 'graph.events.update' };

/** An entry whose change of place the vendor refuses until it is set aside: `{entry, letter}`. */
export async function refusedToTheEnd(installation, tenant, person, title) {
  const { host } = tenant;
  const entry = await host.createEntry(anHour(title, [person.userId]));
  await host.settled(entry.id);
  const fault = await installation.sandbox.fault({
    account: person.email,
    method: update[person.type],
    times: triesIfRefused,
    status: 400,
  });
  await host.changeEntry(entry.id, { location: unwanted });
  const letter = await eventually(
    async () => {
      // A person's sync tries what was put off, too.
      await host.post(`/v1/calendar-providers/${person.providerId}/sync`);
      return (await host.get(`/v1/dead-letters?entry_id=${entry.id}`)).items[0];
    },
    { what: 'the dead letter', within: 90_000, every: 1_000 },
  );
  assert.equal(await fault.struck(), triesIfRefused);
  return { entry, letter };
}
