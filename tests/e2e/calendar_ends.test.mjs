// SPDX-License-Identifier: Apache-2.0
// How a calendar comes in by a rehearsal, and how it goes with the events that were made there.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, assertAgree, titled } from './support/entries.mjs';
import { eventually, steadily } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';

const another = { google: 'microsoft', microsoft: 'google' };

describe('how calendars come and go', { concurrency: 4 }, () => {
  let d, tenant, host;
  before(async () => {
    d = await Demonstration.start();
    [tenant] = d.tenants;
    ({ host } = tenant);
  });
  after(() => d?.stop());

  const path = (person) => `/v1/calendar-providers/${person.providerId}`;
  async function addOwn(person, title) {
    const hour = anHour(title, []);
    await person.calendar.add({ title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' });
  }

  for (const type of ['google', 'microsoft']) {
    it(`${type}: disconnected with its events, ours go and people's own stay`, async () => {
      const person = await d.newPerson(tenant, type);
      const colleague = await d.newPerson(tenant, another[type]);
      const title = titled('Ours');
      const entry = await host.createEntry(anHour(title, [person.userId, colleague.userId]));
      await host.settled(entry.id);
      const own = titled('Own');
      await addOwn(person, own);
      const ownEntry = await eventually(() => host.entryTitled(own), { what: 'the entry' });

      const asked = await host.request('DELETE', `${path(person)}?remove_events=true`);
      assert.equal(asked.status, 202);
      assert.equal(asked.json.status, 'leaving');
      await eventually(async () => (await host.request('GET', path(person))).status === 404, { what: 'leaving' });

      assert.equal(await person.calendar.event(title), undefined);
      assert.ok(await person.calendar.event(own), 'what people made is theirs');
      assert.deepEqual((await host.entry(entry.id)).assigned_user_ids.sort(), [person.userId, colleague.userId].sort());
      assert.ok(!(await host.entryGone(ownEntry.id)));
      assertAgree(await colleague.calendar.event(title), await host.entry(entry.id));
      const open = (await d.sandbox.channels()).filter((c) => c.account === person.email && c.active !== false);
      assert.deepEqual(open, []);
    });

    it(`${type}: a rehearsal tells what would happen and does nothing of it until it is approved`, async () => {
      const email = `rehearsing-${type}@people.example`;
      const token = await d.sandbox.openAccount(email, type, 'Europe/Berlin');
      const user = await host.post('/v1/users', { email, name: 'R', time_zone: 'Europe/Berlin' });
      const provider = await host.post('/v1/calendar-providers', { type, user_id: user.id, rehearsal: true });
      const ours = titled('Rehearsed');
      const entry = await host.createEntry(anHour(ours, [user.id]));
      const { Calendar } = await import('./support/calendar.mjs');
      const person = { calendar: new Calendar(d.sandbox, { type, email, token }), providerId: provider.id };
      const own = titled('Rehearsed own');
      await addOwn(person, own);

      await d.connect(tenant, provider.id);
      const { report } = await eventually(
        async () => {
          const found = await host.get(`${path(person)}/rehearsal`);
          return found.report && found;
        },
        { what: 'the rehearsal' },
      );
      assert.equal(report.created_here.count, 1);
      assert.equal(report.created_here.samples[0].title, own);
      assert.equal(report.created_there.count, 1);
      assert.equal(report.created_there.samples[0].id, entry.id);
      assert.equal(report.mailed, 0);
      assert.equal(report.complete, true);
      await steadily(async () => {
        assert.equal(await host.entryTitled(own), undefined);
        assert.equal(await person.calendar.event(ours), undefined);
      });

      await host.post(`${path(person)}/rehearsal/approval`);
      await eventually(() => host.entryTitled(own), { what: 'the entry' });
      await host.settled(entry.id);
      assertAgree(await person.calendar.event(ours), await host.entry(entry.id));
      assert.equal((await host.request('GET', `${path(person)}/rehearsal`)).status, 404);
    });
  }
});
