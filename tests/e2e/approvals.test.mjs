// SPDX-License-Identifier: Apache-2.0
// More deletions in a calendar than are made unasked: they wait for a yes, over the server's death, and everything else goes on.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, assertAgree, titled } from './support/entries.mjs';
import { eventually, steadily } from './support/eventually.mjs';
import { Service } from './support/installation.mjs';
import { scrapeUntil } from './support/prometheus.mjs';

const many = 30;
const unasked = 10;

describe('deletions that wait for a yes', () => {
  let s, tenant, host;
  before(async () => {
    s = await Service.start({ pollSeconds: 5 });
    tenant = await s.newTenant('Deleted & Sons');
    ({ host } = tenant);
  });
  after(() => s?.stop());

  const path = (person) => `/v1/calendar-providers/${person.providerId}/approvals`;
  const waiting = async (person) => (await host.get(path(person))).items;
  const standing = async (person, word) => (await person.calendar.events()).filter((e) => e.title.startsWith(word));

  /** That many entries of this person, each with its event. */
  async function entriesOf(person, word, count) {
    const entries = [];
    for (let i = 0; i < count; ++i)
      entries.push(await host.createEntry(anHour(titled(word), [person.userId], { ahead: 3 + (i % 20) })));
    await eventually(async () => (await standing(person, word)).length === count, { within: 60_000, what: `${count} events` });
    for (const e of entries) await host.settled(e.id);
    return entries;
  }

  /** The host deletes all of them; the first few go, the others are held. */
  async function deleteAll(person, word) {
    const entries = await entriesOf(person, word, many);
    const from = await host.lastSequence();
    for (const e of entries) await host.removeEntry(e.id);
    const held = await eventually(
      async () => {
        const [item] = await waiting(person);
        return item && item.count + unasked >= many && (await standing(person, word)).length === item.count && item;
      },
      { within: 60_000, what: 'the deletions that wait' },
    );
    return { entries, held, from };
  }

  async function dieAndComeBack() {
    await s.server.crash();
    await s.launch();
  }

  for (const type of ['google', 'microsoft']) {
    it(`${type}: thirty deletions wait, the calendar goes on, and a yes lets them go`, async () => {
      const person = await s.newPerson(tenant, type);
      const { entries, held, from } = await deleteAll(person, 'Deleted');

      assert.equal(held.kind, 'events_would_go');
      assert.equal(held.approved, false);
      assert.ok(held.of >= held.count);
      assert.ok(held.sample.length > 0 && held.sample.length <= 10);
      const known = new Set(entries.map((e) => e.id));
      for (const one of held.sample) {
        assert.ok(known.has(one.entry_id));
        assert.match(one.title, /^Deleted #/);
        assert.ok(one.start.date_time);
      }
      assert.equal((await host.provider(person.providerId)).held_removals.side, 'events');
      const told = (await host.facts(from)).filter(
        (f) => f.type === 'CALENDAR_PROVIDER_ERROR' && f.data.provider_id === person.providerId && f.data.code === 'removals_held',
      );
      assert.equal(told.length, 1);
      await scrapeUntil(s, (f) => f.sum('kalends_approvals', tenant.id) >= held.count, { what: 'the figure' });

      const fresh = await host.createEntry(anHour(titled('Fresh'), [person.userId]));
      await host.settled(fresh.id);
      await host.changeEntry(fresh.id, { location: 'Elsewhere' });
      await host.settled(fresh.id);
      const own = titled('Own');
      const hour = anHour(own, []);
      await person.calendar.add({ title: own, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' });
      await eventually(() => host.entryTitled(own), { what: 'the person’s own event' });

      await dieAndComeBack();
      await steadily(async () => assert.equal((await standing(person, 'Deleted')).length, held.count), { during: 7_000 });
      assert.equal((await waiting(person))[0].count, held.count);

      const mistaken = await host.request('POST', path(person), { decision: 'approve', count: held.count + 1 });
      assert.equal(mistaken.status, 409);
      assert.equal(mistaken.json.code, 'approval_stale');
      await host.post(path(person), { decision: 'approve', kind: 'events_would_go', count: held.count });

      await eventually(async () => (await standing(person, 'Deleted')).length === 0, { within: 60_000, what: 'the deletions' });
      assert.deepEqual(await waiting(person), []);
      assertAgree(await person.calendar.event(fresh.title), await host.entry(fresh.id));
      const again = await host.request('POST', path(person), { decision: 'approve' });
      assert.equal(again.json.code, 'nothing_held');
    });

    it(`${type}: a no keeps the events, and they do not come back as entries`, async () => {
      const person = await s.newPerson(tenant, type);
      const { entries, held } = await deleteAll(person, 'Kept');

      await dieAndComeBack();
      await host.post(path(person), { decision: 'refuse' });

      assert.deepEqual(await waiting(person), []);
      assert.equal((await host.provider(person.providerId)).held_removals, null);
      const [kept] = await standing(person, 'Kept');
      await person.calendar.edit(kept.id, { location: 'Touched by its person' });
      assert.equal((await host.sync(person.providerId)).outcome, 'succeeded');
      await dieAndComeBack();
      await steadily(
        async () => {
          assert.equal((await standing(person, 'Kept')).length, held.count);
          assert.deepEqual((await host.all(`/v1/schedule-entries?assigned_user_id=${person.userId}`)).map((e) => e.title), []);
        },
        { during: 7_000 },
      );
      assert.ok(await host.entryGone(entries[0].id));
      const reasons = (await host.get(`/v1/schedule-entries/${held.sample[0].entry_id}/decisions`)).items.map((d) => d.reason);
      assert.ok(reasons.includes('push_held') && reasons.includes('push_kept'), reasons.join());
    });

    it(`${type}: a few deletions and one reassignment go at once`, async () => {
      const person = await s.newPerson(tenant, type);
      const entries = await entriesOf(person, 'Few', 6);

      for (const e of entries.slice(1)) await host.removeEntry(e.id);
      await host.changeEntry(entries[0].id, { assigned_user_ids: [] });

      await eventually(async () => (await standing(person, 'Few')).length === 0, { what: 'the deletions' });
      assert.deepEqual(await waiting(person), []);
    });
  }

  it('a tenant whose connections begin with a rehearsal', async () => {
    const careful = await s.newTenant('Careful');
    const changed = await s.installationHost.patch(`/v1/admin/tenants/${careful.id}`, { rehearsal_default: true });
    assert.equal(changed.rehearsal_default, true);
    assert.equal(changed.name, 'Careful');
    const user = await careful.host.post('/v1/users', { email: 'c@people.example', name: 'C', time_zone: 'Europe/Berlin' });
    const made = (more) => careful.host.post('/v1/calendar-providers', { type: 'google', user_id: user.id, ...more });

    assert.equal((await made({})).rehearsal, true);
    assert.equal((await made({ rehearsal: false })).rehearsal, false);
  });
});
