// SPDX-License-Identifier: Apache-2.0
// What the server writes while it works: one JSON object per line, found again by the request's name, and nothing of what must stay inside.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { anHour } from './support/entries.mjs';
import { eventually } from './support/eventually.mjs';
import { Service } from './support/installation.mjs';

const secretTitle = 'Xylophone surgery';
const secretNotes = 'the door code is 49-71-13';

let s;

describe('log lines', () => {
  before(async () => {
    s = await Service.start({ env: () => ({ KALENDS_LOG: 'debug' }) });
  });
  after(() => s?.stop());

  it('are JSON objects that name the request, and hold no token, secret or content', async () => {
    const tenant = await s.newTenant('Northwind');
    const people = [await s.newPerson(tenant, 'google'), await s.newPerson(tenant, 'microsoft')];
    const entry = await tenant.host.createEntry(
      anHour(secretTitle, people.map((p) => p.userId), { notes: secretNotes }),
      { 'X-Request-Id': 'host-4711' },
    );
    await tenant.host.settled(entry.id);
    const event = await people[0].calendar.event(secretTitle);
    await people[0].calendar.edit(event.id, { notes: `${secretNotes}!` });
    await eventually(async () => (await tenant.host.entry(entry.id)).notes === `${secretNotes}!`, { what: 'the way back' });
    for (const p of people) await s.sandbox.fault({ account: p.email, method: p.type === 'google' ? 'events.*' : 'graph.events.*', status: 400, times: 2 });
    await tenant.host.changeEntry(entry.id, { title: `${secretTitle} again` });
    await s.sandbox.revoke(people[0].email, s.apps.google.client_id);
    await tenant.host.changeEntry(entry.id, { notes: `${secretNotes}?` });
    await eventually(async () => (await tenant.host.provider(people[0].providerId)).status === 'action_required', { what: 'the problem' });
    const refused = await tenant.host.request('POST', '/v1/schedule-entries', { title: secretTitle }, { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' });
    assert.equal(refused.json.request_id, '4bf92f3577b34da6a3ce929d0e0e4736');
    assert.equal(refused.headers['x-request-id'], refused.json.request_id);

    const text = s.server.stderr;
    const lines = text.trim().split('\n').map((line) => JSON.parse(line));

    for (const line of lines) {
      assert.ok(!Number.isNaN(Date.parse(line.time)) && line.message, JSON.stringify(line));
      assert.ok(['debug', 'info', 'warn', 'error', 'critical'].includes(line.level), JSON.stringify(line));
    }
    const [mine] = lines.filter((l) => l.request === 'host-4711');
    assert.deepEqual([mine.tenant, mine.method, mine.route, mine.status], [tenant.id, 'POST', '/v1/schedule-entries', 201]);
    assert.ok(lines.some((l) => l.provider === people[0].providerId && l.code), 'the withdrawn consent has a line');
    const journal = await s.sandbox.journal({ limit: 1000 });
    const tokens = JSON.stringify(journal).match(/(ya29|eyJ|1\/\/)[A-Za-z0-9._-]{10,}/g) ?? [];
    const secrets = [
      secretTitle,
      secretNotes,
      s.adminKey,
      tenant.key,
      s.apps.google.client_secret,
      s.apps.microsoft.client_secret,
      readFileSync(join(s.directory, 'data', 'vault.key'), 'utf8').trim(),
      ...people.map((p) => p.calendar.token),
      ...tokens,
    ];
    for (const secret of secrets) assert.ok(!text.includes(secret), `a line holds ${secret.slice(0, 6)}…`);
    assert.doesNotMatch(text, /Bearer |access_token|refresh_token|code_verifier|[?&]code=/);
  });
});
