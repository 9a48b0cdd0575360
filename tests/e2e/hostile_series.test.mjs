// SPDX-License-Identifier: Apache-2.0
// Events that no entry can hold: each is left alone with a reason in the ledger, and the rest of its calendar goes on.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { titled } from './support/entries.mjs';
import { eventually, steadily } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';
import { SeriesOf, next } from './support/series.mjs';

const day = next('MO');
const timed = { start: { dateTime: `${day}T09:00:00`, timeZone: 'Europe/Berlin' }, end: { dateTime: `${day}T10:00:00`, timeZone: 'Europe/Berlin' } };
const rule = (...lines) => ({ ...timed, recurrence: lines });

/** What may stand in a Google calendar, by imports and other programs; the sandbox takes it if Google would. */
const google = {
  'a rule by the second': rule('RRULE:FREQ=SECONDLY'),
  'a rule by the hour': rule('RRULE:FREQ=HOURLY;COUNT=5'),
  'more occurrences than an entry holds': rule('RRULE:FREQ=DAILY;COUNT=2000000000'),
  'an end in the year 9999': rule('RRULE:FREQ=DAILY;UNTIL=99991231T235959Z'),
  'count and end at once': rule('RRULE:FREQ=DAILY;COUNT=3;UNTIL=20300101T000000Z'),
  'an end before the start': rule('RRULE:FREQ=DAILY;UNTIL=19990101T000000Z'),
  'a rule that never comes true': rule('RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'),
  'two rules': rule('RRULE:FREQ=DAILY;COUNT=3', 'RRULE:FREQ=WEEKLY;COUNT=3'),
  'no rule at all': rule('RRULE:NONSENSE'),
  'a zone that nobody knows': { start: { dateTime: `${day}T09:00:00`, timeZone: 'Mars/Olympus' }, end: { dateTime: `${day}T10:00:00`, timeZone: 'Mars/Olympus' }, recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] },
  'an end before its start': { start: timed.end, end: timed.start },
  'ten thousand guests': { ...timed, attendees: Array.from({ length: 10_000 }, (_, i) => ({ email: `guest${i}@elsewhere.example` })) },
  'a megabyte of notes': { ...timed, description: 'x'.repeat(1_000_000) },
};

const graphTime = { start: { dateTime: `${day}T09:00:00`, timeZone: 'W. Europe Standard Time' }, end: { dateTime: `${day}T10:00:00`, timeZone: 'W. Europe Standard Time' } };
const microsoft = {
  'more occurrences than an entry holds': {
    ...graphTime,
    recurrence: { pattern: { type: 'daily', interval: 1 }, range: { type: 'numbered', startDate: day, numberOfOccurrences: 999_999 } },
  },
  'markup without end': { ...graphTime, body: { contentType: 'html', content: `${'<div>'.repeat(60_000)}deep${'</div>'.repeat(60_000)}` } },
  'a megabyte of notes': { ...graphTime, body: { contentType: 'text', content: 'x'.repeat(1_000_000) } },
};

describe('what no entry can hold', { concurrency: 2 }, () => {
  let d, tenant, host;
  before(async () => {
    d = await Demonstration.start();
    [tenant] = d.tenants;
    ({ host } = tenant);
  });
  after(() => d?.stop());

  for (const [type, cases] of Object.entries({ google, microsoft })) {
    it(`in a ${type} calendar stops nothing else, and says why`, async () => {
      const person = await d.newPerson(tenant, type);
      const series = new SeriesOf(d, person);
      const taken = new Map();
      const titles = new Map();
      for (const [what, resource] of Object.entries(cases)) {
        const title = titled(what);
        const named = type === 'google' ? { summary: title, ...resource } : { subject: title, ...resource };
        const answer = await d.sandbox.call(person.calendar.token, 'POST', series.base, { body: named, headers: { Prefer: 'IdType="ImmutableId"' } });
        if (answer.status < 300) {
          taken.set(answer.json.id, what);
          titles.set(answer.json.id, title);
        }
        assert.ok(answer.status < 500, `${what}: ${answer.status} ${answer.text}`); // the vendor itself refuses it
      }
      const good = titled('As good as any');
      await series.add({ title: good, date: day, from: '13:00:00', to: '14:00:00', days: ['MO'], count: 3 });

      await eventually(() => host.entryTitled(good), { what: 'the event beside them', within: 60_000 });
      assert.ok(taken.size > 0, 'nothing hostile was taken by the vendor');
      const decisions = await eventually(async () => {
        const all = await host.all(`/v1/decisions?provider_id=${person.providerId}`);
        const refused = new Map(all.filter((x) => x.reason === 'pull_refused_unreadable').map((x) => [x.event_id, x]));
        for (const [id, what] of [...taken]) {
          if (refused.has(id) || !(await host.entryTitled(titles.get(id)))) assert.ok(refused.has(id), `no reason for ${what}`);
          else taken.delete(id); // the vendor had made something of it that an entry holds
        }
        return refused;
      }, { what: 'a reason for each of them' });
      for (const [id, what] of taken) assert.match(decisions.get(id).inputs.cause, /^[a-z][a-z0-9_]+$/, what);

      const provider = await host.provider(person.providerId);
      assert.equal(provider.status, 'active');
      await steadily(async () => assert.equal((await host.provider(person.providerId)).problem, null));
    });
  }
});
