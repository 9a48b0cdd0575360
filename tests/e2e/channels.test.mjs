// SPDX-License-Identifier: Apache-2.0
// Push subscriptions on the real program: what becomes of one that is renewed, lost, refused or doubted shows in the provider,
// and changes still arrive.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour } from './support/entries.mjs';
import { eventually } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';

let d, tenant;

const own = (title) => {
  const hour = anHour(title, []);
  return { title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' };
};

const provider = (person) => tenant.host.provider(person.providerId);
const standing = async (person) => (await d.sandbox.channels()).filter((c) => c.account === person.email && c.active !== false);

/** The last attempt is of this cause, went well, and the next one is planned within the cadence. */
function renewed(person, cause, since) {
  return eventually(
    async () => {
      const { channel } = await provider(person);
      const last = channel.last_attempt;
      assert.ok(last, 'no attempt');
      assert.equal(last.cause, cause);
      assert.equal(last.outcome, 'succeeded');
      assert.ok(Date.parse(last.at) >= since, `${last.at} is before ${since}`);
      assert.equal(channel.failures, 0);
      const ahead = (Date.parse(channel.renews_at) - Date.parse(last.at)) / 3_600_000;
      assert.ok(ahead > 0 && ahead <= 50.01, `renewed after ${ahead} h`);
      assert.ok(Date.parse(channel.renews_at) < Date.parse(channel.expires_at));
      return true;
    },
    { what: `a renewal (${cause}) for ${person.email}`, within: 40_000 },
  );
}

async function changesArrive(person, title) {
  await person.calendar.add(own(title));
  await eventually(() => tenant.host.entryTitled(title, person.userId), { what: `"${title}"`, within: 30_000 });
}

describe('channels', { concurrency: 6 }, () => {
  before(async () => {
    d = await Demonstration.start({ pollSeconds: 3_600 }); // what arrives was told
    [tenant] = d.tenants;
  });
  after(() => d?.stop());

  for (const type of ['google', 'microsoft']) {
    it(`${type}: one that was opened says so, with the next renewal`, async () => {
      const person = await d.newPerson(tenant, type);

      await renewed(person, 'connected', 0);
      await changesArrive(person, `told ${type}`);
    });

    it(`${type}: a renewal by hand leaves one channel that works`, async () => {
      const person = await d.newPerson(tenant, type);
      const since = Date.now() - 5;

      const channel = await tenant.host.post(`/v1/calendar-providers/${person.providerId}/channel/renewal`);

      assert.ok(Date.parse(channel.expires_at) > Date.now());
      await renewed(person, 'manual', since);
      await eventually(async () => (await standing(person)).length === 1, { what: 'one channel' });
      await changesArrive(person, `by hand ${type}`);
    });

    it(`${type}: a vendor that refuses is an alert, and the next attempt ends it`, async () => {
      const person = await d.newPerson(tenant, type);
      const method = type === 'google' ? 'events.watch' : 'graph.subscriptions.*';
      const fault = await d.sandbox.fault({ account: person.email, method, times: 0, status: 503 });

      await tenant.host.request('POST', `/v1/calendar-providers/${person.providerId}/channel/renewal`, {});

      const failing = await eventually(
        async () => {
          const now = await provider(person);
          return now.channel.last_attempt.outcome === 'failed' && now;
        },
        { what: 'a failed renewal', within: 40_000 },
      );
      assert.equal(failing.problem.code, 'channel_renewal_failed');
      assert.ok(failing.channel.failures >= 1);
      assert.ok(failing.channel.last_attempt.error.code);
      assert.ok(failing.channel.renews_at);
      await fault.end();
      await eventually(
        async () => {
          const now = await provider(person);
          return now.problem === null && now.channel.failures === 0;
        },
        { what: 'the end of the alert', within: 90_000 },
      );
      await changesArrive(person, `after refusals ${type}`);
    });
  }

  it('microsoft: a subscription that the vendor removed is opened anew, and the gap is read', async () => {
    const person = await d.newPerson(tenant, 'microsoft');
    await renewed(person, 'connected', 0);
    const since = Date.now() - 5;
    const quiet = await d.sandbox.dropNotices(person.email);
    await person.calendar.add(own('in the gap'));
    await quiet.end();

    await d.sandbox.admin('POST', '/lifecycle', { account: person.email, event: 'subscriptionRemoved' });

    await renewed(person, 'lost', since);
    await eventually(() => tenant.host.entryTitled('in the gap', person.userId), { what: 'the gap' });
    assert.equal((await standing(person)).length, 1);
    await changesArrive(person, 'after the removal');
  });

  it('microsoft: a subscription that is to be reauthorized is renewed at once', async () => {
    const person = await d.newPerson(tenant, 'microsoft');
    await renewed(person, 'connected', 0);
    const [before] = await standing(person);
    const since = Date.now() - 5;

    await d.sandbox.admin('POST', '/lifecycle', { account: person.email, event: 'reauthorizationRequired' });

    await renewed(person, 'lifecycle', since);
    const [now] = await standing(person);
    assert.equal(now.id, before.id);
    await changesArrive(person, 'after the doubt');
  });

  it('microsoft: notices that were missed are read, and a full comparison comes soon', async () => {
    const person = await d.newPerson(tenant, 'microsoft');
    const quiet = await d.sandbox.dropNotices(person.email);
    await person.calendar.add(own('missed'));
    await quiet.end();

    await d.sandbox.admin('POST', '/lifecycle', { account: person.email, event: 'missed' });

    await eventually(() => tenant.host.entryTitled('missed', person.userId), { what: 'what was missed' });
    await eventually(
      async () => {
        const at = (await provider(person)).reconciled.next_at;
        return at && Date.parse(at) <= Date.now() + 3_600_000 + 5_000;
      },
      { what: 'a comparison soon' },
    );
  });

  it('microsoft: a subscription that expired unnoticed is found at the renewal', async () => {
    const person = await d.newPerson(tenant, 'microsoft');
    const [before] = await standing(person);
    const since = Date.now() - 5;
    await d.sandbox.admin('POST', `/channels/${encodeURIComponent(before.id)}/expire`);

    await tenant.host.post(`/v1/calendar-providers/${person.providerId}/channel/renewal`);

    await renewed(person, 'lost', since);
    const [now] = await standing(person);
    assert.notEqual(now.id, before.id);
    await changesArrive(person, 'after the end');
  });

  it('a full comparison by hand proves each link, and repairs what nobody told', async () => {
    const person = await d.newPerson(tenant, 'google');
    const entry = await tenant.host.createEntry(anHour('compared', [person.userId]));
    await tenant.host.settled(entry.id);

    const run = await tenant.host.post(`/v1/calendar-providers/${person.providerId}/sync`, { mode: 'reconcile' });

    assert.equal(run.cause, 'reconcile');
    const ended = await eventually(
      async () => {
        const now = await tenant.host.get(`/v1/sync-runs/${run.id}`);
        return now.outcome !== 'running' && now;
      },
      { what: 'the end of the comparison' },
    );
    assert.equal(ended.outcome, 'succeeded');
    assert.ok(ended.counts.compared >= 1);
    assert.equal(ended.counts.drifted, 0);
    const { reconciled } = await provider(person);
    assert.equal(reconciled.compared, ended.counts.compared);
    assert.ok(Date.parse(reconciled.at) <= Date.now() + 1_000);
    assert.ok(reconciled.next_at);

    const wrong = await tenant.host.request('POST', `/v1/calendar-providers/${person.providerId}/sync`, { mode: 'guess' });
    assert.equal(wrong.status, 422);
  });
});
