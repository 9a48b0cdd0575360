// SPDX-License-Identifier: Apache-2.0
// Meetings of several people of a tenant: who is assigned by which address, who may change what, and that nobody's calendar
// takes a part of a series from the others.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { at, day, titled } from './support/entries.mjs';
import { eventually, steadily } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';
import { next, occurrencesOf, SeriesOf } from './support/series.mjs';

const zone = 'Europe/Berlin';
let addresses = 0;

/** Until no assertion fails any more. */
const sooner = (check, options) => eventually(async () => (await check(), true), options);

describe('people', { concurrency: 4 }, () => {
  let d, tenant, host;
  before(async () => {
    d = await Demonstration.start();
    [tenant] = d.tenants;
    ({ host } = tenant);
  });
  after(() => d?.stop());

  async function person(type, settings = {}) {
    const p = await d.newPerson(tenant, type, { zone, settings });
    return { ...p, series: new SeriesOf(d, p) };
  }
  async function userWithoutCalendar(aliases = []) {
    const name = `nocalendar${++addresses}`;
    return host.post('/v1/users', { email: `${name}@people.example`, name, aliases });
  }
  const shouted = (email) => email.replace(/^./, (c) => c.toUpperCase()).replace('@people', '@PEOPLE');
  const known = (title) => eventually(() => host.entryTitled(title), { what: `the entry "${title}"` });
  const assigned = async (id) => (await host.entry(id)).assigned_user_ids.toSorted();
  const reasons = async (id) => (await host.all(`/v1/schedule-entries/${id}/decisions`)).map((r) => r.reason);
  const linked = async (id) => (await host.get(`/v1/schedule-entries/${id}/sync-status`)).providers.filter((p) => p.linked).length;
  const slot = (ahead, clock = '09:00:00') => `${day(ahead)}T${clock}`;

  for (const type of ['google', 'microsoft']) {
    it(`${type}: a meeting assigns the users whom it names, by whichever address, with a calendar or without`, async () => {
      const organizer = await person(type);
      const guest = await person(type);
      const alias = `alias${++addresses}@other.example`;
      const byEmail = await userWithoutCalendar();
      const byAlias = await userWithoutCalendar([alias]);
      const title = titled('Named');
      const guests = [shouted(guest.email), shouted(byEmail.email), alias.toUpperCase(), 'visitor@elsewhere.example'];
      await organizer.series.add({ title, date: next('TH'), from: '09:00:00', to: '10:00:00', guests });

      const entry = await known(title);
      const all = [organizer.userId, guest.userId, byEmail.id, byAlias.id].toSorted();
      await sooner(async () => assert.deepEqual(await assigned(entry.id), all), { what: 'everybody being assigned' });
      const strangers = (await host.entry(entry.id)).attendees.map((a) => a.email.toLowerCase()).filter((e) => e !== organizer.email);
      assert.deepEqual(strangers, ['visitor@elsewhere.example']);
      await eventually(async () => (await linked(entry.id)) === 2, { what: "the guest's calendar being linked" });
      await steadily(async () => {
        for (const p of [organizer, guest]) await p.calendar.event(title); // throws if there are two
        await host.entryTitled(title);
      });
    });

    it(`${type}: who gets an alias is assigned with the next change; who is taken off the list is unassigned`, async () => {
      const organizer = await person(type);
      const user = await userWithoutCalendar();
      const alias = `later${++addresses}@other.example`;
      const title = titled('Later');
      const made = await organizer.series.add({ title, date: next('TH'), from: '11:00:00', to: '12:00:00', guests: [alias] });
      const entry = await known(title);
      assert.deepEqual(await assigned(entry.id), [organizer.userId]);

      await host.patch(`/v1/users/${user.id}`, { aliases: [alias] });
      const renamed = titled('Later, renamed');
      await organizer.series.rename(made.id, renamed);
      await sooner(async () => assert.deepEqual(await assigned(entry.id), [organizer.userId, user.id].toSorted()), {
        what: 'the new alias being known',
      });
      assert.ok((await reasons(entry.id)).includes('pull_people_changed'));

      await organizer.series.change(made.id, { attendees: [] });
      await sooner(async () => assert.deepEqual(await assigned(entry.id), [organizer.userId]), { what: 'the list being followed' });
    });

    it(`${type}: of a meeting to which the person is invited nothing is written that its organizer alone may change`, async () => {
      const guest = await person(type);
      const outside = `organizer${++addresses}@elsewhere.example`;
      const token = await d.sandbox.openAccount(outside, type);
      const theirs = new SeriesOf(d, { type, email: outside, calendar: { token } });
      const title = titled('Invited');
      await theirs.add({ title, date: next('FR'), from: '09:00:00', to: '10:00:00', guests: [guest.email] });
      const entry = await known(title);
      const from = await d.sandbox.journalEnd();

      await host.changeEntry(entry.id, { title: titled('Ours'), location: 'Hall', start: at(day(9), '08:00:00', zone), end: at(day(9), '09:00:00', zone) });

      await sooner(async () => assert.ok((await reasons(entry.id)).includes('push_not_organizer')), { what: 'the decision' });
      await steadily(async () => {
        const { items } = await d.sandbox.journal({ account: guest.email, after: from, limit: 200 });
        const writes = items.filter((i) => /events\.(update|patch|insert|delete)$/.test(i.method));
        assert.deepEqual(writes, []);
        assert.equal((await guest.calendar.events()).filter((e) => e.title === title).length, 1);
      });
      assert.notEqual((await host.entry(entry.id)).title, title, 'the entry is the host\'s');
      assert.equal((await host.get('/v1/dead-letters?limit=200')).items.filter((l) => l.entry_id === entry.id).length, 0);
    });

    it(`${type}: one of several people cuts a series: the others keep what follows`, async () => {
      const [one, other] = [await person(type), await person(type === 'google' ? 'microsoft' : 'google')];
      const title = titled('Cut');
      const made = await host.createEntry({
        title,
        start: at(day(3), '09:00:00', zone),
        end: at(day(3), '10:00:00', zone),
        recurrence: { rrule: 'FREQ=DAILY;COUNT=5' },
        assigned_user_ids: [one.userId, other.userId],
      });
      await host.settled(made.id);
      const event = await one.calendar.event(title);
      if (type === 'google') {
        const until = day(4).replaceAll('-', '');
        await one.series.change(event.id, { recurrence: [`RRULE:FREQ=DAILY;UNTIL=${until}T225959Z`] });
      } else {
        const { recurrence } = event.raw;
        await one.series.change(event.id, { recurrence: { ...recurrence, range: { type: 'endDate', startDate: day(3), endDate: day(4) } } });
      }

      const tail = await eventually(
        async () => (await host.all(`/v1/schedule-entries?assigned_user_id=${other.userId}`)).find((e) => e.title === title && e.id !== made.id),
        { what: 'what followed as an entry of the other' },
      );
      assert.ok((await reasons(made.id)).includes('pull_tail_freed'));
      assert.deepEqual(tail.assigned_user_ids, [other.userId]);
      for (const id of [made.id, tail.id]) await host.settled(id);
      const starts = async (id) => (await occurrencesOf(host, id, day(2), day(12))).map((o) => o.recurrenceId);
      assert.deepEqual(await starts(made.id), [slot(3), slot(4)]);
      assert.deepEqual(await starts(tail.id), [slot(5), slot(6), slot(7)]);
      await sooner(async () => assert.equal((await other.series.of(title, day(2), day(12))).length, 5), { what: 'all five at the other' });
      assert.equal((await one.series.of(title, day(2), day(12))).length, 2);
    });

    it(`${type}: one of several people deletes one occurrence: the others keep it`, async () => {
      const [one, other] = [await person(type), await person(type === 'google' ? 'microsoft' : 'google')];
      const title = titled('Left');
      const made = await host.createEntry({
        title,
        start: at(day(3), '09:00:00', zone),
        end: at(day(3), '10:00:00', zone),
        recurrence: { rrule: 'FREQ=DAILY;COUNT=4' },
        assigned_user_ids: [one.userId, other.userId],
      });
      await host.settled(made.id);
      const [, second] = await one.series.of(title, day(2), day(12));
      await one.series.cancel(second.id);

      await sooner(async () => assert.ok((await reasons(made.id)).includes('pull_occurrence_freed')), { what: 'the decision' });
      await host.settled(made.id);
      await sooner(async () => assert.equal((await other.series.of(title, day(2), day(12))).length, 4), { what: 'all four at the other' });
      await steadily(async () => assert.equal((await one.series.of(title, day(2), day(12))).length, 3));
    });

    it(`${type}: an import policy that becomes another one deletes nothing`, async () => {
      const p = await person(type);
      const title = titled('Policy');
      await p.series.add({ title, date: next('WE'), from: '09:00:00', to: '10:00:00', notes: 'Between us' });
      const entry = await known(title);
      const event = () => p.calendar.event(title);
      const before = await event();
      const policy = (name) => host.patch(`/v1/calendar-providers/${p.providerId}`, { import_policy: name });
      const compare = async () => {
        const run = await host.post(`/v1/calendar-providers/${p.providerId}/sync`, { mode: 'reconcile' });
        await eventually(async () => (await host.get(`/v1/sync-runs/${run.id}`)).outcome === 'succeeded', { what: 'the comparison' });
      };

      for (const name of ['marked', 'none']) {
        await policy(name);
        await compare();
        assert.equal((await host.entry(entry.id)).notes, 'Between us', name);
      }
      const left = titled('Left out');
      await p.series.add({ title: left, date: next('WE'), from: '14:00:00', to: '15:00:00' });
      await policy('busy_only');
      await compare();
      await sooner(async () => assert.deepEqual([(await host.entry(entry.id)).title, (await host.entry(entry.id)).notes], ['Busy', '']), {
        what: 'the mask',
      });
      assert.deepEqual(await event(), before, 'nothing is written');

      await policy('all');
      await compare();
      await sooner(async () => assert.equal((await host.entry(entry.id)).notes, 'Between us'), { what: 'the text being told anew' });
      await known(left);
      assert.deepEqual(await event(), before);
    });
  }
});
