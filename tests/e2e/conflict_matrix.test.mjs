// SPDX-License-Identifier: Apache-2.0
// Every choice about a conflict, at both vendors, in every direction: what both sides say afterwards, what the bus told, and
// that what lost comes back in one call. While the conflict is open everything else is synced.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, day, titled } from './support/entries.mjs';
import { eventually, steadily } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';

const within = 60_000;
const writes = { google: 'events.*', microsoft: 'graph.events.*' };
const choices = {
  local: { body: { choice: 'local' }, takes: { title: 'local', location: 'local' } },
  external: { body: { choice: 'external' }, takes: { title: 'external', location: 'external' } },
  merge: { body: { choice: 'merge', fields: { title: 'external', location: 'local' } }, takes: { title: 'external', location: 'local' } },
};
const other = { local: 'external', external: 'local' };

describe('conflicts in every direction', { concurrency: 4 }, () => {
  let d, tenant, host;
  before(async () => {
    d = await Demonstration.start();
    [tenant] = d.tenants;
    ({ host } = tenant);
  });
  after(() => d?.stop());

  const factsAbout = async (met, type) =>
    (await host.facts(met.before)).filter((f) => f.data.entry_id === met.id && f.type === type);
  const eventOf = async ({ person, eventId }) => (await person.calendar.events()).find((e) => e.id === eventId);
  const texts = ({ title, location }) => ({ title, location });

  /** Both sides say these texts and go on saying them. */
  async function say(met, entry, event) {
    const both = async () => {
      assert.deepEqual(texts(await host.entry(met.id)), entry, 'the entry');
      assert.deepEqual(texts(await eventOf(met)), event, 'the event');
      return true;
    };
    await eventually(both, { what: 'both sides saying what was chosen', within });
    await host.sync(met.person.providerId);
    await steadily(both, { during: 500 });
  }

  /** An entry and its event that gave each other's title and location up since they agreed. */
  async function overlap(type) {
    const person = await d.newPerson(tenant, type, { settings: { conflict_policy: 'manual' } });
    const base = { title: titled('Agreed'), location: 'Base' };
    const { id } = await host.createEntry({ ...anHour(base.title, [person.userId]), location: base.location });
    await host.settled(id);
    const { id: eventId } = await person.calendar.event(base.title);
    const met = { person, id, eventId, base, before: await host.lastSequence() };

    const fault = await d.sandbox.fault({ account: person.email, method: writes[type], times: 0, status: 503 });
    met.local = { title: titled("Host's"), location: 'Hall' };
    met.external = { title: titled("Person's"), location: 'Roof' };
    await host.changeEntry(id, met.local);
    await person.calendar.edit(eventId, met.external);
    await fault.end();
    await host.sync(person.providerId);
    met.conflict = await eventually(async () => (await host.all(`/v1/conflicts?entry_id=${id}&state=open`))[0], { what: 'the conflict', within });
    return met;
  }

  /** The conflict and its only fact show both versions and what they came from. */
  async function assertTold(met) {
    const { conflict, base, local, external } = met;
    assert.deepEqual(conflict.groups, ['title', 'location']);
    assert.deepEqual([conflict.base, conflict.local, conflict.external], [base, local, external]);
    const facts = await factsAbout(met, 'CALENDAR_CONFLICT_DETECTED');
    assert.deepEqual(facts.map(({ data }) => [data.conflict_id, data.base, data.local, data.external]), [[conflict.id, base, local, external]]);
  }

  /** What nobody disputes goes both ways; what is in dispute stays where it is. */
  async function assertTheRestGoesOn(met) {
    await host.changeEntry(met.id, { notes: 'By the host' });
    await eventually(async () => (await eventOf(met)).notes === 'By the host', { what: 'the notes in the calendar', within });
    const hour = { start: `${day(7)}T15:00:00`, end: `${day(7)}T16:00:00`, zone: 'Europe/Berlin' };
    await met.person.calendar.edit(met.eventId, hour);
    await eventually(async () => (await host.entry(met.id)).start.date_time.slice(11, 13) === '15', { what: 'the hour in the entry', within });
    assert.deepEqual(texts(await host.entry(met.id)), met.local);
    assert.deepEqual(texts(await eventOf(met)), met.external);

    met.local = { ...met.local, title: titled("Host's later") };
    await host.changeEntry(met.id, { title: met.local.title });
    const still = await host.get(`/v1/conflicts/${met.conflict.id}`);
    assert.deepEqual([still.state, still.local], ['open', met.local]);
  }

  for (const type of ['google', 'microsoft'])
    for (const direction of ['both', 'to_provider', 'from_provider'])
      for (const [choice, { body, takes }] of Object.entries(choices))
        it(`${type}, ${direction}: ${choice} stands where that direction writes`, async () => {
          const met = await overlap(type);
          await assertTold(met);
          if (direction === 'both') await assertTheRestGoesOn(met);
          else await host.patch(`/v1/calendar-providers/${met.person.providerId}`, { direction });
          const chosen = { title: met[takes.title].title, location: met[takes.location].location };
          const lost = { title: met[other[takes.title]].title, location: met[other[takes.location]].location };
          const written = direction !== 'from_provider';

          const preview = await host.post(`/v1/conflicts/${met.conflict.id}/preview`, body);
          assert.deepEqual([preview.local, preview.external], [chosen, written ? chosen : met.external]);
          const resolved = await host.post(`/v1/conflicts/${met.conflict.id}/resolution`, body);
          assert.equal(resolved.state, 'resolved');
          await say(met, chosen, written ? chosen : met.external);
          assert.equal((await factsAbout(met, 'CALENDAR_CONFLICT_DETECTED')).length, 1);
          const told = await factsAbout(met, 'CALENDAR_CONFLICT_RESOLVED');
          assert.deepEqual(told.map((f) => f.data.choice), [choice]);

          await host.post(`/v1/conflicts/${met.conflict.id}/restoration`);
          await say(met, lost, written ? lost : met.external);
        });

  for (const type of ['google', 'microsoft']) {
    it(`${type}, to_provider: what a person changes in the calendar gives way, and nothing waits`, async () => {
      const person = await d.newPerson(tenant, type, { settings: { conflict_policy: 'manual', direction: 'to_provider' } });
      const base = { title: titled('Agreed'), location: 'Base' };
      const { id } = await host.createEntry({ ...anHour(base.title, [person.userId]), location: base.location });
      await host.settled(id);
      const { id: eventId } = await person.calendar.event(base.title);
      const met = { person, id, eventId, before: await host.lastSequence() };

      await person.calendar.edit(eventId, { title: titled("Person's"), location: 'Roof' });
      const title = titled("Host's");
      await host.changeEntry(id, { title });

      await say(met, { title, location: 'Base' }, { title, location: 'Base' });
      assert.deepEqual(await host.all(`/v1/conflicts?entry_id=${id}&state=open`), []);
    });

    it(`${type}, from_provider: what the calendar says stands in the entry, and what lost comes back there alone`, async () => {
      const person = await d.newPerson(tenant, type, { settings: { conflict_policy: 'manual', direction: 'from_provider' } });
      const title = titled('Agreed');
      const start = { start: `${day(7)}T09:00:00`, end: `${day(7)}T10:00:00`, zone: 'Europe/Berlin' };
      await person.calendar.add({ title, location: 'Base', ...start });
      const { id } = await eventually(() => host.entryTitled(title, person.userId), { what: 'the entry', within });
      const { id: eventId } = await person.calendar.event(title);
      const met = { person, id, eventId, before: await host.lastSequence() };

      const ours = { title: titled("Host's"), location: 'Hall' };
      const theirs = { title: titled("Person's"), location: 'Base' };
      await host.changeEntry(id, ours);
      await person.calendar.edit(eventId, { title: theirs.title });

      await eventually(async () => (await host.entry(id)).title === theirs.title, { what: 'the title of the calendar', within });
      await say(met, { title: theirs.title, location: 'Hall' }, theirs);
      const [known] = await host.all(`/v1/conflicts?entry_id=${id}`);
      assert.deepEqual([known.state, known.choice, known.groups, known.local.title], ['resolved', 'external', ['title'], ours.title]);
      await host.post(`/v1/conflicts/${known.id}/restoration`);
      await say(met, ours, theirs);
    });

    it(`${type}: a guarded write that finds another version reads again and merges`, async () => {
      const person = await d.newPerson(tenant, type);
      const base = { title: titled('Agreed'), location: 'Base' };
      const { id } = await host.createEntry({ ...anHour(base.title, [person.userId]), location: base.location });
      await host.settled(id);
      const { id: eventId } = await person.calendar.event(base.title);
      const met = { person, id, eventId };
      await d.sandbox.dropNotices(person.email);
      const from = await d.sandbox.journalEnd();

      await person.calendar.edit(eventId, { location: 'Roof' });
      const title = titled("Host's");
      await host.changeEntry(id, { title });

      await eventually(async () => (await host.entry(id)).location === 'Roof', { what: 'the location in the entry', within });
      await host.settled(id);
      const { items } = await d.sandbox.journal({ account: person.email, status: 412, after: from });
      assert.equal(items.length, 1, 'writes that found another version');
      await say(met, { title, location: 'Roof' }, { title, location: 'Roof' });
      assert.deepEqual(await host.all(`/v1/conflicts?entry_id=${id}`), []);
    });
  }
});
