// SPDX-License-Identifier: Apache-2.0
// Every vendor, both directions, every kind of change, and every way on which it travels: by notice, by hand, by poll.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, assertAgree, at, day, titled } from './support/entries.mjs';
import { eventually } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';

const vendors = ['google', 'microsoft'];
const pollSeconds = 5;
const writes = { google: 'events.*', microsoft: 'graph.events.*' };

/** What a person makes of an event, step by step; times are local to the zone. */
const personSteps = (title) => ({
  made: {
    title,
    notes: 'Bring the ladder\nand the long cable',
    location: 'Köln, Domplatz 1',
    start: `${day(9)}T14:00:00`,
    end: `${day(9)}T15:30:00`,
    zone: 'America/New_York',
    isPrivate: false,
    isTentative: false,
  },
  changed: {
    title: `${title} (moved)`,
    notes: 'No ladder',
    location: 'Bonn',
    start: day(12),
    end: day(14),
    isPrivate: true,
    isTentative: true,
  },
});

/** The same for the host; assigned to one person. */
const hostSteps = (title, userId) => ({
  made: {
    title,
    notes: 'Rack 4 <left> & "top"\nsecond line ✓',
    location: 'Wien, Graben 12',
    start: at(day(8), '09:15:00', 'Europe/Berlin'),
    end: at(day(8), '11:45:00', 'Europe/Berlin'),
    assigned_user_ids: [userId],
  },
  changed: {
    title: `${title} (moved)`,
    notes: '',
    location: 'Graz',
    start: { date: day(20) },
    end: { date: day(22) },
    is_private: true,
    status: 'tentative',
  },
  timedAgain: {
    start: at(day(21), '23:30:00', 'America/New_York'),
    end: at(day(22), '00:30:00', 'America/New_York'),
    is_private: false,
    status: 'scheduled',
  },
});

/** Nothing comes of itself: no notice leaves the vendor, and its API takes no writes until `open` is called. */
async function unreachable(d, person) {
  const plan = { account: person.email, method: writes[person.type], times: 0, status: 503 };
  const fault = await d.sandbox.fault(plan);
  return {
    open: () => fault.end(),
    struck: () => eventually(async () => (await fault.struck()) > 0, { what: 'the refused write' }),
  };
}

async function assertAgreeSoon(tenant, person, entry, options) {
  await eventually(
    async () => {
      const event = await person.calendar.event(entry.title);
      assert.ok(event, `${person.email} has no event "${entry.title}"`);
      assertAgree(event, await tenant.host.entry(entry.id));
      return true;
    },
    { what: `agreement about "${entry.title}"`, ...options },
  );
}

/** Runs one change of the host through `travel`, which lets it arrive. */
async function hostToCalendar(tenant, person, travel) {
  const { host } = tenant;
  const steps = hostSteps(titled('Host visit'), person.userId);
  const entry = await travel(() => host.createEntry(steps.made));
  await assertAgreeSoon(tenant, person, entry);
  assert.equal((await host.entry(entry.id)).start.time_zone, 'Europe/Berlin');

  const allDay = await travel(() => host.changeEntry(entry.id, steps.changed));
  await assertAgreeSoon(tenant, person, allDay);
  const timed = await travel(() => host.changeEntry(entry.id, steps.timedAgain));
  await assertAgreeSoon(tenant, person, timed);
  assert.equal(await person.calendar.event(steps.made.title), undefined);

  await travel(() => host.removeEntry(entry.id));
  await eventually(async () => !(await person.calendar.event(timed.title)), { what: 'the event going' });
  assert.ok(await host.entryGone(entry.id));
}

async function calendarToHost(tenant, person, travel) {
  const { host } = tenant;
  const steps = personSteps(titled('Own date'));
  const event = await travel(() => person.calendar.add(steps.made));
  const entry = await eventually(() => host.entryTitled(steps.made.title, person.userId), { what: 'the entry' });
  assert.equal(entry.origin_provider_id, person.providerId);
  assert.deepEqual(entry.work_item, { type: 'ad_hoc', id: null });
  assert.equal(entry.start.time_zone, 'America/New_York');
  assertAgree(await person.calendar.event(steps.made.title), entry);

  await travel(() => person.calendar.edit(event.id, steps.changed));
  const changed = await eventually(() => host.entryTitled(steps.changed.title, person.userId), { what: 'the change' });
  assert.equal(changed.id, entry.id);
  assert.deepEqual(changed.start, { date: steps.changed.start });
  assert.deepEqual(changed.end, { date: steps.changed.end });
  assert.equal(changed.status, 'tentative');
  assert.equal(changed.is_private, true);
  assertAgree(await person.calendar.event(steps.changed.title), changed);

  await travel(() => person.calendar.remove(event.id));
  await eventually(() => host.entryGone(entry.id), { what: 'the entry going' });
}

describe('changes travel', { concurrency: 4 }, () => {
  let pushing, polling, tenant, polledTenant;
  before(async () => {
    [pushing, polling] = await Promise.all([Demonstration.start(), Demonstration.start({ pollSeconds })]);
    [tenant] = pushing.tenants;
    [polledTenant] = polling.tenants;
  });
  after(() => Promise.all([pushing?.stop(), polling?.stop()]));

  for (const type of vendors) {
    it(`from the host to ${type} at once`, async () => {
      const person = await pushing.newPerson(tenant, type);

      await hostToCalendar(tenant, person, (change) => change());
    });

    it(`from ${type} to the host by notice`, async () => {
      const person = await pushing.newPerson(tenant, type);

      await calendarToHost(tenant, person, (change) => change());

      const runs = await tenant.host.all(`/v1/sync-runs?provider_id=${person.providerId}`);
      assert.ok(runs.some((r) => r.cause === 'notice' && r.outcome === 'succeeded'));
      assert.ok(!runs.some((r) => r.cause === 'poll' || r.cause === 'manual'));
    });

    it(`from the host to ${type} by a manual sync`, async () => {
      const person = await pushing.newPerson(tenant, type);
      await pushing.sandbox.dropNotices(person.email);

      await hostToCalendar(tenant, person, async (change) => {
        const vendor = await unreachable(pushing, person);
        const answer = await change();
        await vendor.struck();
        await vendor.open();
        const run = await tenant.host.sync(person.providerId);
        assert.equal(run.outcome, 'succeeded', JSON.stringify(run.error));
        return answer;
      });
    });

    it(`from ${type} to the host by a manual sync`, async () => {
      const person = await pushing.newPerson(tenant, type);
      await pushing.sandbox.dropNotices(person.email);

      await calendarToHost(tenant, person, async (change) => {
        const answer = await change();
        const run = await tenant.host.sync(person.providerId);
        assert.equal(run.cause, 'manual');
        assert.equal(run.outcome, 'succeeded', JSON.stringify(run.error));
        assert.equal(run.counts.entries_changed, 1);
        return answer;
      });
    });

    it(`from the host to ${type} by trying again`, async () => {
      const person = await polling.newPerson(polledTenant, type);
      await polling.sandbox.dropNotices(person.email);

      await hostToCalendar(polledTenant, person, async (change) => {
        const vendor = await unreachable(polling, person);
        const answer = await change();
        await vendor.struck();
        await vendor.open();
        return answer;
      });
    });

    it(`from ${type} to the host by poll`, async () => {
      const person = await polling.newPerson(polledTenant, type);
      await polling.sandbox.dropNotices(person.email);

      await calendarToHost(polledTenant, person, (change) => change());

      const runs = await polledTenant.host.all(`/v1/sync-runs?provider_id=${person.providerId}`);
      assert.ok(runs.some((r) => r.cause === 'poll' && r.counts.entries_changed === 1));
      assert.ok(!runs.some((r) => r.cause === 'notice'));
    });
  }

  it('an entry of two people to both vendors, and a change in one calendar to the other', async () => {
    const [google, microsoft] = await Promise.all(vendors.map((type) => pushing.newPerson(tenant, type)));
    const title = titled('Together');
    const entry = await tenant.host.createEntry(anHour(title, [google.userId, microsoft.userId]));
    await assertAgreeSoon(tenant, google, entry);
    await assertAgreeSoon(tenant, microsoft, entry);

    const event = await microsoft.calendar.event(title);
    await microsoft.calendar.edit(event.id, { location: 'Room 7' });

    await eventually(async () => (await google.calendar.event(title)).location === 'Room 7', { what: 'the move' });
    assert.equal((await tenant.host.entry(entry.id)).location, 'Room 7');
  });
});
