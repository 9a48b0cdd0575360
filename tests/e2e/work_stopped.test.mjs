// SPDX-License-Identifier: Apache-2.0
// An operator stops a tenant's work, then everybody's: nothing moves on either side; when it is released, both sides' changes arrive.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, titled } from './support/entries.mjs';
import { eventually, pause, steadily } from './support/eventually.mjs';
import { Service, adminKey } from './support/installation.mjs';

const stopWithin = 2_000;

describe('stopped work', () => {
  let s, tenant, person;

  before(async () => {
    s = await Service.start({ pollSeconds: 5 });
    tenant = await s.newTenant('Halted & Co');
    person = await s.newPerson(tenant, 'google');
  });
  after(() => s?.stop());

  async function operator(method, path, body) {
    const answer = await fetch(`${s.baseUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
  }

  const byTenant = (on) => operator('PATCH', `/v1/admin/tenants/${tenant.id}`, { work_stopped: on });
  const byAll = (on) => operator('PUT', '/v1/admin/work', { work_stopped: on });

  for (const [what, stop] of [
    ["a tenant's", byTenant],
    ["everybody's", byAll],
  ])
    it(`keeps ${what} changes and brings them over afterwards`, async () => {
      const { host } = tenant;
      const entry = await host.createEntry(anHour(titled('Ours'), [person.userId]));
      await host.settled(entry.id);

      await stop(true);
      await pause(stopWithin);
      const ours = titled('Moved by the host');
      await host.changeEntry(entry.id, { title: ours });
      const theirs = titled('Made by the person');
      const hour = anHour(theirs, []);
      await person.calendar.add({ title: theirs, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' });

      await steadily(async () => assert.equal(await host.entryTitled(theirs), undefined), { during: 8_000 });
      assert.ok(!(await person.calendar.event(ours)), 'the entry went out');
      const shown = await host.provider(person.providerId);
      assert.equal(shown.problem.code, 'work_stopped');
      const listed = await operator('GET', `/v1/admin/providers?tenant_id=${tenant.id}&health=stopped`);
      assert.equal(listed.items.length, 1);

      await stop(false);
      await eventually(() => host.entryTitled(theirs), { what: 'the event' });
      await eventually(() => person.calendar.event(ours), { what: 'the entry' });
      assert.equal((await host.provider(person.providerId)).problem, null);
    });
});
