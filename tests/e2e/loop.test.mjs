// SPDX-License-Identifier: Apache-2.0
// One change is one change: it is written once, its echo writes nothing, and one fact tells of it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, titled } from './support/entries.mjs';
import { eventually, steadily } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';

const method = {
  google: { insert: 'events.insert', update: 'events.patch', delete: 'events.delete' },
  microsoft: { insert: 'graph.events.insert', update: 'graph.events.update', delete: 'graph.events.delete' },
};

describe('echoes', { concurrency: 4 }, () => {
  let d, tenant;
  before(async () => {
    d = await Demonstration.start();
    [tenant] = d.tenants;
  });
  after(() => d?.stop());

  /** What was written into this calendar by its API after `sequence`. */
  async function written(person, sequence) {
    const { items } = await d.sandbox.journal({ account: person.email, wrote: true, after: sequence });
    return items.filter((e) => e.method !== 'notice' && !e.method.startsWith('oauth.')).map((e) => e.method);
  }

  /** Waits until the vendor's notice about a change after `sequence` was taken and its run is over. */
  async function echoTaken(person, sequence) {
    const notice = await eventually(
      async () => {
        const { items } = await d.sandbox.journal({ account: person.email, method: 'notice', after: sequence });
        return items.find((e) => e.status >= 200 && e.status < 300);
      },
      { what: 'the notice' },
    );
    await eventually(
      async () => {
        const { items } = await tenant.host.get(`/v1/sync-runs?provider_id=${person.providerId}&limit=5`);
        return items.some((r) => r.cause === 'notice' && r.finished_at && Date.parse(r.finished_at) >= Date.parse(notice.time) - 1_000);
      },
      { what: 'the run after the notice' },
    );
  }

  async function startingPoint() {
    await steadily(() => {}, { during: 500 });
    return { journal: await d.sandbox.journalEnd(), fact: await tenant.host.lastSequence() };
  }

  for (const type of ['google', 'microsoft']) {
    it(`a local change is one write to ${type}, and its echo is none`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('Only once');
      let from = await startingPoint();

      const entry = await tenant.host.createEntry(anHour(title, [person.userId]));
      await tenant.host.settled(entry.id);
      await echoTaken(person, from.journal);
      await steadily(async () => assert.deepEqual(await written(person, from.journal), [method[type].insert]));
      assert.deepEqual(await tenant.host.factsOf(entry.id, from.fact), ['SCHEDULE_ENTRY_CREATED']);

      from = await startingPoint();
      await tenant.host.changeEntry(entry.id, { title: `${title}, later`, location: 'Elsewhere' });
      await tenant.host.settled(entry.id);
      await echoTaken(person, from.journal);
      await steadily(async () => assert.deepEqual(await written(person, from.journal), [method[type].update]));
      assert.deepEqual(await tenant.host.factsOf(entry.id, from.fact), ['SCHEDULE_ENTRY_UPDATED']);
      assert.equal((await tenant.host.entry(entry.id)).version, 2);

      from = await startingPoint();
      await tenant.host.removeEntry(entry.id);
      await eventually(async () => (await written(person, from.journal)).length > 0, { what: 'the removal' });
      await echoTaken(person, from.journal);
      await steadily(async () => assert.deepEqual(await written(person, from.journal), [method[type].delete]));
      assert.deepEqual(await tenant.host.factsOf(entry.id, from.fact), ['SCHEDULE_ENTRY_DELETED']);
    });

    it(`a change in ${type}'s calendar is one fact and no write there`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('Own date');
      const hour = anHour(title, []);
      let from = await startingPoint();

      const event = await person.calendar.add({ title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' });
      const entry = await eventually(() => tenant.host.entryTitled(title), { what: 'the entry' });
      await steadily(async () => assert.deepEqual(await written(person, from.journal), []));
      assert.deepEqual(await tenant.host.factsOf(entry.id, from.fact), ['SCHEDULE_ENTRY_CREATED']);

      from = await startingPoint();
      await person.calendar.edit(event.id, { notes: 'Ask for parking' });
      await eventually(async () => (await tenant.host.entry(entry.id)).notes === 'Ask for parking', { what: 'the change' });
      await steadily(async () => assert.deepEqual(await written(person, from.journal), []));
      assert.deepEqual(await tenant.host.factsOf(entry.id, from.fact), ['SCHEDULE_ENTRY_UPDATED']);
      assert.equal((await tenant.host.entry(entry.id)).version, 2);

      from = await startingPoint();
      await person.calendar.remove(event.id);
      await eventually(() => tenant.host.entryGone(entry.id), { what: 'the deletion' });
      await steadily(async () => assert.deepEqual(await written(person, from.journal), []));
      assert.deepEqual(await tenant.host.factsOf(entry.id, from.fact), ['SCHEDULE_ENTRY_DELETED']);
    });

    it(`a change that changes nothing is not written to ${type}`, async () => {
      const person = await d.newPerson(tenant, type);
      const entry = await tenant.host.createEntry(anHour(titled('Same again'), [person.userId]));
      await tenant.host.settled(entry.id);
      const from = await startingPoint();

      const same = await tenant.host.changeEntry(entry.id, { title: entry.title, start: entry.start, end: entry.end });

      assert.equal(same.version, entry.version);
      await steadily(async () => assert.deepEqual(await written(person, from.journal), []));
      assert.deepEqual(await tenant.host.factsOf(entry.id, from.fact), []);
    });

    it(`a change of what only the host knows is not written to ${type}`, async () => {
      const person = await d.newPerson(tenant, type);
      const entry = await tenant.host.createEntry(anHour(titled('Ticket'), [person.userId]));
      await tenant.host.settled(entry.id);
      const from = await startingPoint();

      await tenant.host.changeEntry(entry.id, { status: 'in_progress', work_item: { type: 'ticket', id: '4711' } });

      await steadily(async () => assert.deepEqual(await written(person, from.journal), []));
      assert.deepEqual(await tenant.host.factsOf(entry.id, from.fact), ['SCHEDULE_ENTRY_UPDATED']);
    });
  }

  it('a change in one calendar is written once to the calendar of the other person', async () => {
    const google = await d.newPerson(tenant, 'google');
    const microsoft = await d.newPerson(tenant, 'microsoft');
    const title = titled('Both of us');
    const entry = await tenant.host.createEntry(anHour(title, [google.userId, microsoft.userId]));
    await tenant.host.settled(entry.id);
    const from = await startingPoint();

    const event = await google.calendar.event(title);
    await google.calendar.edit(event.id, { title: `${title}!` });

    await eventually(() => microsoft.calendar.event(`${title}!`), { what: 'the change at the other vendor' });
    await echoTaken(microsoft, from.journal);
    await steadily(async () => {
      assert.deepEqual(await written(google, from.journal), []);
      assert.deepEqual(await written(microsoft, from.journal), [method.microsoft.update]);
    });
    assert.deepEqual(await tenant.host.factsOf(entry.id, from.fact), ['SCHEDULE_ENTRY_UPDATED']);
  });
});
