// SPDX-License-Identifier: Apache-2.0
// Whatever is sent, the answer is a problem that says what is wrong; nothing is half done, and the server stays up.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { anHour, at, day, titled } from './support/entries.mjs';
import { Demonstration } from './support/installation.mjs';

let d, host, entry, unchanged;

before(async () => {
  d = await Demonstration.start();
  ({ host } = d.tenants[0]);
  entry = await host.createEntry(anHour(titled('Stays as it is'), []));
  unchanged = { entries: await host.all('/v1/schedule-entries'), users: await host.all('/v1/users') };
});
after(() => d?.stop());

/** A complete problem with this status, code and field. */
function assertProblem(answer, status, code, field) {
  const shown = `${answer.status} ${answer.text.slice(0, 300)}`;
  assert.equal(answer.status, status, shown);
  assert.match(answer.headers['content-type'], /^application\/problem\+json/, shown);
  const { json } = answer;
  assert.equal(json.code, code, shown);
  assert.equal(json.status, status);
  assert.equal(json.type, `urn:kalends:problem:${code}`);
  assert.ok(json.title && json.detail, shown);
  if (field !== undefined) assert.equal(json.field, field, shown);
}

async function assertNothingHappened() {
  d.server.mustRun();
  assert.deepEqual(await host.all('/v1/schedule-entries'), unchanged.entries);
  assert.deepEqual(await host.all('/v1/users'), unchanged.users);
  assert.equal((await host.request('GET', '/healthz')).status, 200);
}

const good = () => anHour('Never made', []);
const create = (body, headers) => host.request('POST', '/v1/schedule-entries', body, headers);
const change = (body, headers) => host.request('PATCH', `/v1/schedule-entries/${entry.id}`, body, headers);

describe('a body', () => {
  for (const [what, body] of [
    ['that is cut off', '{"title": "x"'],
    ['that is a word', 'hello'],
    ['with a trailing comma', '{"title": "x",}'],
    ['in single quotes', "{'title': 'x'}"],
    ['with bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['with half a surrogate pair', '{"title": "\\ud800"}'],
    ['of nothing but brackets', '['.repeat(100_000)],
    ['nested deeper than anybody needs', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`],
    ['with NaN', '{"title": NaN}'],
  ])
    it(`${what} is malformed`, async () => {
      for (const [method, path] of [
        ['POST', '/v1/schedule-entries'],
        ['PATCH', `/v1/schedule-entries/${entry.id}`],
        ['POST', '/v1/users'],
        ['POST', '/v1/calendar-providers'],
      ]) {
        assertProblem(await host.request(method, path, body), 400, 'malformed_json');
      }
      await assertNothingHappened();
    });

  for (const body of ['[]', '"text"', '42', 'null', 'true'])
    it(`that is ${body} is no object`, async () => {
      assertProblem(await create(body), 422, 'body_not_object');
      assertProblem(await change(body), 422, 'body_not_object');
      await assertNothingHappened();
    });

  it('of three megabytes is too large', async () => {
    const body = JSON.stringify({ ...good(), notes: 'x'.repeat(3 * 1024 * 1024) });
    assertProblem(await create(body), 413, 'body_too_large');
    await assertNothingHappened();
  });

  it('of another type is refused', async () => {
    const body = JSON.stringify(good());
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'])
      assertProblem(await create(body, { 'Content-Type': type }), 415, 'unsupported_media_type');
    await assertNothingHappened();
  });
});

describe('an entry', () => {
  const time = at(day(3), '10:00:00');
  const later = at(day(3), '11:00:00');

  for (const [what, body, code, field] of [
    ['without a title', { title: undefined }, 'missing_field', 'title'],
    ['without a start', { start: undefined }, 'missing_field', 'start'],
    ['without an end', { end: undefined }, 'missing_field', 'end'],
    ['with a field nobody knows', { colour: 'red' }, 'unknown_field', 'colour'],
    ['with a field nobody knows in a time', { start: { ...time, hour: 9 } }, 'unknown_field', 'start.hour'],
    ['with its own id', { id: '00000000-0000-4000-8000-000000000000' }, 'read_only_field', 'id'],
    ['with its own version', { version: 7 }, 'read_only_field', 'version'],
    ['with a number as title', { title: 7 }, 'wrong_type', 'title'],
    ['with null as title', { title: null }, 'wrong_type', 'title'],
    ['with a list as start', { start: [] }, 'wrong_type', 'start'],
    ['with a text as start', { start: '2026-12-01T09:00:00Z' }, 'wrong_type', 'start'],
    ['with a text as a flag', { is_private: 'yes' }, 'wrong_type', 'is_private'],
    ['with a text as people', { assigned_user_ids: 'me' }, 'wrong_type', 'assigned_user_ids'],
    ['with a number as person', { assigned_user_ids: [7] }, 'malformed_id'],
    ['with a person who is no id', { assigned_user_ids: ['me'] }, 'malformed_id'],
    ['with a person whom nobody knows', { assigned_user_ids: ['00000000-0000-4000-8000-000000000000'] }, 'unknown_user', 'assigned_user_ids'],
    ['with too many people', { assigned_user_ids: Array(101).fill('00000000-0000-4000-8000-000000000000') }, 'too_many_values', 'assigned_user_ids'],
    ['with a status nobody knows', { status: 'maybe' }, 'unknown_value', 'status'],
    ['with a title that is too long', { title: 'x'.repeat(1025) }, 'field_too_long', 'title'],
    ['with notes that are too long', { notes: 'x'.repeat(262_145) }, 'field_too_long', 'notes'],
    ['with a day that does not exist', { start: { date: '2027-02-30' }, end: { date: '2027-03-02' } }, 'malformed_date', 'start.date'],
    ['with a month that does not exist', { start: { date_time: '2027-13-01T09:00:00Z' } }, 'malformed_date_time', 'start.date_time'],
    ['with an hour that does not exist', { start: { date_time: '2027-02-01T25:00:00Z' } }, 'malformed_date_time', 'start.date_time'],
    ['with a time in words', { start: { date_time: 'tomorrow at nine', time_zone: 'UTC' } }, 'malformed_date_time', 'start.date_time'],
    ['with a zone that does not exist', { start: at(day(3), '10:00:00', 'Mars/Olympus') }, 'unknown_time_zone', 'start.time_zone'],
    ['with a zone that is a path', { start: at(day(3), '10:00:00', '../../etc/passwd') }, 'unknown_time_zone', 'start.time_zone'],
    ['without zone and offset', { start: { date_time: `${day(3)}T10:00:00` } }, 'missing_time_zone', 'start.time_zone'],
    ['with a date and a time at once', { start: { date: day(3), ...time } }, 'malformed_time', 'start'],
    ['with an empty time', { start: {} }, 'malformed_time', 'start'],
    ['that ends before it starts', { start: later, end: time }, 'end_before_start', 'end'],
    ['that ends when it starts', { start: time, end: time }, 'end_before_start', 'end'],
    ['that ends on the day it starts', { start: { date: day(3) }, end: { date: day(3) } }, 'end_before_start', 'end'],
    ['that is all-day only at its start', { start: { date: day(3) }, end: later }, 'mixed_all_day', 'end'],
    ['in the year 0', { start: { date: '0000-01-01' }, end: { date: '0000-01-02' } }, undefined],
    ['in the year 99999', { start: { date_time: '99999-01-01T00:00:00Z' } }, undefined],
    ['with a rule that is none', { recurrence: { rrule: 'every day' } }, 'malformed_rrule', 'recurrence.rrule'],
    ['that repeats every minute', { recurrence: { rrule: 'FREQ=MINUTELY' } }, 'rrule_part_unsupported', 'recurrence.rrule'],
    ['that repeats in two ways', { recurrence: { rrule: 'FREQ=DAILY;COUNT=3;UNTIL=20400101T000000Z' } }, 'rrule_count_and_until', 'recurrence.rrule'],
    ['that repeats for too long', { recurrence: { rrule: 'FREQ=DAILY;COUNT=10001' } }, 'too_many_occurrences', 'recurrence.rrule'],
    ['with an exception that is no time', { recurrence: { rrule: 'FREQ=DAILY', exdates: ['soon'] } }, 'malformed_occurrence', 'recurrence.exdates[0]'],
    ['with changed occurrences', { recurrence: { rrule: 'FREQ=DAILY', changed_occurrences: [] } }, 'read_only_field', 'recurrence.changed_occurrences'],
    ['with a guest without address', { attendees: [{ name: 'A' }] }, 'missing_field', 'attendees[0].email'],
    ['with a guest at no address', { attendees: [{ email: 'a' }] }, 'malformed_email', 'attendees[0].email'],
    ['with a guest twice', { attendees: [{ email: 'a@example.com' }, { email: 'A@example.com' }] }, 'attendee_twice', 'attendees[1].email'],
    ['with too many guests', { attendees: Array.from({ length: 501 }, (_, i) => ({ email: `a${i}@example.com` })) }, 'too_many_values', 'attendees'],
    ['with a work item without type', { work_item: { type: '' } }, 'field_empty', 'work_item.type'],
  ])
    it(`${what} is refused`, async () => {
      const whole = { ...good(), ...body };
      const answer = await create(whole);
      if (code) assertProblem(answer, 422, code, field);
      else assertProblem(answer, 422, answer.json.code);
      if (Object.values(body).every((value) => value !== undefined)) {
        // The same in a change, together with something that would be fine.
        const patched = await change({ ...(body.start && !body.end ? { end: later } : {}), ...body, title: body.title === undefined ? 'Half applied' : body.title });
        assert.equal(patched.status, 422, patched.text);
      }
      await assertNothingHappened();
    });

  it('is not changed under a version that it no longer has', async () => {
    for (const tag of ['"999"', '"0"', 'W/"1"'])
      assertProblem(await change({ title: 'Half applied' }, { 'If-Match': tag }), 412, 'version_mismatch');
    assertProblem(await change({ title: 'Half applied' }, { 'If-Match': 'nonsense' }), 400, 'malformed_if_match');
    assertProblem(await host.request('DELETE', `/v1/schedule-entries/${entry.id}`, undefined, { 'If-Match': '"999"' }), 412, 'version_mismatch');
    await assertNothingHappened();
  });

  it('is made once for one Idempotency-Key, and never for a key that was used for another', async () => {
    const key = { 'Idempotency-Key': titled('key') };
    const wish = anHour(titled('Once'), []);
    const [first, second] = await Promise.all([create(wish, key), create(wish, key)]);
    const made = [first, second].filter((a) => a.status === 201);
    assert.ok(made.length >= 1, `${first.text} ${second.text}`);
    const again = await create(wish, key);
    assert.equal(again.status, 201);
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.equal(again.json.id, made[0].json.id);
    assertProblem(await create({ ...wish, notes: 'other' }, key), 422, 'idempotency_key_reused');
    assertProblem(await create(wish, { 'Idempotency-Key': 'x'.repeat(201) }), 400, 'malformed_idempotency_key');
    await host.removeEntry(again.json.id);
    await assertNothingHappened();
  });
});

describe('a user or a calendar', () => {
  for (const [path, body, code, field] of [
    ['/v1/users', { name: 'x' }, 'missing_field', 'email'],
    ['/v1/users', { name: 'x', email: 'not an address' }, 'malformed_email', 'email'],
    ['/v1/users', { name: '', email: 'x@example.com' }, 'field_empty', 'name'],
    ['/v1/users', { name: 'x', email: 'x@example.com', time_zone: 'Nowhere' }, 'unknown_time_zone', 'time_zone'],
    ['/v1/users', { name: 'x', email: 'x@example.com', admin: true }, 'unknown_field', 'admin'],
    ['/v1/calendar-providers', { type: 'icloud', user_id: '00000000-0000-4000-8000-000000000000' }, 'unknown_value', 'type'],
    ['/v1/calendar-providers', { type: 'google' }, 'missing_field', 'user_id'],
    ['/v1/calendar-providers', { type: 'google', user_id: 'x' }, 'malformed_id', 'user_id'],
    ['/v1/calendar-providers', { type: 'google', user_id: '00000000-0000-4000-8000-000000000000' }, 'unknown_user', 'user_id'],
  ])
    it(`is refused: ${JSON.stringify(body)}`, async () => {
      assertProblem(await host.request('POST', path, body), 422, code, field);
      await assertNothingHappened();
    });

  it('with an address that is taken is refused', async () => {
    const [user] = unchanged.users;
    assertProblem(await host.request('POST', '/v1/users', { name: 'x', email: user.email.toUpperCase() }), 409, 'email_taken');
    await assertNothingHappened();
  });
});

describe('an address', () => {
  for (const [method, path, status, code] of [
    ['GET', '/v1/nothing', 404, 'route_not_found'],
    ['GET', '/v2/users', 404, 'route_not_found'],
    ['GET', '/v1/users/', 404],
    ['GET', '/v1/schedule-entries/not-an-id', 404, 'entry_not_found'],
    ['GET', '/v1/schedule-entries/00000000-0000-4000-8000-000000000000', 404, 'entry_not_found'],
    ['GET', "/v1/schedule-entries/'%20or%201=1--", 404, 'entry_not_found'],
    ['GET', '/v1/sync-runs/00000000-0000-4000-8000-000000000000', 404, 'run_not_found'],
    ['PUT', '/v1/schedule-entries', 405, 'method_not_allowed'],
    ['DELETE', '/v1/users', 405, 'method_not_allowed'],
    ['GET', '/v1/schedule-entries?colour=red', 422, 'unknown_parameter'],
    ['GET', '/v1/schedule-entries?limit=0', 422, 'malformed_parameter'],
    ['GET', '/v1/schedule-entries?limit=201', 422, 'malformed_parameter'],
    ['GET', '/v1/schedule-entries?limit=all', 422, 'malformed_parameter'],
    ['GET', '/v1/schedule-entries?cursor=garbage', 400, 'malformed_cursor'],
    ['GET', '/v1/schedule-entries?from=yesterday', 422, undefined],
    ['GET', '/v1/schedule-entries?assigned_user_id=me', 422, undefined],
    ['GET', '/v1/events?after=-1', 422, undefined],
    ['GET', '/..%2f..%2fetc/passwd', 404, 'route_not_found'],
    ['GET', '/../../etc/passwd', 404, 'route_not_found'],
  ])
    it(`${method} ${path} is answered ${status}`, async () => {
      const answer = await host.request(method, path);
      assertProblem(answer, status, code ?? answer.json?.code);
      d.server.mustRun();
    });
});

describe('a connection', () => {
  /** Sends bytes and answers what came back until the other side closed, or half a second passed without a byte. */
  function raw(bytes) {
    const { hostname, port } = new URL(d.baseUrl);
    return new Promise((resolve) => {
      let got = '';
      const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
      socket.setTimeout(1_500, () => socket.destroy());
      socket.on('data', (part) => (got += part));
      socket.on('error', () => {});
      socket.on('close', () => resolve(got));
    });
  }

  for (const [what, bytes] of [
    ['of noise', 'GET\0\0\0 / \r\n\r\n'],
    ['of TLS', Buffer.from('1603010200010001fc0303', 'hex')],
    ['with an endless header', `GET / HTTP/1.1\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`],
    ['with two lengths', 'POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['with a length and chunks', 'POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['that claims an enormous body', 'POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n'],
  ])
    it(`${what} is answered 4xx or closed`, async () => {
      const got = await raw(bytes);
      assert.ok(got === '' || /^HTTP\/1\.[01] 4\d\d /.test(got), got.slice(0, 200));
      await assertNothingHappened();
    });
});
