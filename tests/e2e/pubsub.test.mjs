// SPDX-License-Identifier: Apache-2.0
// Google's notices come through a relay and Pub/Sub: provisioned by the program's own command, and refused from anybody else.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { anHour, titled } from './support/entries.mjs';
import { eventually, steadily } from './support/eventually.mjs';
import { send } from './support/http.mjs';
import { Service } from './support/installation.mjs';
import { Program } from './support/process.mjs';

const project = 'demo-project';
const robot = (name) => `${name}@${project}.iam.gserviceaccount.com`;

let s, tenant, person, files, keyFile;

/** `kalends admin pubsub …`; answers `{code, stdout, stderr}`. */
async function admin(verb, ...args) {
  const program = new Program(['admin', 'pubsub', verb, '--tenant', tenant.id, '--server', s.baseUrl, ...args], {
    KALENDS_ADMIN_KEY: s.adminKey,
    KALENDS_EXTRA_CA_FILE: s.sandbox.home.ca_file,
    KALENDS_GOOGLE_PUBSUB_URL: `${s.sandbox.home.base_url}/v1`,
  });
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

const provisionArgs = (...more) => [
  '--project', project, '--service-account', robot('pusher'),
  '--publisher', `serviceAccount:${robot('relay')}`, ...more,
];

const addRobot = (name, roles) => s.sandbox.admin('POST', '/google/service-accounts', { project, name, roles });

/** What a person writes into the own calendar. */
function own(title) {
  const hour = anHour(title, []);
  return { title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' };
}

describe('Google notices through Pub/Sub', () => {
  before(async () => {
    files = mkdtempSync(join(tmpdir(), 'kalends-pubsub-'));
    keyFile = join(files, 'key.json');
    s = await Service.start({ googleRelay: (base) => `${base}/_sandbox/relay/${project}/kalends-{tenant}` });
    tenant = await s.newTenant('Relayed Ltd');
    writeFileSync(keyFile, JSON.stringify(await addRobot('admin')));
    await addRobot('pusher', []);
    await addRobot('relay', []);
  });
  after(async () => {
    await s?.stop();
    rmSync(files, { recursive: true, force: true });
  });

  it('is provisioned by one command, which can be repeated', async () => {
    const first = await admin('provision', ...provisionArgs('--credentials', keyFile));
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /topics\/kalends-\S+ {2}made/);
    const again = await admin('provision', ...provisionArgs('--credentials', keyFile));
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /topics\/kalends-\S+ {2}kept/);
    assert.match(again.stdout, /-push {2}kept/);
    const shown = await admin('show', '--credentials', keyFile);
    assert.equal(shown.code, 0, shown.stdout + shown.stderr);
    assert.match(shown.stdout, /At Google everything is as expected/);
    const expected = await s.installationHost.get(`/v1/admin/tenants/${tenant.id}/google-pubsub`);
    assert.equal(expected.service_account, robot('pusher'));
    assert.equal(expected.push_endpoint, `${s.baseUrl}/webhooks/google/pubsub`);
  });

  it('brings a change in a calendar without a poll', async () => {
    person = await s.newPerson(tenant, 'google');
    const [channel] = await s.sandbox.channels();
    assert.match(channel.url, /\/_sandbox\/relay\//);
    const title = titled('Told through Pub/Sub');
    await person.calendar.add(own(title));
    const entry = await eventually(() => tenant.host.entryTitled(title), { what: 'the entry' });
    const event = await person.calendar.event(title);
    await person.calendar.edit(event.id, { location: 'Moved' });
    await eventually(async () => (await tenant.host.entry(entry.id)).location === 'Moved', { what: 'the move' });
    const pushes = (await s.sandbox.journal({ method: 'notice', account: robot('pusher') })).items;
    assert.ok(pushes.length >= 2 && pushes.every((p) => p.status === 204), JSON.stringify(pushes.map((p) => p.status)));
  });

  it('works unwrapped, after the subscription was mended', async () => {
    const changed = await admin('provision', ...provisionArgs('--credentials', keyFile, '--unwrapped'));
    assert.match(changed.stdout, /-push {2}changed/, changed.stderr);
    const title = titled('Told without the envelope');
    await person.calendar.add(own(title));
    await eventually(() => tenant.host.entryTitled(title), { what: 'the entry' });
    const back = await admin('provision', ...provisionArgs('--credentials', keyFile));
    assert.match(back.stdout, /-push {2}changed/, back.stderr);
  });

  it('refuses every other pusher, and nothing is changed', async () => {
    // The relay falls silent, so that only pushes made here could tell of the change.
    const [channel] = await s.sandbox.channels();
    const pushes = (await s.sandbox.journal({ method: 'notice', account: robot('pusher') })).items;
    const wrapped = pushes.find((p) => p.body?.includes('"x-goog-resource-state":"exists"'));
    const silence = [await s.sandbox.dropNotices(person.email), await s.sandbox.dropNotices(robot('pusher'))];
    const title = titled('Nobody told');
    await person.calendar.add(own(title));
    const audience = `${s.baseUrl}/webhooks/google/pubsub`;
    const good = { email: robot('pusher'), audience };
    const wrong = {
      'another audience': { ...good, audience: `${audience}/` },
      'another account': { ...good, email: robot('relay') },
      'an account in another project': { ...good, email: 'pusher@other.iam.gserviceaccount.com' },
      'an address that is not verified': { ...good, email_verified: false },
      'an expired token': { ...good, expires_in: -120 },
      'another issuer': { ...good, issuer: 'https://accounts.google.com.example' },
      'no signature': { ...good, alg: 'none' },
      'the public key as a secret': { ...good, alg: 'HS256' },
    };
    const push = (token) =>
      send({
        method: 'POST',
        url: audience,
        headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
        body: wrapped.body,
      });
    const runs = (await tenant.host.all('/v1/sync-runs')).length;
    for (const [what, claims] of Object.entries(wrong)) {
      const { token } = await s.sandbox.admin('POST', '/google/push-tokens', claims);
      const answer = await push(token);
      assert.equal(answer.status, 401, what);
      assert.equal(answer.json.code, 'push_refused', what);
    }
    assert.equal((await push('')).status, 401);
    await steadily(async () => {
      assert.equal(await tenant.host.entryTitled(title), undefined);
      assert.equal((await tenant.host.all('/v1/sync-runs')).length, runs);
    });
    const { token } = await s.sandbox.admin('POST', '/google/push-tokens', good);
    assert.equal((await push(token)).status, 204, 'the right one is let in');
    await eventually(() => tenant.host.entryTitled(title), { what: 'the entry' });
    for (const fault of silence) await fault.end();
    assert.equal((await s.sandbox.channels())[0].id, channel.id);
  });

  it('acknowledges and drops what can never be a notice', async () => {
    const audience = `${s.baseUrl}/webhooks/google/pubsub`;
    const { token } = await s.sandbox.admin('POST', '/google/push-tokens', { email: robot('pusher'), audience });
    for (const body of ['', '{', '{}', '{"message":{"attributes":{}},"subscription":"s"}']) {
      const answer = await send({ method: 'POST', url: audience, headers: { Authorization: `Bearer ${token}` }, body });
      assert.equal(answer.status, 202, body);
    }
  });

  it('says which permission is missing', async () => {
    const weak = join(files, 'weak.json');
    writeFileSync(weak, JSON.stringify(await addRobot('weak', ['roles/pubsub.viewer'])));
    const refused = await admin('provision', ...provisionArgs('--credentials', weak, '--topic', 'another-topic'));
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /pubsub\.topics\.create/);
    assert.match(refused.stderr, /IAM & Admin/);
    const none = await admin('provision', ...provisionArgs());
    assert.match(none.stderr, /--credentials/);
    assert.ok(!refused.stderr.includes('PRIVATE KEY'));
  });

  it('is taken down with an access token, and then nobody may push', async () => {
    const tokenFile = join(files, 'token');
    const grant = await s.sandbox.admin('POST', `/google/service-accounts/${robot('admin')}/grants`);
    writeFileSync(tokenFile, `${grant.access_token}\n`);
    const removed = await admin('remove', '--access-token-file', tokenFile, '--with-topic');
    assert.equal(removed.code, 0, removed.stderr);
    assert.match(removed.stdout, /-push {2}removed/);
    const shown = await s.installationHost.get(`/v1/admin/tenants/${tenant.id}/google-pubsub`);
    assert.equal(shown.subscription, null);
    const again = await admin('remove', '--access-token-file', tokenFile);
    assert.equal(again.code, 0, again.stderr);
  });
});
