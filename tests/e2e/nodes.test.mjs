// SPDX-License-Identifier: Apache-2.0
// Two nodes on one database: either takes every request and every notice, and when one goes, however it goes, the other works.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, assertAgree, titled } from './support/entries.mjs';
import { follow } from './support/event_stream.mjs';
import { eventually, pause } from './support/eventually.mjs';
import { Nodes } from './support/nodes.mjs';
import { assertFires, scrape, scrapeUntil, target, toolsThere } from './support/prometheus.mjs';

let s, tenants, people;

/** Two nodes with two tenants, each with a person of each vendor, for the tests of one `describe`. */
function serveDuring() {
  before(async () => {
    s = await Nodes.start();
    tenants = [];
    people = new Map();
    for (const name of ['Left', 'Right']) {
      const tenant = await s.newTenant(name);
      tenants.push(tenant);
      people.set(tenant, []);
      for (const type of ['google', 'microsoft'])
        people.get(tenant).push(await patiently(() => s.newPerson(tenant, type)));
    }
    await s.shared(tenants);
  });
  after(() => s?.stop());
}

/** Again for as long as the tenant moves: that is what Retry-After asks of a host. */
function patiently(attempt, within = 40_000) {
  return eventually(
    async () => {
      try {
        return (await attempt()) ?? true;
      } catch (failure) {
        if (failure.answer && failure.answer.status !== 503)
          throw Object.assign(failure, { over: failure.answer.status < 500 });
        throw failure;
      }
    },
    { within, every: 50, what: 'an answer' },
  );
}

/** What a person writes into the own calendar. */
function own(title) {
  const hour = anHour(title, []);
  return { title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' };
}

let keys = 0;
const onlyOnce = () => ({ 'Idempotency-Key': `nodes-${++keys}-${Date.now()}` });

/** Nothing is there twice, and both sides agree. */
async function assertWhole(tenant, titles) {
  const { host } = tenant;
  for (const title of titles) {
    const entry = await eventually(() => host.entryTitled(title), { what: `"${title}"`, within: 40_000 });
    await host.settled(entry.id, { within: 40_000 });
    for (const person of people.get(tenant)) {
      if (!entry.assigned_user_ids.includes(person.userId)) continue;
      assertAgree(await person.calendar.event(title), entry); // throws if it is there twice
    }
  }
}

describe('two nodes', () => {
  serveDuring();

  it('share the tenants', async () => {
    const [left, right] = await s.shared(tenants);
    assert.notEqual(left, right);
  });

  it('take every call, wherever the tenant is run', async () => {
    for (const tenant of tenants)
      for (const node of s.nodes) {
        const host = node.host(tenant);
        const [person] = people.get(tenant);
        const made = await host.createEntry(anHour(titled('Anywhere'), [person.userId]), onlyOnce());
        const changed = await host.changeEntry(made.id, { notes: `by ${node.name}` }, { 'If-Match': `"${made.version}"` });
        await host.settled(made.id);
        assertAgree(await person.calendar.event(made.title), changed);
        assert.deepEqual(await host.entry(made.id), changed);
        assert.equal((await host.sync(person.providerId)).outcome, 'succeeded');
        assert.ok((await host.get(`/v1/calendar-providers/${person.providerId}/calendars`)).items.length);
        const stale = await host.request('PATCH', `/v1/schedule-entries/${made.id}`, { notes: 'x' }, { 'If-Match': '"1"' });
        assert.equal(stale.status, 412);
        await host.removeEntry(made.id);
        assert.ok(await host.entryGone(made.id));
        await eventually(async () => !(await person.calendar.event(made.title)), { what: 'the removal' });
      }
  });

  it('repeat the first answer to a key at either node', async () => {
    const [tenant] = tenants;
    const entry = anHour(titled('Once'), [people.get(tenant)[0].userId]);
    const key = onlyOnce();
    const [first, second] = [await s.nodes[0].host(tenant).createEntry(entry, key), await s.nodes[1].host(tenant).createEntry(entry, key)];
    assert.deepEqual(second, first);
  });

  it('take every notice, wherever the tenant is run', async () => {
    try {
      for (const node of s.nodes) {
        s.front.only(node.base);
        for (const tenant of tenants)
          for (const person of people.get(tenant)) {
            const title = titled('Noticed');
            const began = Date.now();
            await person.calendar.add(own(title));
            await eventually(() => node.host(tenant).entryTitled(title), { what: `"${title}"`, every: 20 });
            const there = (await s.ownerOf(tenant)) === node ? 'its own node' : 'the other node';
            console.log(`    ${person.type}, notice at ${there}: ${Date.now() - began} ms`);
          }
      }
    } finally {
      s.front.only();
    }
  });

  it('show the facts of every tenant in order and without a gap', async () => {
    const [tenant] = tenants;
    const owner = await s.ownerOf(tenant);
    const before = await tenant.host.lastSequence();
    const streams = s.nodes.map((node) => follow(node.base, tenant.key, before));
    try {
      const wanted = [];
      for (let i = 0; i < 12; ++i) wanted.push((await owner.host(tenant).createEntry(anHour(titled('Told'), []))).id);
      for (const stream of streams) {
        await eventually(() => stream.facts.filter((f) => wanted.includes(f.data.entry_id)).length === wanted.length, {
          what: 'all facts',
          within: 10_000,
        });
        const sequences = stream.facts.map((f) => f.sequence);
        assert.deepEqual(sequences, sequences.map((_, i) => before + 1 + i));
      }
    } finally {
      for (const stream of streams) stream.end();
    }
  });

  it('find a tenant that was made at the other one, and forget one that was erased there', async () => {
    const made = await s.newTenant('Third');
    const other = await eventually(() => s.otherThan(made), { what: 'the other node' });
    const entry = await patiently(() => other.host(made).createEntry(anHour(titled('Early'), [])));
    assert.equal((await s.nodes[0].host(made).entry(entry.id)).title, entry.title);
    await patiently(async () => {
      const answer = await s.installationHost.request('DELETE', `/v1/admin/tenants/${made.id}`);
      if (answer.status !== 204) throw Object.assign(new Error(answer.text), { answer });
    });
    assert.deepEqual(await s.postgres.ask(`SELECT 1 FROM tenant_directory WHERE tenant_id = '${made.id}'`), []);
  });
});

describe('when a node goes', () => {
  serveDuring();

  /** Milliseconds until an entry could be written for the tenant. */
  async function untilWritten(tenant, node, title) {
    const began = Date.now();
    await patiently(() => node.host(tenant).createEntry(anHour(title, people.get(tenant).map((p) => p.userId)), onlyOnce()));
    return Date.now() - began;
  }

  it('cleanly, the other works within two seconds', async () => {
    const [tenant] = tenants;
    const owner = await s.ownerOf(tenant);
    const other = await s.otherThan(tenant);
    const title = titled('After the stop');

    const stopping = owner.terminate();
    const took = await untilWritten(tenant, other, title);
    await stopping;

    console.log(`    taken over after a clean stop: ${took} ms`);
    assert.ok(took < 2_000 * Number(process.env.KALENDS_E2E_PATIENCE ?? 1), `${took} ms`);
    await assertWhole(tenant, [title]);
    await owner.launch();
    await s.shared(tenants);
  });

  it('by kill -9, the other works within thirty seconds, and nothing is lost', async () => {
    const [tenant] = tenants;
    const owner = await s.ownerOf(tenant);
    const other = await s.otherThan(tenant);
    const titles = [titled('Just before'), titled('Meanwhile'), titled('After')];
    await owner.host(tenant).createEntry(anHour(titles[0], people.get(tenant).map((p) => p.userId)));

    await owner.crash();
    for (const person of people.get(tenant)) await person.calendar.add(own(`${titles[1]} ${person.type}`));
    const took = await untilWritten(tenant, other, titles[2]);

    console.log(`    taken over after kill -9: ${took} ms`);
    assert.ok(took < 30_000, `${took} ms`);
    await assertWhole(tenant, [titles[0], titles[2], ...people.get(tenant).map((p) => `${titles[1]} ${p.type}`)]);
    await owner.launch();
    await s.shared(tenants);
  });

  it('and comes back at once, it works at once', async () => {
    const [tenant] = tenants;
    const owner = await s.ownerOf(tenant);

    await owner.crash();
    await owner.launch();
    const took = await untilWritten(tenant, owner, titled('Back again'));

    console.log(`    at work after its start: ${took} ms`);
    assert.equal(await s.ownerOf(tenant), owner);
  });

  it('one after the other for an upgrade, no notice is lost', async () => {
    const titles = new Map(tenants.map((t) => [t, []]));
    let over = false;
    const writing = (async () => {
      while (!over) {
        for (const [tenant, list] of titles)
          for (const person of people.get(tenant)) {
            list.push(titled('Rolling'));
            await person.calendar.add(own(list.at(-1)));
          }
        await pause(300);
      }
    })();
    for (const node of s.nodes) {
      await node.terminate();
      await pause(500);
      await node.launch();
      await s.shared(tenants);
    }
    over = true;
    await writing;

    for (const [tenant, list] of titles) await assertWhole(tenant, list);
    console.log(`    ${[...titles.values()].flat().length} events over two restarts`);
  });

  it('frozen with a change half made, its late write is refused, and the alert fires', async () => {
    const [tenant] = tenants;
    const owner = await s.ownerOf(tenant);
    const other = await s.otherThan(tenant);
    const figuresOf = { baseUrl: owner.base, adminKey: s.adminKey };
    const entry = await patiently(() => owner.host(tenant).createEntry(anHour(titled('Contended'), people.get(tenant).map((p) => p.userId))));
    await tenant.host.settled(entry.id);
    const quiet = await scrape(figuresOf);

    const release = await s.postgres.lock('entries'); // what is needed for the change comes after the freeze
    const late = owner.host(tenant).changeEntry(entry.id, { notes: 'too late' }, onlyOnce()).catch((failure) => failure);
    await eventually(
      async () => (await s.postgres.ask("SELECT 1 FROM pg_locks WHERE relation = 'entries'::regclass AND NOT granted")).length,
      { what: 'the change under way', every: 20 },
    );
    owner.signal('SIGSTOP');
    try {
      await eventually(async () => (await s.ownerOf(tenant)) === other, { what: 'the take-over', within: 14_000, every: 50 });
    } finally {
      owner.signal('SIGCONT');
      await release();
    }
    const said = await late;

    assert.equal(said.answer?.status, 503, said.message ?? 'the late change was accepted');
    const fenced = await scrapeUntil(
      figuresOf,
      (f) => f.sum('kalends_fenced_writes_total', tenant.id) > quiet.sum('kalends_fenced_writes_total', tenant.id),
      { what: 'the count of late writes' },
    );
    assert.deepEqual(await patiently(() => other.host(tenant).entry(entry.id)), await tenant.host.entry(entry.id));
    assert.equal((await tenant.host.entry(entry.id)).version, entry.version);
    await patiently(() => owner.host(tenant).changeEntry(entry.id, { notes: 'in time' }));
    await assertWhole(tenant, [entry.title]);
    assert.equal((await tenant.host.entry(entry.id)).notes, 'in time');
    if (toolsThere())
      assertFires([quiet, fenced], tenant.id, [
        { alertname: 'KalendsFencedWrites', severity: 'warning', instance: target.instance, tenant: tenant.id },
      ]);
    await s.shared(tenants);
  });

  it('frozen past its lease, it finds itself replaced when it goes on, and writes nothing twice', async () => {
    const [tenant] = tenants;
    const owner = await s.ownerOf(tenant);
    const other = await s.otherThan(tenant);
    const assigned = people.get(tenant).map((p) => p.userId);
    const before = await Promise.all(Array.from({ length: 4 }, () => owner.host(tenant).createEntry(anHour(titled('Frozen'), assigned))));
    const late = owner.host(tenant).createEntry(anHour(titled('Late'), assigned), onlyOnce()).catch((failure) => failure);

    owner.signal('SIGSTOP'); // with writes to both vendors under way
    const meanwhile = titled('While it was frozen');
    const took = await untilWritten(tenant, other, meanwhile);
    for (const e of before)
      await patiently(() => other.host(tenant).changeEntry(e.id, { notes: 'by its new node' }));
    owner.signal('SIGCONT');
    const said = await late;

    console.log(`    taken over after SIGSTOP: ${took} ms; what it was asked before: ${said.id ? 'done once' : said.message}`);
    assert.ok(took < 30_000, `${took} ms`);
    await pause(3_000);
    assert.equal(await s.ownerOf(tenant), other);
    const through = await patiently(() => owner.host(tenant).createEntry(anHour(titled('Through it'), assigned)));
    await assertWhole(tenant, [meanwhile, through.title, ...before.map((e) => e.title), ...(said.id ? [said.title] : [])]);
    const figures = await scrape({ baseUrl: owner.base, adminKey: s.adminKey });
    assert.ok(figures.up);
    console.log(`    writes that came too late and were refused: ${figures.sum('kalends_fenced_writes_total')}`);
    for (const e of before) assert.equal((await tenant.host.entry(e.id)).notes, 'by its new node');
    for (const person of people.get(tenant)) {
      const shown = (await person.calendar.events()).map((e) => e.title);
      assert.equal(new Set(shown).size, shown.length, `${person.email} has an event twice`);
    }
  });
});
