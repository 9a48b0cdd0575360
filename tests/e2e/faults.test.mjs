// SPDX-License-Identifier: Apache-2.0
// The vendors misbehave: answers get lost, come late, say no or say nonsense. Afterwards both sides agree, and nothing is there twice.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, assertAgree, titled } from './support/entries.mjs';
import { eventually, pause, steadily } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';

const calls = {
  google: {
    insert: 'events.insert',
    update: 'events.patch',
    remove: 'events.delete',
    list: 'events.list',
    all: 'events.*',
    throttled: 'rateLimitExceeded',
    resync: 'fullSyncRequired',
    failing: 'backendError',
  },
  microsoft: {
    insert: 'graph.events.insert',
    update: 'graph.events.update',
    remove: 'graph.events.delete',
    list: 'graph.calendarView.delta',
    all: 'graph.*',
    throttled: 'ApplicationThrottled',
    resync: 'resyncRequired',
    failing: 'ErrorInternalServerError',
  },
};

let d, tenant;

const own = (title, more) => {
  const hour = anHour(title, []);
  return { title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin', ...more };
};

/** Both sides hold exactly one of it and say the same. */
async function assertOneEach(person, title) {
  await eventually(
    async () => {
      const event = await person.calendar.event(title);
      assert.ok(event, `${person.email} has no event "${title}"`);
      const entry = await tenant.host.entryTitled(title, person.userId);
      assert.ok(entry, `there is no entry "${title}"`);
      assertAgree(event, entry);
      return true;
    },
    { what: `agreement about "${title}"`, within: 60_000 },
  );
}

async function entryOf(person, title) {
  const entry = await tenant.host.createEntry(anHour(title, [person.userId]));
  await tenant.host.settled(entry.id);
  return entry;
}

/** Strikes the next call of this kind, once unless told otherwise, and answers when it did. */
async function strike(person, method, plan) {
  const fault = await d.sandbox.fault({ account: person.email, method, times: 1, ...plan });
  return {
    ...fault,
    done: () => eventually(async () => (await fault.struck()) > 0, { what: `the fault at ${method}`, within: 40_000 }),
  };
}

describe('faults', { concurrency: 6 }, () => {
  before(async () => {
    d = await Demonstration.start({ pollSeconds: 10 });
    [tenant] = d.tenants;
  });
  after(() => d?.stop());

  for (const type of ['google', 'microsoft']) {
    const call = calls[type];

    it(`${type}: an edit by the person in between is merged, not overwritten`, async () => {
      const person = await d.newPerson(tenant, type);
      await d.sandbox.dropNotices(person.email);
      const title = titled('Edited twice');
      const entry = await entryOf(person, title);
      const event = await person.calendar.event(title);
      const from = await d.sandbox.journalEnd();

      await person.calendar.edit(event.id, { location: 'Where the person says' });
      await tenant.host.changeEntry(entry.id, { notes: 'What the host says' });

      await assertOneEach(person, title);
      const now = await tenant.host.entry(entry.id);
      assert.deepEqual([now.location, now.notes], ['Where the person says', 'What the host says']);
      const { items } = await d.sandbox.journal({ account: person.email, status: 412, after: from });
      assert.ok(items.length <= 1, 'it ran against the new version more than once');
    });

    it(`${type}: what a person added and we do not know survives our writes`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('With colour');
      const entry = await entryOf(person, title);
      const event = await person.calendar.event(title);
      const path = type === 'google' ? `/calendar/v3/calendars/primary/events/${event.id}` : `/v1.0/me/events/${event.id}`;
      const colour = type === 'google' ? { colorId: '5' } : { categories: ['Blue category'] };
      const painted = await d.sandbox.call(person.calendar.token, 'PATCH', path, { body: colour });
      assert.equal(painted.status, 200, painted.text);

      await tenant.host.changeEntry(entry.id, { location: 'Elsewhere' });

      await eventually(async () => (await person.calendar.event(title)).location === 'Elsewhere', { what: 'the move' });
      const { raw } = await person.calendar.event(title);
      assert.deepEqual(type === 'google' ? { colorId: raw.colorId } : { categories: raw.categories }, colour);
    });

    it(`${type}: an insert whose answer is lost makes one event`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('Answer lost');
      const fault = await strike(person, call.insert, { cut: true, after_effect: true });

      await tenant.host.createEntry(anHour(title, [person.userId]));
      await fault.done();

      await assertOneEach(person, title);
      await steadily(() => assertOneEach(person, title), { during: 3_000, every: 500 });
    });

    it(`${type}: an insert that is cut off before it does anything is done again`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('Cut off');
      const fault = await strike(person, call.insert, { cut: true });

      await tenant.host.createEntry(anHour(title, [person.userId]));
      await fault.done();

      await assertOneEach(person, title);
    });

    it(`${type}: an insert that answers 500 after its effect makes one event`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('500 though done');
      const fault = await strike(person, call.insert, { status: 500, reason: call.failing, after_effect: true });

      await tenant.host.createEntry(anHour(title, [person.userId]));
      await fault.done();

      await assertOneEach(person, title);
    });

    it(`${type}: an update whose answer is lost is neither lost nor a conflict`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('Update lost');
      const entry = await entryOf(person, title);
      const from = await tenant.host.lastSequence();
      const fault = await strike(person, call.update, { cut: true, after_effect: true });

      await tenant.host.changeEntry(entry.id, { notes: 'once' });
      await fault.done();

      await eventually(async () => (await tenant.host.get(`/v1/schedule-entries/${entry.id}/sync-status`)).providers.every((p) => !p.pending), {
        what: 'the end of the push',
        within: 60_000,
      });
      await assertOneEach(person, title);
      assert.equal((await tenant.host.entry(entry.id)).version, 2);
      const facts = (await tenant.host.facts(from)).filter((f) => f.data.entry_id === entry.id).map((f) => f.type);
      assert.deepEqual(facts, ['SCHEDULE_ENTRY_UPDATED']);
    });

    it(`${type}: a removal whose answer is lost is a removal`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('Removal lost');
      const entry = await entryOf(person, title);
      const fault = await strike(person, call.remove, { cut: true, after_effect: true });

      await tenant.host.removeEntry(entry.id);
      await fault.done();

      await steadily(async () => assert.equal(await person.calendar.event(title), undefined), { during: 3_000 });
      assert.ok(await tenant.host.entryGone(entry.id));
    });

    for (const [what, plan] of [
      ['is throttled', { reason: call.throttled, ...(type === 'microsoft' ? { status: 429 } : { status: 403 }) }],
      ['fails with 500', { reason: call.failing, status: 500 }],
      ['fails with 503', { status: 503, body: '' }],
      ['answers a web page', { status: 502, body: '<html><h1>Bad gateway</h1></html>', content_type: 'text/html' }],
      ['answers a web page as a success', { status: 200, body: '<html>Please sign in</html>', content_type: 'text/html' }],
      ['is cut off', { cut: true }],
    ])
      it(`${type}: a read that ${what} is done again, and deletes nothing`, async () => {
        const person = await d.newPerson(tenant, type);
        const [kept, fresh] = [titled('Kept'), titled('Fresh')];
        await person.calendar.add(own(kept));
        await eventually(() => tenant.host.entryTitled(kept, person.userId), { what: 'the first entry' });
        const fault = await strike(person, call.list, plan);

        await person.calendar.add(own(fresh));
        await fault.done();

        await assertOneEach(person, fresh);
        await assertOneEach(person, kept);
        assert.equal((await tenant.host.provider(person.providerId)).status, 'active');
      });

    it(`${type}: Retry-After is obeyed`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('Later');
      const fault = await strike(person, call.insert, { status: 429, reason: call.throttled, retry_after: 4 });

      await tenant.host.createEntry(anHour(title, [person.userId]));
      await fault.done();
      const struck = Date.now();

      await eventually(() => person.calendar.event(title), { what: 'the event', within: 40_000 });
      assert.ok(Date.now() - struck > 3_000, `it came again after ${Date.now() - struck} ms`);
      const { items } = await d.sandbox.journal({ account: person.email, method: call.insert });
      assert.equal(items.length, 2);
      assert.ok(Date.parse(items[1].time) - Date.parse(items[0].time) >= 4_000, 'too early');
    });

    it(`${type}: a cursor that expired leads to a full read and to nothing else`, async () => {
      const person = await d.newPerson(tenant, type);
      const [kept, fresh, gone] = [titled('Before'), titled('After'), titled('Gone')];
      await entryOf(person, kept);
      const event = await person.calendar.add(own(gone));
      const goneEntry = await eventually(() => tenant.host.entryTitled(gone, person.userId), { what: 'the entry' });
      const before = await tenant.host.entryTitled(kept, person.userId);
      await d.sandbox.dropNotices(person.email);
      await d.sandbox.forgetCursors(person.email);
      const from = await d.sandbox.journalEnd();

      await person.calendar.remove(event.id);
      await person.calendar.add(own(fresh));
      const run = await tenant.host.sync(person.providerId);

      assert.equal(run.outcome, 'succeeded', JSON.stringify(run.error));
      await assertOneEach(person, fresh);
      await assertOneEach(person, kept);
      assert.deepEqual(await tenant.host.entryTitled(kept, person.userId), before);
      await eventually(() => tenant.host.entryGone(goneEntry.id), { what: 'the deletion that the full read shows' });
      const { items } = await d.sandbox.journal({ account: person.email, status: 410, after: from });
      assert.equal(items.length, 1);
    });

    it(`${type}: a vendor that hangs is given up and asked again`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('Hanging');
      const fault = await strike(person, call.list, { latency_ms: 60_000 });

      await person.calendar.add(own(title));
      await fault.done();

      await eventually(() => tenant.host.entryTitled(title, person.userId), { what: 'the entry', within: 75_000 });
    });

    it(`${type}: an access token that dies early is renewed once`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('Fresh token');
      const reason = type === 'google' ? 'authError' : 'InvalidAuthenticationToken';
      const fault = await strike(person, call.insert, { status: 401, reason });
      const from = await d.sandbox.journalEnd();

      await tenant.host.createEntry(anHour(title, [person.userId]));
      await fault.done();

      await assertOneEach(person, title);
      const { items } = await d.sandbox.journal({ account: person.email, method: 'oauth.token', after: from });
      assert.equal(items.length, 1);
      assert.equal((await tenant.host.provider(person.providerId)).status, 'active');
    });

    it(`${type}: a withdrawn consent stops all calls, is told once, and after a new link nothing was lost`, async () => {
      const person = await d.newPerson(tenant, type);
      const { host } = tenant;
      const [kept, ours, theirs] = [titled('Kept'), titled('Ours meanwhile'), titled('Theirs meanwhile')];
      const entry = await entryOf(person, kept);
      const from = await host.lastSequence();
      const client = d.manifest.sandbox[type].client_id;

      await d.sandbox.revoke(person.email, client);
      await host.changeEntry(entry.id, { notes: 'written while nobody may' });
      const dead = await eventually(
        async () => {
          const p = await host.provider(person.providerId);
          return p.status === 'action_required' && p;
        },
        { what: 'the problem' },
      );
      assert.ok(dead.problem.code && dead.problem.detail && dead.problem.since, JSON.stringify(dead.problem));

      const journal = await d.sandbox.journalEnd();
      await host.createEntry(anHour(ours, [person.userId]));
      await person.calendar.add(own(theirs));
      const refused = await host.request('POST', `/v1/calendar-providers/${person.providerId}/sync`);
      assert.equal(refused.status, 409, refused.text);
      await pause(12_000); // longer than a poll
      const { items } = await d.sandbox.journal({ account: person.email, after: journal });
      assert.deepEqual(items.filter((e) => e.method !== 'notice' && !mine(e)).map((e) => e.method), []);
      const errors = (await host.facts(from)).filter(
        (f) => f.type === 'CALENDAR_PROVIDER_ERROR' && f.data.provider_id === person.providerId,
      );
      assert.equal(errors.length, 1);

      await d.connect(tenant, person.providerId);
      await assertOneEach(person, kept);
      await assertOneEach(person, ours);
      await assertOneEach(person, theirs);
      const alive = await host.provider(person.providerId);
      assert.deepEqual([alive.status, alive.problem], ['active', null]);
      assert.equal((await host.entry(entry.id)).notes, 'written while nobody may');
    });
  }

  it('an access token whose hour is over is renewed once for many calls', async () => {
    // The vendor's clock goes ahead; ours does not, so the vendor is the first to notice.
    const later = await Demonstration.start();
    try {
      const { sandbox, tenants } = later;
      const { host } = tenants[0];
      const people = [await later.newPerson(tenants[0], 'google'), await later.newPerson(tenants[0], 'microsoft')];
      await sandbox.clock({ advance_seconds: 2 * 3600 });
      const from = await sandbox.journalEnd();

      const entries = [];
      for (let i = 0; i < 10; ++i)
        entries.push(await host.createEntry(anHour(titled('Many'), people.map((p) => p.userId))));
      for (const e of entries) await host.settled(e.id, { within: 40_000 });

      for (const p of people) {
        const { items } = await sandbox.journal({ account: p.email, method: 'oauth.token', after: from });
        assert.equal(items.length, 1, `${p.email} was given ${items.length} tokens`);
      }
    } finally {
      await later.stop();
    }
  });
});

/** Whether the test itself asked, with the token that it was given. */
function mine(e) {
  return e.target.includes('maxResults=2500') || e.target.includes('$top=500') || e.target.includes('%24top=500');
}
