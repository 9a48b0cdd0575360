// SPDX-License-Identifier: Apache-2.0
// What needs a person is told once: in the pages, and by one mail to whoever it concerns, over restarts and failures.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { anHour, titled } from './support/entries.mjs';
import { eventually } from './support/eventually.mjs';
import { Service, adminKey } from './support/installation.mjs';
import { send } from './support/http.mjs';
import { MailServer } from './support/mail.mjs';
import { binary } from './support/process.mjs';

const sender = 'kalends@service.example';
const within = 60_000;
/** Long enough for another look of whoever sends. */
const quietMs = 8_000;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Runs `kalends` once with these settings. */
function run(args, env) {
  return new Promise((done) => {
    const child = spawn(binary, args, { env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (out += part));
    child.on('close', (code) => done({ code, out }));
  });
}

describe('notices', () => {
  let s, mail, tenant;
  before(async () => {
    mail = await MailServer.start();
    s = await Service.start({
      env: () => ({ KALENDS_MAIL_HOST: '127.0.0.1', KALENDS_MAIL_PORT: String(mail.port), KALENDS_MAIL_SECURITY: 'none', KALENDS_MAIL_FROM: sender }),
    });
    tenant = await s.newTenant('Müller & Söhne');
  });
  after(async () => {
    await s?.stop();
    await mail?.stop();
  });

  const open = async (host = tenant.host) => (await host.get('/v1/notifications')).items;
  const noticeOf = (match) => eventually(async () => (await tenant.host.get('/v1/notifications?state=all')).items.find(match), { what: 'the notification', within });

  /** An entry and its event that both changed while nothing could be written. */
  async function overlap(person, more = {}) {
    const title = titled('Prüfung');
    const entry = await tenant.host.createEntry({ ...anHour(title, [person.userId]), ...more });
    await tenant.host.settled(entry.id);
    const event = (await person.calendar.events())[0];
    const fault = await s.sandbox.fault({ account: person.email, method: 'events.*', times: 0, status: 503 });
    const ours = titled('Prüfung beim Host');
    await tenant.host.changeEntry(entry.id, { title: ours });
    await person.calendar.edit(event.id, { title: titled('Prüfung in Person') });
    await fault.end();
    await tenant.host.sync(person.providerId);
    const conflict = await eventually(async () => (await tenant.host.all(`/v1/conflicts?entry_id=${entry.id}&state=open`))[0], { what: 'the conflict', within });
    return { entry, conflict, ours };
  }

  it('a conflict is mailed once to its person, over a restart, and its link leads to the page', async () => {
    const person = await s.newPerson(tenant, 'google', { settings: { conflict_policy: 'manual' } });
    const { conflict, ours } = await overlap(person);

    const [told] = await eventually(() => mail.to(person.email).length > 0 && mail.to(person.email), { what: 'the mail', within });

    assert.equal(told.from, sender);
    assert.equal(told.headers.subject, `Which change should stand? ${ours}`);
    assert.match(told.headers.from, new RegExp(`Kalends <${sender}>`));
    assert.match(told.headers['message-id'], new RegExp(conflict.id));
    assert.match(told.text, /Müller & Söhne/);
    assert.match(told.html, /Müller &amp; Söhne/);
    assert.doesNotMatch(told.html, /<img|<script|src=/);
    for (const line of told.raw.split('\r\n')) assert.ok(line.length <= 78, line);
    const link = /^http\S+$/m.exec(told.text)[0];
    assert.equal(link, `${s.baseUrl}/conflicts/${conflict.id}`);
    const page = await send({ method: 'GET', url: link });
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'], /text\/html/);
    const notice = await noticeOf((n) => n.conflict?.id === conflict.id && n.mail.state === 'sent');
    assert.equal(notice.conflict.entry_title, ours);

    await s.server.terminate();
    await s.launch();
    await pause(quietMs);
    await s.server.crash();
    await s.launch();
    await pause(quietMs);
    assert.equal(mail.to(person.email).length, 1);

    await tenant.host.post(`/v1/conflicts/${conflict.id}/resolution`, { choice: 'local' });
    assert.ok((await noticeOf((n) => n.conflict?.id === conflict.id)).ended_at);
    assert.ok(!(await open()).some((n) => n.conflict?.id === conflict.id));
    const lines = await tenant.host.all('/v1/audit-log');
    assert.equal(lines.filter((l) => l.action === 'notification.mailed' && l.subject === `notification:${notice.id}`).length, 1);
  });

  it('a mail that the server does not take now is tried again, and what it never takes is given up', async () => {
    const person = await s.newPerson(tenant, 'google', { settings: { conflict_policy: 'manual' } });
    mail.refusals = ['451 later'];
    const { conflict } = await overlap(person);
    await eventually(() => mail.to(person.email).length === 1, { what: 'the second attempt', within: 90_000 });
    assert.equal((await noticeOf((n) => n.conflict?.id === conflict.id)).mail.state === 'given_up', false);

    const other = await s.newPerson(tenant, 'google', { settings: { conflict_policy: 'manual' } });
    mail.refusals = ['550 nobody here'];
    const next = await overlap(other);
    await noticeOf((n) => n.conflict?.id === next.conflict.id && n.mail.state === 'given_up');
    assert.equal(mail.to(other.email).length, 0);
    const figures = await send({ method: 'GET', url: `${s.baseUrl}/metrics`, headers: { Authorization: `Bearer ${adminKey}` } });
    assert.match(figures.text, /kalends_mails_total\{outcome="given_up"\} 1/);
    assert.match(figures.text, /kalends_mails_total\{outcome="retried"\} 1/);
  });

  it('a private entry has no name in a mail', async () => {
    const person = await s.newPerson(tenant, 'google', { settings: { conflict_policy: 'manual' } });
    const { ours } = await overlap(person, { is_private: true });
    const [told] = await eventually(() => mail.to(person.email).length > 0 && mail.to(person.email), { what: 'the mail', within });
    assert.equal(told.headers.subject, 'Which change should stand? An appointment');
    assert.ok(!told.text.includes(ours) && !told.html.includes(ours) && !told.raw.includes('Pr=C3=BCfung'));
  });

  it('a calendar that needs its owner is told of, and whoever wants no mail gets none', async () => {
    const person = await s.newPerson(tenant, 'google');
    const silent = await s.newPerson(tenant, 'google');
    const { url } = await tenant.host.post('/v1/sign-in-links', { user_id: silent.userId });
    const session = await send({ method: 'POST', url: `${s.baseUrl}/v1/session`, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ link: new URL(url).hash.slice(1) }) });
    const cookie = session.headers['set-cookie'][0].split(';')[0];
    const ask = async (method, path, body) => {
      const answer = await send({ method, url: `${s.baseUrl}${path}`, headers: { Cookie: cookie, 'X-CSRF-Token': session.json.csrf_token, ...(body && { 'Content-Type': 'application/json' }) }, body: body && JSON.stringify(body) });
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.status}`);
      return answer.json;
    };
    assert.deepEqual(await ask('GET', '/v1/notification-settings'), { mail_offered: true, mail_tenant: true, mail_own: true });
    await ask('PUT', '/v1/notification-settings', { mail: false });

    for (const p of [person, silent]) {
      await s.sandbox.revoke(p.email, s.apps.google.client_id);
      await tenant.host.createEntry(anHour(titled('Nobody may'), [p.userId]));
    }
    const [told] = await eventually(() => mail.to(person.email).length > 0 && mail.to(person.email), { what: 'the mail', within });
    assert.match(told.headers.subject, /needs you$/);
    assert.ok(told.text.includes(`${s.baseUrl}/calendars/${person.providerId}`));
    const unwanted = await noticeOf((n) => n.kind === 'calendar' && n.provider.id === silent.providerId && n.mail.state === 'not_wanted');
    assert.equal(mail.to(silent.email).length, 0);

    // What a person sees and marks is theirs; the tenant's members go by their own.
    const own = await ask('GET', '/v1/notifications');
    assert.deepEqual([own.items.map((n) => n.id), own.unseen], [[unwanted.id], 1]);
    await ask('POST', `/v1/notifications/${unwanted.id}/seen`);
    assert.equal((await ask('GET', '/v1/notifications')).unseen, 0);
    assert.equal((await tenant.host.get('/v1/notifications?state=all')).items.find((n) => n.id === unwanted.id).seen_at, null);
    await tenant.host.post('/v1/notifications/seen-all');
    assert.equal((await tenant.host.get('/v1/notifications')).unseen, 0);
  });

  it('the settings are tried by a command, and mail in the clear stays on the machine', async () => {
    const env = { KALENDS_MAIL_HOST: '127.0.0.1', KALENDS_MAIL_PORT: String(mail.port), KALENDS_MAIL_SECURITY: 'none', KALENDS_MAIL_FROM: sender };
    const sent = await run(['admin', 'mail', 'test', 'ops@service.example'], env);
    assert.equal(sent.code, 0, sent.out);
    assert.equal(mail.to('ops@service.example').length, 1);
    const away = await run(['admin', 'mail', 'test', 'ops@service.example'], { ...env, KALENDS_MAIL_HOST: 'mail.service.example' });
    assert.equal(away.code, 2);
    assert.match(away.out, /only for a server on this machine/);
    const secure = await run(['admin', 'mail', 'test', 'ops@service.example'], { ...env, KALENDS_MAIL_SECURITY: 'starttls' });
    assert.equal(secure.code, 1, secure.out);
    assert.match(secure.out, /mail_tls_failed/);
    assert.equal(mail.to('ops@service.example').length, 1, 'nothing goes without TLS where TLS was asked for');
    const bad = await run(['admin', 'mail', 'test', 'ops@service.example\nBcc: eve@evil.example'], env);
    assert.equal(bad.code, 1);
    assert.match(bad.out, /malformed_address/);
    const none = await run(['admin', 'mail', 'test', 'ops@service.example'], {});
    assert.equal(none.code, 2);
  });
});
