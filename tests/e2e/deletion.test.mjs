// SPDX-License-Identifier: Apache-2.0
// Who deletes what: nobody's calendar deletes another's appointment, and reassignment moves events, not entries.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, assertAgree, titled } from './support/entries.mjs';
import { eventually, steadily } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';

const another = { google: 'microsoft', microsoft: 'google' };

describe('deletion', { concurrency: 4 }, () => {
  let d, tenant, host;
  before(async () => {
    d = await Demonstration.start();
    [tenant] = d.tenants;
    ({ host } = tenant);
  });
  after(() => d?.stop());

  async function shared(people, more) {
    const title = titled('Shared');
    const entry = await host.createEntry({ ...anHour(title, people.map((p) => p.userId)), ...more });
    await host.settled(entry.id);
    return { title, entry };
  }
  const assigned = async (id) => (await host.entry(id)).assigned_user_ids;
  const goneFrom = (person, title) =>
    eventually(async () => !(await person.calendar.event(title)), { what: `"${title}" leaving ${person.email}` });

  for (const type of ['google', 'microsoft']) {
    it(`${type}: who is unassigned loses the event, the others keep it; assigned again, it is there again`, async () => {
      const person = await d.newPerson(tenant, type);
      const colleague = await d.newPerson(tenant, another[type]);
      const { title, entry } = await shared([person, colleague]);
      const kept = await colleague.calendar.event(title);

      await host.changeEntry(entry.id, { assigned_user_ids: [colleague.userId] });
      await goneFrom(person, title);
      await steadily(async () => assert.deepEqual(await colleague.calendar.event(title), kept));
      assert.deepEqual(await assigned(entry.id), [colleague.userId]);

      await host.changeEntry(entry.id, { assigned_user_ids: [person.userId, colleague.userId], notes: 'again' });
      await host.settled(entry.id);
      for (const p of [person, colleague]) assertAgree(await p.calendar.event(title), await host.entry(entry.id));
    });

    it(`${type}: unassigned and assigned again at once ends with exactly one event`, async () => {
      const person = await d.newPerson(tenant, type);
      const { title, entry } = await shared([person]);

      for (let i = 0; i < 3; ++i) {
        await host.changeEntry(entry.id, { assigned_user_ids: [] });
        await host.changeEntry(entry.id, { assigned_user_ids: [person.userId] });
      }

      await host.settled(entry.id, { within: 40_000 });
      await steadily(async () => assertAgree(await person.calendar.event(title), await host.entry(entry.id)), { during: 2_500 });
    });

    it(`${type}: reassignment moves the event to the other person`, async () => {
      const person = await d.newPerson(tenant, type);
      const colleague = await d.newPerson(tenant, another[type]);
      const { title, entry } = await shared([person]);

      await host.changeEntry(entry.id, { assigned_user_ids: [colleague.userId] });

      await goneFrom(person, title);
      await eventually(() => colleague.calendar.event(title), { what: 'the event at the colleague' });
      assert.deepEqual(await assigned(entry.id), [colleague.userId]);
    });

    it(`${type}: deleting the event of a host's entry unassigns that person only`, async () => {
      const person = await d.newPerson(tenant, type);
      const colleague = await d.newPerson(tenant, another[type]);
      const { title, entry } = await shared([person, colleague]);
      const from = await host.lastSequence();

      await person.calendar.remove((await person.calendar.event(title)).id);

      await eventually(async () => (await assigned(entry.id)).length === 1, { what: 'the unassignment' });
      assert.deepEqual(await assigned(entry.id), [colleague.userId]);
      await steadily(async () => {
        assert.ok(await colleague.calendar.event(title), 'the colleague lost it');
        assert.equal(await person.calendar.event(title), undefined, 'it came back');
      });
      assert.deepEqual(await host.factsOf(entry.id, from), ['SCHEDULE_ENTRY_UPDATED']);
    });

    it(`${type}: deleting the only event of a host's entry leaves the entry without people`, async () => {
      const person = await d.newPerson(tenant, type);
      const { title, entry } = await shared([person]);

      await person.calendar.remove((await person.calendar.event(title)).id);

      await eventually(async () => (await assigned(entry.id)).length === 0, { what: 'the unassignment' });
      assert.equal((await host.entry(entry.id)).status, 'scheduled');
      await steadily(async () => assert.equal(await person.calendar.event(title), undefined));
    });

    it(`${type}: by policy, deleting the event cancels the host's entry for all`, async () => {
      const person = await d.newPerson(tenant, type, { settings: { deletion_policy: 'cancel_entry' } });
      const colleague = await d.newPerson(tenant, another[type]);
      const { title, entry } = await shared([person, colleague]);

      await person.calendar.remove((await person.calendar.event(title)).id);

      await eventually(async () => (await host.entry(entry.id)).status === 'cancelled', { what: 'the cancellation' });
      await goneFrom(colleague, title);
    });

    it(`${type}: deleting an event that was born there deletes its entry`, async () => {
      const person = await d.newPerson(tenant, type);
      const hour = anHour(titled('Born there'), []);
      const event = await person.calendar.add({ title: hour.title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' });
      const entry = await eventually(() => host.entryTitled(hour.title), { what: 'the entry' });

      await person.calendar.remove(event.id);

      await eventually(() => host.entryGone(entry.id), { what: 'the deletion' });
    });

    it(`${type}: an entry that was born there and given to a colleague outlives its first event`, async () => {
      const person = await d.newPerson(tenant, type);
      const colleague = await d.newPerson(tenant, another[type]);
      const hour = anHour(titled('Handed on'), []);
      const event = await person.calendar.add({ title: hour.title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' });
      const entry = await eventually(() => host.entryTitled(hour.title), { what: 'the entry' });
      await host.changeEntry(entry.id, { assigned_user_ids: [person.userId, colleague.userId] });
      await host.settled(entry.id);

      await person.calendar.remove(event.id);

      await eventually(async () => (await assigned(entry.id)).length === 1, { what: 'the unassignment' });
      await steadily(async () => assert.ok(await colleague.calendar.event(hour.title)));
    });

    it(`${type}: deleting the entry empties all calendars, and the events do not come back as entries`, async () => {
      const person = await d.newPerson(tenant, type);
      const colleague = await d.newPerson(tenant, another[type]);
      const { title, entry } = await shared([person, colleague]);

      await host.removeEntry(entry.id);

      await goneFrom(person, title);
      await goneFrom(colleague, title);
      await steadily(async () => assert.equal(await host.entryTitled(title), undefined));
    });

    it(`${type}: a cancelled entry leaves the calendar and comes back with its status`, async () => {
      const person = await d.newPerson(tenant, type);
      const { title, entry } = await shared([person]);

      await host.changeEntry(entry.id, { status: 'cancelled' });
      await goneFrom(person, title);
      await steadily(async () => assert.equal((await host.entry(entry.id)).status, 'cancelled'));

      await host.changeEntry(entry.id, { status: 'scheduled' });
      await host.settled(entry.id);
      assertAgree(await person.calendar.event(title), await host.entry(entry.id));
    });

    it(`${type}: disconnecting leaves entries and events alone, and connecting again makes nothing twice`, async () => {
      const person = await d.newPerson(tenant, type);
      const { title, entry } = await shared([person]);
      const hour = anHour(titled('Own'), []);
      await person.calendar.add({ title: hour.title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' });
      const ownEntry = await eventually(() => host.entryTitled(hour.title), { what: 'the entry' });

      await host.delete(`/v1/calendar-providers/${person.providerId}`);
      assert.equal((await host.request('GET', `/v1/calendar-providers/${person.providerId}`)).status, 404);
      assert.ok(await person.calendar.event(title));
      assert.deepEqual((await host.entry(entry.id)).assigned_user_ids, [person.userId]);
      assert.ok(!(await host.entryGone(ownEntry.id)));
      const open = (await d.sandbox.channels()).filter((c) => c.account === person.email && c.active !== false);
      assert.deepEqual(open, []);

      const again = await host.post('/v1/calendar-providers', { type, user_id: person.userId });
      await d.connect(tenant, again.id);
      await host.settled(entry.id);
      await steadily(
        async () => {
          assertAgree(await person.calendar.event(title), await host.entry(entry.id));
          assert.ok(await host.entryTitled(title, person.userId));
          assert.ok(await person.calendar.event(hour.title));
          assert.ok(await host.entryTitled(hour.title, person.userId));
        },
        { during: 2_500 },
      );
    });
  }
});
