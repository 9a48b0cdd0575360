// SPDX-License-Identifier: Apache-2.0
// The server stops and starts, or dies and starts, while the vendors live on: nobody has to connect anew, nothing is lost.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, assertAgree, titled } from './support/entries.mjs';
import { eventually } from './support/eventually.mjs';
import { Demonstration, Service } from './support/installation.mjs';

const vendors = ['google', 'microsoft'];

let s, tenant, people;

/** A server of its own with one person of each vendor, for the tests of one `describe`. */
function serveDuring(options) {
  before(async () => {
    s = await Service.start(options);
    tenant = await s.newTenant('Restarted & Sons');
    people = [];
    for (const type of vendors) people.push(await s.newPerson(tenant, type));
  });
  after(() => s?.stop());
}

/** What a person writes into the own calendar. */
function own(title) {
  const hour = anHour(title, []);
  return { title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' };
}

describe('a restart', () => {
  serveDuring({ pollSeconds: 5 });

  /** Changes on both sides before, people's changes while the server is away, and how it stands afterwards. */
  async function overRestart(stop) {
    const { host } = tenant;
    const before = [];
    for (const person of people) {
      const moved = titled('Moved meanwhile');
      const gone = titled('Deleted meanwhile');
      const events = [await person.calendar.add(own(moved)), await person.calendar.add(own(gone))];
      const entries = [];
      for (const title of [moved, gone]) entries.push(await eventually(() => host.entryTitled(title), { what: title }));
      const ours = await host.createEntry(anHour(titled('Ours'), [person.userId]));
      await host.settled(ours.id);
      before.push({ person, events, entries, ours });
    }

    await stop();
    for (const b of before) {
      await b.person.calendar.edit(b.events[0].id, { location: 'Moved while nobody looked' });
      await b.person.calendar.remove(b.events[1].id);
      b.fresh = titled('Made meanwhile');
      await b.person.calendar.add(own(b.fresh));
    }
    await s.launch();

    for (const b of before) {
      assert.equal((await host.provider(b.person.providerId)).status, 'active');
      await eventually(async () => (await host.entry(b.entries[0].id)).location.startsWith('Moved'), {
        what: `the move in ${b.person.email}`,
        within: 40_000,
      });
      await eventually(() => host.entryGone(b.entries[1].id), { what: `the deletion in ${b.person.email}` });
      await eventually(() => host.entryTitled(b.fresh), { what: `the new event of ${b.person.email}` });
      // The other way works too, with the tokens from before.
      const changed = await host.changeEntry(b.ours.id, { notes: 'after the restart' });
      await host.settled(b.ours.id);
      assertAgree(await b.person.calendar.event(b.ours.title), changed);
      const runs = await host.all(`/v1/sync-runs?provider_id=${b.person.providerId}`);
      assert.ok(!runs.some((r) => r.outcome === 'running' && r.cause !== 'notice'), JSON.stringify(runs[0]));
    }
  }

  it('by SIGTERM loses nothing', async () => {
    await overRestart(() => s.server.terminate());
  });

  it('by kill -9 loses nothing', async () => {
    await overRestart(() => s.server.crash());
  });

});

describe('a crash without polls to help', () => {
  serveDuring();

  it('right after a host wrote loses neither the entry nor its way out', async () => {
    const { host } = tenant;
    const faults = [];
    for (const p of people) faults.push(await s.sandbox.fault({ account: p.email, status: 503, times: 0 }));
    const entries = [];
    for (const p of people) entries.push(await host.createEntry(anHour(titled('Just written'), [p.userId])));

    await s.server.crash();
    for (const fault of faults) await fault.end();
    await s.launch();

    for (const [i, p] of people.entries()) {
      assert.deepEqual(await host.entry(entries[i].id), entries[i]);
      await eventually(() => p.calendar.event(entries[i].title), { what: `the event of ${p.email}`, within: 40_000 });
    }
  });

  it('in the middle of writing makes no event twice', async () => {
    const { host } = tenant;
    const entries = [];
    for (const p of people) {
      // The vendor does it, but its answer comes too late for this life.
      const method = p.type === 'google' ? 'events.insert' : 'graph.events.insert';
      await s.sandbox.fault({ account: p.email, method, latency_ms: 5_000, times: 1 });
      entries.push(await host.createEntry(anHour(titled('Half written'), [p.userId])));
      await eventually(() => p.calendar.event(entries.at(-1).title), { what: 'the effect of the insert' });
    }

    await s.server.crash();
    await s.launch();

    for (const [i, p] of people.entries()) {
      await host.settled(entries[i].id, { within: 40_000 });
      const there = (await p.calendar.events()).filter((e) => e.title === entries[i].title);
      assert.equal(there.length, 1);
    }
  });

  it('does not forget a notice that was acknowledged', async () => {
    const { host } = tenant;
    const titles = [];
    for (const p of people) {
      // While nothing can be read, the mark is all that there is of the change.
      const method = p.type === 'google' ? 'events.list' : 'graph.calendarView.delta';
      const fault = await s.sandbox.fault({ account: p.email, method, status: 503, times: 0 });
      const from = await s.sandbox.journalEnd();
      titles.push(titled('Announced'));
      await p.calendar.add(own(titles.at(-1)));
      await eventually(
        async () => {
          const { items } = await s.sandbox.journal({ account: p.email, method: 'notice', after: from });
          return items.some((e) => e.status >= 200 && e.status < 300);
        },
        { what: 'an acknowledged notice' },
      );
      p.fault = fault;
    }

    await s.server.crash();
    for (const p of people) await p.fault.end();
    await s.launch();

    for (const title of titles) await eventually(() => host.entryTitled(title), { what: `"${title}"`, within: 40_000 });
  });
});

describe('a demonstration', () => {
  it('goes on where it stopped, at the same addresses and with the same keys', async () => {
    const d = await Demonstration.start();
    try {
      const [tenant] = d.tenants;
      const { base_url: base, admin_key: key } = d.manifest;
      const sandboxBase = d.manifest.sandbox.base_url;
      const entry = await tenant.host.createEntry(anHour(titled('Over night'), [tenant.users[0].id]));
      await tenant.host.settled(entry.id);

      await d.server.terminate();
      await d.launch();

      assert.equal(d.manifest.base_url, base);
      assert.equal(d.manifest.admin_key, key);
      assert.equal(d.manifest.sandbox.base_url, sandboxBase);
      assert.deepEqual(d.manifest.tenants.map((t) => t.id), d.tenants.map((t) => t.id));
      assert.deepEqual(await tenant.host.entry(entry.id), entry);
    } finally {
      await d.stop();
    }
  });
});
