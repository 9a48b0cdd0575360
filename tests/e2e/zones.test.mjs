// SPDX-License-Identifier: Apache-2.0
// Times mean what their zone says: before, in and after the changes of summer time, in both directions; dates stay dates.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { asEvent, day, titled } from './support/entries.mjs';
import { eventually } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';
import { nextChanges, wallClock, withOffset } from './support/zones.mjs';

const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Auckland'];
const withoutChanges = 'Asia/Kathmandu';
const minuteMs = 60_000;

/** Appointments around the changes: `[what, first instant, minutes]`. */
function appointments(zone) {
  const { forward, back } = nextChanges(zone);
  return [
    ['ends when the clock jumps', forward.at - 30 * minuteMs, 30],
    ['lasts over the missing hour', forward.at - 15 * minuteMs, 60],
    ['starts right after the missing hour', forward.at, 45],
    ['the day after the jump', forward.at + 24 * 60 * minuteMs, 60],
    ['starts in the first of two hours', back.at - 20 * minuteMs, 10],
    ['lasts from the first hour into the second', back.at - 10 * minuteMs, 20],
    ['starts in the second of two hours', back.at + 5 * minuteMs, 10],
    ['after the second hour', back.at + back.minutes * minuteMs, 60],
  ].map(([what, start, minutes]) => ({ what, zone, start, end: start + minutes * minuteMs }));
}

/** Whether the wall clock shows this time twice, so that it alone does not name the instant. */
function isAmbiguous(zone, ms) {
  const { back } = nextChanges(zone);
  return back !== undefined && Math.abs(ms - back.at) <= back.minutes * minuteMs && ms !== back.at + back.minutes * minuteMs;
}

const iso = (ms) => new Date(ms).toISOString();

describe('zones', { concurrency: 2 }, () => {
  let d, tenant;
  before(async () => {
    d = await Demonstration.start();
    [tenant] = d.tenants;
  });
  after(() => d?.stop());

  for (const type of ['google', 'microsoft']) {
    it(`the host's times stand in ${type}'s calendar as the same instants`, async () => {
      const person = await d.newPerson(tenant, type, { zone: 'Europe/Berlin' });
      const now = Date.now();
      const quiet = { what: 'any day', zone: withoutChanges, start: now + 864e5, end: now + 864e5 + 45 * minuteMs };
      const wanted = [...zones.flatMap(appointments), quiet].map((a) => ({ ...a, title: titled(`${a.zone} ${a.what}`) }));
      for (const a of wanted) {
        // Whole seconds: that is what calendars keep.
        a.start -= a.start % 1000;
        a.end -= a.end % 1000;
        await tenant.host.createEntry({
          title: a.title,
          start: { date_time: withOffset(a.zone, a.start), time_zone: a.zone },
          end: { date_time: withOffset(a.zone, a.end), time_zone: a.zone },
          assigned_user_ids: [person.userId],
        });
      }

      const events = await eventually(
        async () => {
          const found = new Map((await person.calendar.events()).map((e) => [e.title, e]));
          return wanted.every((a) => found.has(a.title)) && found;
        },
        { what: 'all events', within: 60_000 },
      );
      for (const a of wanted) {
        const event = events.get(a.title);
        assert.deepEqual([a.title, event.start, event.end], [a.title, iso(a.start), iso(a.end)]);
        if (type === 'google' || !(isAmbiguous(a.zone, a.start) || isAmbiguous(a.zone, a.end)))
          assert.deepEqual([a.title, event.zone], [a.title, a.zone]);
        const entry = await tenant.host.entryTitled(a.title, person.userId);
        assert.deepEqual([entry.start.time_zone, asEvent(entry).start, asEvent(entry).end], [a.zone, iso(a.start), iso(a.end)]);
        assert.equal(entry.start.date_time, withOffset(a.zone, a.start));
        assert.equal(entry.version, 1, 'the calendar sent something else back');
      }
    });

    it(`times of ${type}'s calendar stand in the schedule as the same instants`, async () => {
      const person = await d.newPerson(tenant, type, { zone: 'Australia/Lord_Howe' });
      const wanted = zones.flatMap(appointments).map((a) => ({ ...a, title: titled(`own ${a.zone} ${a.what}`) }));
      for (const a of wanted) {
        if (type === 'google') {
          await person.calendar.add({ title: a.title, start: withOffset(a.zone, a.start), end: withOffset(a.zone, a.end), zone: a.zone });
          continue;
        }
        // Graph takes wall clocks only: an hour that comes twice can be said in UTC alone.
        a.zone = isAmbiguous(a.zone, a.start) || isAmbiguous(a.zone, a.end) ? 'UTC' : a.zone;
        await person.calendar.add({ title: a.title, start: wallClock(a.zone, a.start), end: wallClock(a.zone, a.end), zone: a.zone });
      }

      const entries = await eventually(
        async () => {
          const all = await tenant.host.all(`/v1/schedule-entries?assigned_user_id=${person.userId}`);
          const found = new Map(all.map((e) => [e.title, e]));
          return wanted.every((a) => found.has(a.title)) && found;
        },
        { what: 'all entries', within: 60_000 },
      );
      for (const a of wanted) {
        const entry = entries.get(a.title);
        assert.deepEqual([a.title, asEvent(entry).start, asEvent(entry).end], [a.title, iso(a.start), iso(a.end)]);
        assert.deepEqual([a.title, entry.start.time_zone], [a.title, a.zone]);
      }
    });

    it(`dates stay dates in ${type}'s calendar and in the schedule, wherever people live`, async () => {
      for (const zone of [...zones, withoutChanges]) {
        const person = await d.newPerson(tenant, type, { zone });
        const { forward } = nextChanges(zone);
        const overChange = wallClock(zone, forward?.at ?? Date.now()).slice(0, 10);
        const dayAfter = iso(Date.parse(overChange) + 2 * 864e5).slice(0, 10);
        const ours = titled(`Closed in ${zone}`);
        const theirs = titled(`Holiday in ${zone}`);

        await tenant.host.createEntry({
          title: ours,
          start: { date: overChange },
          end: { date: dayAfter },
          assigned_user_ids: [person.userId],
        });
        await person.calendar.add({ title: theirs, start: overChange, end: dayAfter, zone });

        const event = await eventually(() => person.calendar.event(ours), { what: `"${ours}"` });
        assert.deepEqual([event.start, event.end], [overChange, dayAfter]);
        const entry = await eventually(() => tenant.host.entryTitled(theirs, person.userId), { what: `"${theirs}"` });
        assert.deepEqual([entry.start, entry.end], [{ date: overChange }, { date: dayAfter }]);
        assert.equal(entry.version, 1);
      }
    });
  }

  it('a time in the missing hour is the instant that its offset says', async () => {
    const { host } = tenant;
    const zone = 'Europe/Berlin';
    const { forward } = nextChanges(zone);
    const start = forward.at + 30 * minuteMs;
    const missing = `${iso(start + 60 * minuteMs).slice(0, 19)}+01:00`; // half past two, winter time

    const entry = await host.createEntry({
      title: titled('In the gap'),
      start: { date_time: missing, time_zone: zone },
      end: { date_time: withOffset(zone, start + 60 * minuteMs), time_zone: zone },
    });

    assert.equal(asEvent(entry).start, iso(start));
    assert.equal(entry.start.date_time, withOffset(zone, start));
  });

  it('a wall clock without offset is taken in its zone', async () => {
    const date = day(30);
    const entry = await tenant.host.createEntry({
      title: titled('By the wall clock'),
      start: { date_time: `${date}T09:00:00`, time_zone: 'Asia/Kathmandu' },
      end: { date_time: `${date}T10:00:00`, time_zone: 'Asia/Kathmandu' },
    });

    assert.equal(entry.start.date_time, `${date}T09:00:00+05:45`);
  });
});
