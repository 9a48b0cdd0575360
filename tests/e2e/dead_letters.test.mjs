// SPDX-License-Identifier: Apache-2.0
// What does not get through is set aside with its cause, the others go on, and a person can try again. The ledger tells the story.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { anHour, titled } from './support/entries.mjs';
import { eventually } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';
import { refusedToTheEnd, triesIfRefused, unwanted } from './support/letters.mjs';
import { binary } from './support/process.mjs';

const run = promisify(execFile);
let d, tenant;

describe('dead letters', { concurrency: 4 }, () => {
  before(async () => {
    d = await Demonstration.start();
    [tenant] = d.tenants;
  });
  after(() => d?.stop());

  for (const type of ['google', 'microsoft']) {
    it(`${type}: a refused write is set aside, the others go on, and a replay brings it there`, async () => {
      const person = await d.newPerson(tenant, type);
      const title = titled('Refused');
      const { entry, letter } = await refusedToTheEnd(d, tenant, person, title);
      assert.deepEqual([letter.kind, letter.state, letter.attempts], ['push', 'open', triesIfRefused]);
      assert.equal(letter.provider_id, person.providerId);

      const other = await tenant.host.createEntry(anHour(titled('Not held up'), [person.userId]));
      await tenant.host.settled(other.id);
      assert.ok(await person.calendar.event(other.title));

      const answer = await tenant.host.request('POST', `/v1/dead-letters/${letter.id}/replay`);
      assert.equal(answer.status, 202, answer.text);
      await eventually(async () => (await person.calendar.event(title)).location === unwanted, {
        what: 'the write',
      });
      await tenant.host.settled(entry.id);
      const again = await tenant.host.request('POST', `/v1/dead-letters/${letter.id}/replay`);
      assert.deepEqual([again.status, again.json.state], [200, 'replayed']);

      const { items } = await tenant.host.get(`/v1/schedule-entries/${entry.id}/decisions`);
      const reasons = items.map((one) => one.reason);
      for (const reason of ['push_inserted', 'push_refused', 'push_dead_lettered', 'push_replayed', 'push_updated'])
        assert.ok(reasons.includes(reason), `${reason} is missing in ${reasons}`);
    });
  }

  it('a later change that gets through settles the letter', async () => {
    const person = await d.newPerson(tenant, 'google');
    const { entry, letter } = await refusedToTheEnd(d, tenant, person, titled('Changed again'));

    await tenant.host.changeEntry(entry.id, { location: 'Where it may be' });

    await eventually(async () => (await tenant.host.get(`/v1/dead-letters/${letter.id}`)).state === 'settled', {
      what: 'settling',
    });
  });

  it('kalends explain tells the story of an entry in words', async () => {
    const person = await d.newPerson(tenant, 'google');
    const entry = await tenant.host.createEntry(anHour(titled('Told'), [person.userId]));
    await tenant.host.settled(entry.id);
    await tenant.host.changeEntry(entry.id, { notes: 'Something else' });
    await tenant.host.settled(entry.id);
    const keyFile = join(d.directory, 'a.key');
    writeFileSync(keyFile, `${tenant.key}\n`);

    const args = ['explain', '--entry', entry.id, '--base-url', d.baseUrl, '--key-file', keyFile];
    const { stdout } = await run(binary, args);

    const first = stdout.indexOf('written into the calendar as a new event');
    const second = stdout.indexOf("The entry's change (notes) was written into the calendar.");
    assert.ok(first >= 0 && second > first, stdout);
    assert.ok(stdout.includes(person.email), stdout);
  });
});
