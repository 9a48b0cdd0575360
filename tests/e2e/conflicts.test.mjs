// SPDX-License-Identifier: Apache-2.0
// Both sides change the same, and a policy decides: what lost is kept and can be taken back. What people decide is in
// conflict_matrix.test.mjs.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anHour, titled } from './support/entries.mjs';
import { eventually } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';

const writes = { google: 'events.*', microsoft: 'graph.events.*' };

describe('conflicts', { concurrency: 2 }, () => {
  let d, tenant, host;
  before(async () => {
    d = await Demonstration.start();
    [tenant] = d.tenants;
    ({ host } = tenant);
  });
  after(() => d?.stop());

  /** A person whose calendar has one entry that both sides gave another title since they agreed. */
  async function overlap(type, policy) {
    const person = await d.newPerson(tenant, type, { settings: { conflict_policy: policy } });
    const title = titled('Agreed');
    const entry = await host.createEntry(anHour(title, [person.userId]));
    await host.settled(entry.id);
    const event = await person.calendar.event(title);

    // While nothing can be written there, both change it.
    const fault = await d.sandbox.fault({ account: person.email, method: writes[type], times: 0, status: 503 });
    const ours = titled("Host's");
    const theirs = titled("Person's");
    await host.changeEntry(entry.id, { title: ours });
    await person.calendar.edit(event.id, { title: theirs });
    await fault.end();
    await host.sync(person.providerId);
    return { person, id: entry.id, event, ours, theirs };
  }

  const conflictOf = (id, state) =>
    eventually(async () => (await host.all(`/v1/conflicts?entry_id=${id}${state ? `&state=${state}` : ''}`))[0], { what: 'the conflict', within: 40_000 });

  const titleIn = async (person, id) => (await person.calendar.events()).find((e) => e.id === id)?.title;

  const bothSay = ({ person, id, event }, title) =>
    eventually(
      async () => {
        assert.equal((await host.entry(id)).title, title);
        assert.equal(await titleIn(person, event.id), title);
        return true;
      },
      { what: `both sides saying "${title}"`, within: 40_000 },
    );

  for (const type of ['google', 'microsoft']) {
    for (const policy of ['local', 'external', 'newest'])
      it(`${type}: what lost under policy ${policy} is kept and comes back`, async () => {
        const met = await overlap(type, policy);
        const known = await conflictOf(met.id, 'resolved');
        assert.equal(known.decided_by, 'policy');
        const winner = known.choice === 'local' ? met.ours : met.theirs;
        await bothSay(met, winner);
        await host.post(`/v1/conflicts/${known.id}/restoration`);
        await bothSay(met, winner === met.ours ? met.theirs : met.ours);
      });
  }

  it('that nobody has are not found', async () => {
    const nobodys = '/v1/conflicts/00000000-0000-4000-8000-000000000000';
    for (const [method, path, body] of [['GET', nobodys], ['POST', `${nobodys}/preview`, { choice: 'local' }], ['POST', `${nobodys}/resolution`, { choice: 'local' }], ['POST', `${nobodys}/restoration`]]) {
      const answer = await host.request(method, path, body);
      assert.equal(answer.status, 404, answer.text);
      assert.equal(answer.json.code, 'conflict_not_found');
    }
  });
});
