// SPDX-License-Identifier: Apache-2.0
// What people complain about in calendar syncs, one scenario each: named by the complaint, and shown not to happen.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, day, titled } from './support/entries.mjs';
import { eventually, steadily } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';
import { SeriesOf, clockOf, dayAfter, next, occurrencesOf, sameOccurrences } from './support/series.mjs';
import { nextChanges, wallClock } from './support/zones.mjs';

const vendors = ['google', 'microsoft'];
const other = { google: 'microsoft', microsoft: 'google' };

describe('complaints that must not come', { concurrency: 4 }, () => {
  let d, tenant, host;
  before(async () => {
    d = await Demonstration.start();
    [tenant] = d.tenants;
    ({ host } = tenant);
  });
  after(() => d?.stop());

  const known = (title) => eventually(() => host.entryTitled(title), { what: `the entry "${title}"` });

  /** A person with the means to handle series. */
  async function person(type, options) {
    const p = await d.newPerson(tenant, type, options);
    return { ...p, series: new SeriesOf(d, p) };
  }

  /** An entry of the host that repeats every week on the weekday of `date`. */
  async function weeklyEntry(people, { title = titled('Round'), date = next('TU'), clock = ['09:00:00', '10:00:00'], zone = 'Europe/Berlin', end = ';COUNT=6', ...more } = {}) {
    const weekday = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'][new Date(`${date}T00:00:00Z`).getUTCDay()];
    const at = (c) => ({ date_time: `${date}T${c}`, time_zone: zone });
    const entry = await host.createEntry({
      title,
      start: at(clock[0]),
      end: at(clock[1]),
      assigned_user_ids: people.map((p) => p.userId),
      recurrence: { rrule: `FREQ=WEEKLY;BYDAY=${weekday}${end}` },
      ...more,
    });
    return { title, date, entry };
  }

  /** Every write of ours to this calendar after `sequence`. */
  async function writes(p, sequence) {
    const { items } = await d.sandbox.journal({ account: p.email, wrote: true, after: sequence });
    return items.filter((e) => e.method !== 'notice' && !e.method.startsWith('oauth.') && !e.method.includes('watch') && !e.method.includes('subscription'));
  }

  for (const type of vendors) {
    it(`${type}: exceptions of a series get lost`, async () => {
      const p = await person(type);
      const { title, date, entry } = await weeklyEntry([p]);
      const to = dayAfter(date, 60);
      await sameOccurrences(p.series, host, entry.id, date, to, assert);
      const shown = await p.series.of(title, date, to);
      assert.equal(shown.length, 6);

      await p.series.move(shown[1].id, dayAfter(date, 8), '14:00:00', '15:30:00');
      await p.series.cancel(shown[2].id);
      await p.series.rename(shown[3].id, `${title}, the long one`);
      await eventually(async () => {
        const now = await occurrencesOf(host, entry.id, date, to);
        assert.equal(now.length, 5);
        assert.ok(now.some((o) => o.title === `${title}, the long one`));
        assert.ok(now.some((o) => clockOf('Europe/Berlin', o.start) === '14:00:00'));
        return true;
      }, { what: 'the exceptions in the entry' });
      await host.changeEntry(entry.id, { location: 'Cellar' });

      const all = await sameOccurrences(p.series, host, entry.id, date, to, assert);
      assert.equal(all.length, 5);
      await steadily(async () => assert.deepEqual((await sameOccurrences(p.series, host, entry.id, date, to, assert)).length, 5));
    });

    it(`${type}: a series with a count loses its last occurrence`, async () => {
      const p = await person(type);
      const { date, entry } = await weeklyEntry([p], { end: ';COUNT=5' });
      const to = dayAfter(date, 60);
      const five = await sameOccurrences(p.series, host, entry.id, date, to, assert);
      assert.equal(five.length, 5);

      await host.delete(`/v1/schedule-entries/${entry.id}?scope=single&occurrence=${encodeURIComponent(five[1].recurrenceId)}`);

      const four = await sameOccurrences(p.series, host, entry.id, date, to, assert);
      assert.deepEqual(four.map((o) => o.start), [0, 2, 3, 4].map((i) => five[i].start));

      const own = titled('Own count');
      await p.series.add({ title: own, date, from: '11:00:00', to: '12:00:00', days: ['TU'], count: 4 });
      const mine = await known(own);
      assert.equal((await sameOccurrences(p.series, host, mine.id, date, to, assert)).length, 4);
    });

    it(`${type}: UNTIL is off by a day where the clock changes`, async () => {
      const zone = 'America/New_York';
      const p = await person(type, { zone });
      const { back } = nextChanges(zone);
      const last = wallClock(zone, back.at).slice(0, 10); // the very day of the change
      const date = dayAfter(last, -21);
      const weekday = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'][new Date(`${date}T00:00:00Z`).getUTCDay()];
      const until = new Date(Date.parse(`${last}T23:30:00-05:00`)).toISOString().replace(/[-:]|\.000/g, ''); // the next day in UTC
      const { entry } = await weeklyEntry([p], { date, zone, clock: ['23:30:00', '23:55:00'], end: `;UNTIL=${until}` });

      const all = await sameOccurrences(p.series, host, entry.id, dayAfter(date, -1), dayAfter(last, 30), assert);

      assert.equal(all.length, 4);
      assert.equal(wallClock(zone, Date.parse(all[3].start)).slice(0, 10), last);

      const own = titled('Until');
      await p.series.add({ title: own, date, from: '20:00:00', to: '21:00:00', zone, days: [weekday], until: last });
      const mine = await known(own);
      const theirs = await sameOccurrences(p.series, host, mine.id, dayAfter(date, -1), dayAfter(last, 30), assert);
      await p.series.rename((await p.series.of(own, dayAfter(date, -1), dayAfter(last, 30)))[0].id, `${own} (first)`);
      await eventually(async () => (await occurrencesOf(host, mine.id, dayAfter(date, -1), dayAfter(last, 30)))[0].title.endsWith('(first)'));
      assert.equal((await sameOccurrences(p.series, host, mine.id, dayAfter(date, -1), dayAfter(last, 30), assert)).length, theirs.length);
    });

    it(`${type}: what lasts all day grows by a day`, async () => {
      const p = await person(type);
      const date = next('WE');
      const entry = await host.createEntry({
        title: titled('All day'), start: { date }, end: { date: dayAfter(date, 2) }, assigned_user_ids: [p.userId],
        recurrence: { rrule: 'FREQ=MONTHLY;COUNT=3' },
      });
      for (const notes of ['one', 'two', 'three']) {
        await host.changeEntry(entry.id, { notes });
        await host.settled(entry.id);
        for (const o of await sameOccurrences(p.series, host, entry.id, date, dayAfter(date, 120), assert)) assert.equal(o.end, dayAfter(o.start, 2));
      }
      const title = titled('Own day');
      const made = await p.series.add({ title, date });
      const mine = await known(title);
      for (let i = 0; i < 3; ++i) {
        await p.series.rename(made.id, `${title} ${i}`);
        await eventually(async () => (await host.entry(mine.id)).title === `${title} ${i}`);
        const { start, end } = await host.entry(mine.id);
        assert.deepEqual([start.date, end.date], [date, dayAfter(date, 1)]);
      }
    });

    it(`${type}: events are an hour off after the clock changes`, async () => {
      const p = await person(type);
      const zone = 'Europe/Berlin';
      const { forward } = nextChanges(zone);
      const date = dayAfter(wallClock(zone, forward.at).slice(0, 10), -12);
      const { title, entry } = await weeklyEntry([p], { date, zone, end: ';COUNT=5' });
      const to = dayAfter(date, 60);
      for (const o of await sameOccurrences(p.series, host, entry.id, date, to, assert)) assert.equal(clockOf(zone, o.start), '09:00:00');

      const master = (await p.series.of(title, date, to))[0];
      await p.series.rename(master.id, `${title}, first`); // an exception before the change, and then a new hour for all
      await eventually(async () => (await occurrencesOf(host, entry.id, date, to))[0].title === `${title}, first`, { what: 'the exception in the entry' });
      await host.changeEntry(entry.id, { start: { date_time: `${date}T08:00:00`, time_zone: zone }, end: { date_time: `${date}T09:00:00`, time_zone: zone } });

      assert.deepEqual([...new Set((await occurrencesOf(host, entry.id, date, to)).map((o) => clockOf(zone, o.start)))], ['08:00:00']);
      assert.equal((await sameOccurrences(p.series, host, entry.id, date, to, assert)).length, 5);
    });

    it(`${type}: weekdays are shifted by one`, async () => {
      const zone = 'Pacific/Auckland';
      const p = await person(type, { zone });
      const date = next('MO');
      const title = titled('Early'); // still Sunday in UTC
      await p.series.add({ title, date, from: '08:00:00', to: '09:00:00', zone, days: ['MO', 'SU'], interval: 2, count: 6 });
      const mine = await known(title);
      const all = await sameOccurrences(p.series, host, mine.id, dayAfter(date, -2), dayAfter(date, 70), assert);
      const weekday = (o) => new Date(`${wallClock(zone, Date.parse(o.start)).slice(0, 10)}T00:00:00Z`).getUTCDay();
      assert.deepEqual(all.map(weekday), [1, 0, 1, 0, 1, 0]);

      await host.changeEntry(mine.id, { notes: 'bring keys' });
      await host.settled(mine.id);
      assert.deepEqual((await sameOccurrences(p.series, host, mine.id, dayAfter(date, -2), dayAfter(date, 70), assert)).map(weekday), [1, 0, 1, 0, 1, 0]);
    });

    it(`${type}: a calendar that is connected again has everything twice`, async () => {
      const p = await person(type);
      const { title, date, entry } = await weeklyEntry([p]);
      const own = titled('Own');
      await p.series.add({ title: own, date, from: '16:00:00', to: '17:00:00' });
      const mine = await known(own);
      await host.settled(entry.id);

      await host.delete(`/v1/calendar-providers/${p.providerId}`);
      const again = await host.post('/v1/calendar-providers', { type, user_id: p.userId });
      await d.connect(tenant, again.id);
      await eventually(async () => (await host.provider(again.id)).last_sync_at, { what: 'the first read' });
      await host.settled(entry.id);

      await steadily(async () => {
        assert.equal((await p.series.of(title, date, dayAfter(date, 60))).length, 6);
        assert.equal((await p.series.of(own, date, dayAfter(date, 2))).length, 1);
        assert.equal((await host.entryTitled(own)).id, mine.id);
        assert.equal((await host.entryTitled(title)).id, entry.id);
      });
      await host.changeEntry(mine.id, { location: 'here' });
      await host.settled(mine.id);
    });

    it(`${type}: guests are invited again`, async () => {
      const p = await person(type);
      const title = titled('With a guest');
      const made = await p.series.add({ title, date: next('TH'), from: '09:00:00', to: '10:00:00', guests: ['visitor@elsewhere.example'] });
      const entry = await known(title);
      assert.deepEqual(entry.attendees.map((a) => a.email).filter((e) => e !== p.email), ['visitor@elsewhere.example']);
      const from = await d.sandbox.journalEnd();

      await host.changeEntry(entry.id, { notes: 'Bring the plan', location: 'Room 2' });
      await host.settled(entry.id);

      const ours = await writes(p, from);
      assert.ok(ours.length > 0);
      for (const w of ours) {
        if (type === 'google') assert.match(w.target, /sendUpdates=none/);
        assert.ok(!w.body.includes('attendees'), `guests were written: ${w.body}`);
      }
      const now = await p.series.get(made.id);
      assert.equal(now.attendees.length, type === 'google' ? now.attendees.length : 1);
      assert.ok(JSON.stringify(now.attendees).includes('visitor@elsewhere.example'));
    });

    it(`${type}: the host's status gets lost by an echo`, async () => {
      const p = await person(type);
      const title = titled('Under way');
      const entry = await host.createEntry(anHour(title, [p.userId]));
      await host.settled(entry.id);
      await host.changeEntry(entry.id, { status: 'in_progress', location: 'On site' });
      await host.settled(entry.id);
      const event = await p.calendar.event(title);

      await p.calendar.edit(event.id, { notes: 'parked outside' });
      await eventually(async () => (await host.entry(entry.id)).notes === 'parked outside');

      await steadily(async () => assert.equal((await host.entry(entry.id)).status, 'in_progress'));
    });

    it(`${type}: reassigning a series deletes it`, async () => {
      const p = await person(type);
      const colleague = await person(other[type]);
      const { title, date, entry } = await weeklyEntry([p]);
      const to = dayAfter(date, 60);
      await sameOccurrences(p.series, host, entry.id, date, to, assert);
      await p.series.cancel((await p.series.of(title, date, to))[4].id);
      await eventually(async () => (await occurrencesOf(host, entry.id, date, to)).length === 5);

      await host.changeEntry(entry.id, { assigned_user_ids: [colleague.userId] });

      assert.equal((await sameOccurrences(colleague.series, host, entry.id, date, to, assert)).length, 5);
      await eventually(async () => (await p.series.of(title, date, to)).length === 0, { what: 'leaving the former calendar' });
      assert.equal((await host.entry(entry.id)).status, 'scheduled');
    });

    it(`${type}: one of several people deletes an occurrence, and it is gone for all`, async () => {
      const p = await person(type);
      const colleague = await person(other[type]);
      const { title, date, entry } = await weeklyEntry([p, colleague]);
      const to = dayAfter(date, 60);
      for (const one of [p, colleague]) await sameOccurrences(one.series, host, entry.id, date, to, assert);
      const third = (await p.series.of(title, date, to))[2];

      await p.series.cancel(third.id);

      const freed = await eventually(async () => {
        const named = (await host.all(`/v1/schedule-entries?assigned_user_id=${colleague.userId}`)).filter((e) => e.title === title);
        return named.find((e) => e.id !== entry.id);
      }, { what: 'the occurrence as an entry of its own' });
      assert.deepEqual(freed.assigned_user_ids, [colleague.userId]);
      for (const id of [entry.id, freed.id]) await host.settled(id, { within: 40_000 });
      await eventually(async () => {
        assert.equal((await p.series.of(title, date, to)).length, 5);
        const theirs = await colleague.series.of(title, date, to);
        assert.deepEqual(theirs.map((o) => o.start).filter((s) => s === third.start), [third.start]);
        assert.equal(theirs.length, 6);
        return true;
      }, { what: 'the occurrence staying with the colleague alone', within: 40_000 });
      await steadily(async () => assert.equal((await colleague.series.of(title, date, to)).length, 6));
    });

    it(`${type}: what was moved far away is taken for deleted`, async () => {
      const p = await person(type);
      const title = titled('Far');
      const entry = await host.createEntry(anHour(title, [p.userId]));
      await host.settled(entry.id);
      const event = await p.calendar.event(title);
      const far = day(2_000);

      await p.calendar.edit(event.id, { start: `${far}T09:00:00`, end: `${far}T10:00:00`, zone: 'Europe/Berlin' });

      await eventually(async () => (await host.entry(entry.id)).start.date_time.startsWith(far), { what: 'the entry following' });
      await host.sync(p.providerId);
      const now = await host.entry(entry.id);
      assert.deepEqual([now.status, now.assigned_user_ids], ['scheduled', [p.userId]]);
    });
  }

  it('google: a meeting of two of our people becomes two entries', async () => {
    const organizer = await person('google');
    const guest = await person('google');
    const title = titled('Meeting');
    await organizer.series.add({ title, date: next('FR'), from: '09:00:00', to: '10:00:00', guests: [guest.email] });
    await eventually(async () => {
      const entry = await host.entryTitled(title); // throws if there are two
      return entry && entry.assigned_user_ids.length === 2;
    }, { what: 'one entry with both people' });
    const entry = await host.entryTitled(title);
    await eventually(async () => {
      const { providers } = await host.get(`/v1/schedule-entries/${entry.id}/sync-status`);
      return providers.filter((l) => l.linked).length === 2;
    }, { what: 'both calendars being linked' });

    await host.changeEntry(entry.id, { location: 'Hall' });
    await host.settled(entry.id);
    for (const one of [organizer, guest])
      await eventually(async () => (await one.calendar.event(title)).location === 'Hall', { what: `the change at ${one.email}` });
  });

  it('google: the answer of a guest is overwritten', async () => {
    const p = await person('google');
    const visitor = 'visitor-who-answers@elsewhere.example';
    const token = await d.sandbox.openAccount(visitor, 'google');
    const title = titled('Answered');
    const made = await p.series.add({ title, date: next('TH'), from: '11:00:00', to: '12:00:00', guests: [visitor] });
    const entry = await known(title);

    const theirs = new SeriesOf(d, { type: 'google', email: visitor, calendar: { token } });
    await eventually(() => theirs.get(made.id), { what: 'the invitation' });
    await theirs.change(made.id, { attendees: [{ email: visitor, self: true, responseStatus: 'accepted' }] });

    const answer = async () => (await host.entry(entry.id)).attendees.find((a) => a.email === visitor)?.response;
    await eventually(async () => (await answer()) === 'accepted', { what: 'the answer in the entry' });
    await host.changeEntry(entry.id, { notes: 'Agenda' });
    await host.settled(entry.id);
    await steadily(async () => {
      const event = await p.series.get(made.id);
      assert.equal(event.attendees.find((a) => a.email === visitor).responseStatus, 'accepted');
      assert.equal(await answer(), 'accepted');
    });
  });

  it("microsoft: Outlook's HTML counts as a change", async () => {
    const p = await person('microsoft');
    const title = titled('Notes');
    const entry = await host.createEntry({ ...anHour(title, [p.userId]), notes: 'First line\n\n- a point & more' });
    await host.settled(entry.id);
    const { id } = await p.calendar.event(title);
    const from = await host.lastSequence();

    await p.series.change(id, { body: { contentType: 'html', content: '<html><body><div>First line</div><div><br></div><div>- a point &amp; <b>more</b></div></body></html>' } });
    await p.series.change(id, { location: { displayName: 'Later than that' } });
    await eventually(async () => (await host.entry(entry.id)).location === 'Later than that');

    await steadily(async () => assert.equal((await host.entry(entry.id)).notes, 'First line\n\n- a point & more'));
    assert.deepEqual(await host.factsOf(entry.id, from), ['SCHEDULE_ENTRY_UPDATED']);
  });

  it('microsoft: a series is deleted when its start leaves the window', async () => {
    const p = await person('microsoft');
    const title = titled('For years');
    const date = dayAfter(new Date().toISOString().slice(0, 10), -420);
    const weekday = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'][new Date(`${date}T00:00:00Z`).getUTCDay()];
    await p.series.add({ title, date, from: '09:00:00', to: '09:30:00', days: [weekday] });
    const entry = await known(title);

    await host.sync(p.providerId);
    const begun = await host.post(`/v1/calendar-providers/${p.providerId}/sync`, { mode: 'reconcile' });
    await eventually(async () => (await host.get(`/v1/sync-runs/${begun.id}`)).outcome !== 'running', { within: 40_000 });

    assert.equal((await host.entry(entry.id)).status, 'scheduled');
    const soon = new Date().toISOString().slice(0, 10);
    assert.ok((await sameOccurrences(p.series, host, entry.id, soon, dayAfter(soon, 50), assert)).length >= 7);
  });
});
