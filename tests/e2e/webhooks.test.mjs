// SPDX-License-Identifier: Apache-2.0
// Facts are sent to the host: signed, in order, at least once, whatever the endpoint or the server does.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { anHour, titled } from './support/entries.mjs';
import { follow } from './support/event_stream.mjs';
import { eventually, steadily } from './support/eventually.mjs';
import { Service } from './support/installation.mjs';
import { Program } from './support/process.mjs';
import { Receiver, signatureOf } from './support/receiver.mjs';

/** Each number once, from the first to the last. */
function assertInOrder(sequences) {
  assert.deepEqual(sequences, [...sequences].sort((a, b) => a - b));
}

describe('webhooks', () => {
  let s, tenant;
  const receivers = [];
  before(async () => {
    s = await Service.start();
    tenant = await s.newTenant('Told & Sons');
  });
  afterEach(async () => {
    for (const e of await tenant.host.all('/v1/webhook-endpoints')) await tenant.host.delete(`/v1/webhook-endpoints/${e.id}`);
    while (receivers.length) await receivers.pop().close();
  });
  after(() => s?.stop());

  const newReceiver = async () => {
    const r = await Receiver.open();
    receivers.push(r);
    return r;
  };
  const newEndpoint = (r, more = {}) => tenant.host.post('/v1/webhook-endpoints', { url: r.url, ...more });
  const endpoint = (e) => tenant.host.get(`/v1/webhook-endpoints/${e.id}`);
  const deliveries = (e) => tenant.host.all(`/v1/webhook-endpoints/${e.id}/deliveries`);
  const tell = async (n = 1) => {
    for (let i = 0; i < n; ++i) await tenant.host.createEntry(anHour(titled('Told'), []));
  };
  const settled = (e, within = 20_000) =>
    eventually(
      async () => {
        const now = await endpoint(e);
        return now.position.sequence === now.position.last_sequence && now;
      },
      { within, what: 'everything is delivered' },
    );

  it('sends every fact once, in order, signed, as the feed shows it', async () => {
    const r = await newReceiver();
    const e = await newEndpoint(r, { description: 'all of them' });
    assert.match(e.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    const from = e.position.sequence;

    await tell(12);
    await settled(e);

    const feed = (await tenant.host.get(`/v1/events?after=${from}&limit=200`)).items;
    assert.deepEqual(r.sequences, feed.map((f) => f.sequence));
    for (const [i, m] of r.taken.entries()) {
      const { timestamp, ...fact } = m.json;
      assert.deepEqual(fact, feed[i]);
      assert.equal(timestamp, feed[i].time);
      assert.equal(m.id, feed[i].id);
      assert.deepEqual(m.signatures, [signatureOf(e.secret, m.id, m.timestamp, m.body)]);
      assert.ok(Math.abs(Date.now() / 1000 - Number(m.timestamp)) < 60);
      assert.match(m.headers['user-agent'], /^Kalends\//);
    }
    const kept = await deliveries(e);
    assert.equal(kept.length, feed.length);
    assert.ok(kept.every((d) => d.outcome === 'delivered' && d.http_status === 204 && d.cause === 'feed'));
    // The secret is shown once.
    assert.ok(!(await tenant.host.request('GET', `/v1/webhook-endpoints/${e.id}`)).text.includes('whsec_'));
  });

  it('sends only the types that were asked for', async () => {
    const r = await newReceiver();
    const e = await newEndpoint(r, { event_types: ['SCHEDULE_ENTRY_DELETED'] });

    const entry = await tenant.host.createEntry(anHour(titled('Goes again'), []));
    await tell(3);
    await tenant.host.removeEntry(entry.id);
    await eventually(() => r.taken.length === 1, { what: 'the deletion is told' });

    assert.equal(r.taken[0].json.type, 'SCHEDULE_ENTRY_DELETED');
    assert.equal(r.messages.length, 1);
  });

  it('tries again what was not taken, and nothing overtakes it', async () => {
    const r = await newReceiver();
    const e = await newEndpoint(r);
    r.answer = (m, n) => (n <= 2 ? 500 : 200);

    await tell(3);
    await settled(e, 40_000);

    assertInOrder(r.sequences);
    assert.equal(r.sequences.length, 3);
    assert.equal(new Set(r.messages.slice(0, 3).map((m) => m.id)).size, 1, 'the same message until it is taken');
    const failed = (await deliveries(e)).filter((d) => d.outcome === 'failed');
    assert.deepEqual(failed.map((d) => [d.code, d.attempt]), [['http_500', 2], ['http_500', 1]]);
    assert.ok(failed[0].next_attempt_at);
    assert.equal((await endpoint(e)).state, 'active');
  });

  it('waits as long as the endpoint asks for', async () => {
    const r = await newReceiver();
    const e = await newEndpoint(r);
    r.answer = (m, n) => (n === 1 ? { status: 429, headers: { 'Retry-After': '4' } } : 204);

    await tell();
    await settled(e);

    assert.ok(r.messages[1].at - r.messages[0].at >= 3_900, `${r.messages[1].at - r.messages[0].at} ms`);
  });

  it('follows no redirect', async () => {
    const [r, elsewhere] = [await newReceiver(), await newReceiver()];
    const e = await newEndpoint(r);
    r.answer = () => ({ status: 307, headers: { Location: elsewhere.url } });

    await tell();
    const failing = await eventually(async () => (await endpoint(e)).failing, { what: 'the failure' });

    assert.equal(failing.code, 'redirect_refused');
    assert.equal(elsewhere.messages.length, 0);
  });

  it('disables an endpoint that is gone, says so, and goes on when it is switched on again', async () => {
    const r = await newReceiver();
    const e = await newEndpoint(r);
    r.answer = () => 410;

    await tell(2);
    const stopped = await eventually(async () => {
      const now = await endpoint(e);
      return now.state === 'disabled' && now;
    });
    assert.equal(stopped.disabled.code, 'endpoint_gone');
    const facts = (await tenant.host.get(`/v1/events?after=${e.position.sequence}&type=WEBHOOK_ENDPOINT_DISABLED`)).items;
    assert.deepEqual(facts.map((f) => [f.data.endpoint_id, f.data.code]), [[e.id, 'endpoint_gone']]);
    const trace = (await tenant.host.get('/v1/audit-log?limit=20')).items;
    assert.ok(trace.some((l) => l.action === 'webhook_endpoint.disabled' && l.subject === `webhook_endpoint:${e.id}`));
    await tell();
    await steadily(() => assert.equal(r.messages.length, 1));

    r.answer = () => 204;
    const mended = await tenant.host.patch(`/v1/webhook-endpoints/${e.id}`, { enabled: true });
    assert.equal(mended.state, 'active');
    await settled(e);
    assert.equal(r.sequences.length, 4, 'two entries, the stop itself, and one entry while it was stopped');
    assertInOrder(r.sequences);
  });

  it('says that an endpoint is disabled in event streams and to other endpoints at once', async () => {
    const [gone, well] = [await newReceiver(), await newReceiver()];
    const e = await newEndpoint(gone);
    await newEndpoint(well, { event_types: ['WEBHOOK_ENDPOINT_DISABLED'] });
    const stream = follow(s.baseUrl, tenant.key, e.position.sequence);
    gone.answer = () => 410;

    try {
      await tell();
      // An open stream asks the database itself every 15 seconds.
      await eventually(() => stream.facts.some((f) => f.type === 'WEBHOOK_ENDPOINT_DISABLED'), {
        within: 5_000,
        what: 'the stop in the stream',
      });
      await eventually(() => well.taken.length === 1, { within: 5_000, what: 'the stop at the other endpoint' });
    } finally {
      stream.end();
    }

    assert.equal(well.taken[0].json.data.endpoint_id, e.id);
  });

  it('keeps nobody waiting for an endpoint that hangs', async () => {
    const [slow, quick] = [await newReceiver(), await newReceiver()];
    slow.answer = () => undefined;
    const hanging = await newEndpoint(slow);
    const e = await newEndpoint(quick);
    await tell();
    await eventually(() => slow.messages.length === 1, { what: 'it hangs' });

    const began = Date.now();
    await tell(10);
    await settled(e, 8_000);

    assert.ok(Date.now() - began < 8_000);
    assert.equal(quick.taken.length, 11);
    const failing = await eventually(async () => (await endpoint(hanging)).failing, { within: 20_000, what: 'the deadline' });
    assert.equal(failing.code, 'timeout');
  });

  it('signs with the old secret, too, while a secret is replaced', async () => {
    const r = await newReceiver();
    const e = await newEndpoint(r);

    const rotated = await tenant.host.post(`/v1/webhook-endpoints/${e.id}/rotate-secret`);
    assert.notEqual(rotated.secret, e.secret);
    assert.ok(new Date(rotated.old_secret_until) - Date.now() > 23 * 3_600_000);
    await eventually(async () => {
      await tell();
      await settled(e);
      return r.taken.at(-1).signatures.length === 2;
    });

    const m = r.taken.at(-1);
    assert.deepEqual(m.signatures, [rotated.secret, e.secret].map((k) => signatureOf(k, m.id, m.timestamp, m.body)));
  });

  it('sends again: from a fact on, or one message', async () => {
    const r = await newReceiver();
    const e = await newEndpoint(r);
    await tell(4);
    await settled(e);
    const first = r.taken[0];

    const one = (await deliveries(e)).find((d) => d.message_id === first.id);
    const again = await tenant.host.post(`/v1/webhook-endpoints/${e.id}/replay`, { delivery_id: one.id });
    assert.deepEqual([again.outcome, again.cause, again.message_id], ['delivered', 'replay', first.id]);
    assert.equal(r.taken.at(-1).body, first.body);
    assert.equal(r.taken.length, 5);

    const asked = await tenant.host.request('POST', `/v1/webhook-endpoints/${e.id}/replay`, { from_sequence: first.json.sequence + 1 });
    assert.equal(asked.status, 202);
    await eventually(() => r.taken.length === 8, { what: 'three of them again' });
    await settled(e);
    assert.deepEqual(r.taken.slice(5).map((m) => m.id), r.taken.slice(1, 4).map((m) => m.id));
  });

  it('sends a test that says nothing, and tells what came of it', async () => {
    const r = await newReceiver();
    const e = await newEndpoint(r, { enabled: false });
    assert.equal(e.state, 'paused');

    const fine = await tenant.host.post(`/v1/webhook-endpoints/${e.id}/test`);
    r.answer = () => 503;
    const failed = await tenant.host.post(`/v1/webhook-endpoints/${e.id}/test`);

    assert.deepEqual([fine.outcome, fine.http_status, fine.type, fine.sequence], ['delivered', 204, 'TEST', null]);
    assert.deepEqual([failed.outcome, failed.http_status, failed.code], ['failed', 503, 'http_503']);
    assert.equal(r.messages[0].json.data.endpoint_id, e.id);
    assert.equal((await deliveries(e)).length, 2);
    await tell();
    await steadily(() => assert.equal(r.messages.length, 2, 'a paused endpoint is told nothing'));
  });

  it('refuses what it must not call, and says how to mend it', async () => {
    const refusal = async (body) => {
      const { status, json } = await tenant.host.request('POST', '/v1/webhook-endpoints', body);
      assert.ok(json.detail, JSON.stringify(json));
      return `${status} ${json.code} ${json.field}`;
    };
    for (const url of ['https://10.0.0.1/', 'https://169.254.169.254/latest/meta-data', 'https://[fd00::1]/', 'https://192.168.1.1:8443/x'])
      assert.equal(await refusal({ url }), '422 webhook_address_refused url');
    assert.equal(await refusal({ url: 'http://host.example/' }), '422 webhook_url_insecure url');
    assert.equal(await refusal({ url: 'host.example' }), '422 webhook_url_malformed url');
    assert.equal(await refusal({ url: `https://host.example/${'x'.repeat(2_048)}` }), '422 field_too_long url');
    assert.equal(await refusal({}), '422 missing_field url');
    assert.equal(await refusal({ url: 'https://host.example/', event_types: ['NO_SUCH'] }), '422 unknown_value event_types[0]');
    assert.equal(await refusal({ url: 'https://host.example/', secret: 'mine' }), '422 read_only_field secret');
    const e = await newEndpoint({ url: 'https://host.example/' }, { enabled: false });
    const replay = async (body) => (await tenant.host.request('POST', `/v1/webhook-endpoints/${e.id}/replay`, body)).json.code;
    assert.equal(await replay({}), 'missing_field');
    assert.equal(await replay({ from_sequence: 1_000_000 }), 'unknown_value');
    assert.equal(await replay({ delivery_id: e.id }), 'delivery_not_found');
    // Another tenant sees nothing of it, and lesser keys may not change it.
    const other = await s.newTenant('Others');
    assert.equal((await other.host.request('GET', `/v1/webhook-endpoints/${e.id}`)).status, 404);
    const reader = s.host(await s.newKey(tenant.id, 'reader'));
    assert.equal((await reader.request('GET', '/v1/webhook-endpoints')).json.code, 'role_too_low');
    const operator = s.host(await s.newKey(tenant.id, 'operator'));
    assert.equal((await operator.request('DELETE', `/v1/webhook-endpoints/${e.id}`)).json.code, 'role_too_low');
  });

  it('a tenant whose work is stopped is sent nothing, and everything afterwards', async () => {
    const r = await newReceiver();
    const e = await newEndpoint(r);
    await s.installationHost.patch(`/v1/admin/tenants/${tenant.id}`, { work_stopped: true });
    await eventually(async () => (await tenant.host.request('POST', `/v1/webhook-endpoints/${e.id}/test`)).json.code === 'work_stopped');

    await tell(2);
    await steadily(() => assert.equal(r.sequences.length, 0));
    await s.installationHost.patch(`/v1/admin/tenants/${tenant.id}`, { work_stopped: false });
    await settled(e);

    assert.equal(r.sequences.length, 2);
  });

  it('loses nothing when the server is killed, and asks again where a name leads when it starts', async () => {
    const r = await newReceiver();
    const e = await newEndpoint(r);
    const from = e.position.sequence;
    r.answer = async () => {
      await new Promise((done) => setTimeout(done, 40));
      return 204;
    };
    await tell(30);
    await eventually(() => r.taken.length >= 5, { what: 'some of them' });
    await s.server.crash();
    const before = r.taken.length;
    assert.ok(before < 30, 'it died in the middle');
    await s.launch();
    await settled(e, 60_000);

    const feed = (await tenant.host.get(`/v1/events?after=${from}&limit=200`)).items.map((f) => f.sequence);
    assert.deepEqual([...new Set(r.sequences)], feed, 'each at least once, the first time in order');
    assert.ok(r.sequences.length - feed.length <= 50);

    // The same endpoint on an installation that the world calls: this machine is none of its business any more.
    await s.server.terminate();
    const came = r.messages.length;
    const args = ['serve', '--data-dir', s.data, '--port', new URL(s.baseUrl).port];
    s.server = new Program(args, { ...s.environment(), KALENDS_PUBLIC_URL: 'https://kalends.example' });
    await s.ready();
    await tell();
    const failing = await eventually(async () => (await endpoint(e)).failing, { what: 'the refusal' });
    assert.equal(failing.code, 'address_refused');
    assert.equal(r.messages.length, came);
  });
});
