// SPDX-License-Identifier: Apache-2.0
// Series over the API, and in both vendors' calendars: one occurrence, this and the following, all of them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { at, day, titled } from './support/entries.mjs';
import { eventually } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';

const zone = 'Europe/Berlin';
/** Five days in a row at nine. */
const daily = (title, userIds, more = {}) => ({
  title,
  start: at(day(3), '09:00:00', zone),
  end: at(day(3), '10:00:00', zone),
  recurrence: { rrule: 'FREQ=DAILY;COUNT=5' },
  assigned_user_ids: userIds,
  ...more,
});
const slot = (ahead, clock = '09:00:00') => `${day(ahead)}T${clock}`;
const part = (id, scope, occurrence) => `/v1/schedule-entries/${id}?scope=${scope}&occurrence=${occurrence}`;

describe('series', { concurrency: 2 }, () => {
  let d, tenant, host;
  before(async () => {
    d = await Demonstration.start();
    [tenant] = d.tenants;
    ({ host } = tenant);
  });
  after(() => d?.stop());

  const starts = async (id, query = '') =>
    (await host.all(`/v1/schedule-entries/${id}/occurrences${query}`)).map((o) => (o.start.date_time ?? o.start.date).slice(0, 16));

  it('are kept, listed, changed and deleted in parts', async () => {
    const made = await host.createEntry(daily(titled('Parts'), []));
    assert.equal(made.recurrence.rrule, 'FREQ=DAILY;COUNT=5');
    assert.deepEqual(await starts(made.id), [3, 4, 5, 6, 7].map((n) => slot(n).slice(0, 16)));

    await host.patch(part(made.id, 'single', slot(4)), { start: at(day(4), '11:00:00', zone), end: at(day(4), '12:00:00', zone) });
    await host.delete(part(made.id, 'single', slot(5)));
    assert.deepEqual(await starts(made.id), [slot(3), slot(4, '11:00:00'), slot(6), slot(7)].map((s) => s.slice(0, 16)));

    const second = await host.patch(part(made.id, 'future', slot(6)), { title: titled('After') });
    assert.notEqual(second.id, made.id);
    assert.equal(second.detached_entry_id, second.id);
    assert.deepEqual(await starts(made.id), [slot(3), slot(4, '11:00:00')].map((s) => s.slice(0, 16)));
    assert.deepEqual(await starts(second.id), [slot(6), slot(7)].map((s) => s.slice(0, 16)));

    await host.removeEntry(second.id);
    assert.ok(await host.entryGone(second.id));
  });

  it('tell of each change once', async () => {
    const made = await host.createEntry(daily(titled('Told'), []));
    const before = await host.lastSequence();
    const { id } = await host.patch(part(made.id, 'future', slot(5)), { title: titled('Told after') });
    assert.deepEqual(await host.factsOf(made.id, before), ['SCHEDULE_ENTRY_UPDATED']);
    assert.deepEqual(await host.factsOf(id, before), ['SCHEDULE_ENTRY_CREATED']);
  });

  for (const type of ['google', 'microsoft']) {
    it(`stand in ${type}'s calendar as one series`, async () => {
      const person = await d.newPerson(tenant, type, { zone });
      const title = titled(`Series for ${type}`);
      const made = await host.createEntry(daily(title, [person.userId]));
      await host.settled(made.id);
      const event = await eventually(() => person.calendar.event(title), { what: 'the series' });
      assert.ok(event.raw.recurrence, JSON.stringify(event.raw));

      const changed = titled(`Changed for ${type}`);
      await host.patch(part(made.id, 'single', slot(4)), { title: changed });
      await host.delete(part(made.id, 'single', slot(5)));
      await host.settled(made.id);
      const entry = await host.entry(made.id);
      assert.equal(entry.recurrence.changed_occurrences[0].title, changed);
      assert.deepEqual(entry.recurrence.exdates, [slot(5)]);
    });
  }
});
