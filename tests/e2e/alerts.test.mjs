// SPDX-License-Identifier: Apache-2.0
// Alerts are provoked on the real program: what went wrong is scraped before and after, held over an hour of virtual time, and
// promtool says which alerts fire. What moves with time is moved with a faked clock of the server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { asOwner, hangDatabase, session } from './support/database.mjs';
import { anHour, titled } from './support/entries.mjs';
import { eventually } from './support/eventually.mjs';
import { send } from './support/http.mjs';
import { Service } from './support/installation.mjs';
import { refusedToTheEnd } from './support/letters.mjs';
import { Receiver } from './support/receiver.mjs';
import {
  MovableClock,
  assertFires,
  checkMetrics,
  dashboardFile,
  metricsText,
  rulesFile,
  scrape,
  scrapeUntil,
  target,
  toolsThere,
} from './support/prometheus.mjs';

const scrapeToken = 'a-token-for-those-who-scrape';
const fatal = 'whose actor dies';
let s, clock;
const dataDir = () => join(s.directory, 'data');

const own = (title) => {
  const hour = anHour(title, []);
  return { title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' };
};

/** A tenant of its own with one connected Google calendar, and the figures when nothing is wrong with it yet. */
async function quietTenant(options) {
  const tenant = await s.newTenant(titled('Watched'));
  const person = await s.newPerson(tenant, 'google', options);
  await scrapeUntil(
    s,
    (f) => f.sum('kalends_calendars', `tenant="${tenant.id}"`, 'status="active"') === 1 && f.sum('kalends_stale_marks', tenant.id) === 0,
    { what: 'the quiet figures' },
  );
  const quiet = await scrape(s);
  const alert = (alertname, severity = 'warning') => ({ alertname, severity, tenant: tenant.id, type: 'google' });
  return { tenant, person, quiet, alert, host: tenant.host, figure: (f, name, ...more) => f.sum(name, tenant.id, ...more) };
}

/** A fault at this person's calls until `end`. */
const fault = (person, method, plan) => s.sandbox.fault({ account: person.email, method, times: 0, ...plan });

/** Runs that fail as long as the fault lasts; more than can be chance. */
async function failAgain(host, person) {
  for (let i = 0; i < 3; ++i) assert.equal((await host.sync(person.providerId)).outcome, 'failed');
}

/** Time passes for the server and for the vendors; PostgreSQL and we stay behind. */
async function advance(seconds) {
  clock.advance(seconds);
  await s.sandbox.clock({ advance_seconds: seconds });
  await eventually(
    async () => Date.parse((await send({ url: `${s.baseUrl}/healthz` })).headers.date) > Date.now() + (clock.ahead - 5) * 1_000,
    { what: 'the moved clock' }, // the server looks at its file now and then
  );
}

const circuit = (f) => f.sum('kalends_vendor_circuit_open', 'type="google"');

/** The vendor works again, and these calendars' calls show it. */
const circuitCloses = (host, people) =>
  eventually(
    async () => {
      await advance(60);
      await Promise.all(people.map((p) => host.sync(p.providerId)));
      return circuit(await scrape(s)) === 0;
    },
    { what: 'the closed circuit', within: 60_000 },
  );

const struck = (f, times = 1) => eventually(async () => (await f.struck()) >= times, { what: 'the fault', within: 60_000 });

describe('alerts', { skip: toolsThere() ? false : 'promtool and faketime are needed', concurrency: 1 }, () => {
  before(async () => {
    s = await Service.start({
      env: (directory) => {
        clock = new MovableClock(directory);
        return { ...clock.env, KALENDS_METRICS_TOKEN: scrapeToken, KALENDS_FAILPOINT_TITLE: fatal };
      },
    });
  });
  after(() => s?.stop());

  it('figures are for those who hold the token, well-formed, and what rules and dashboard ask for', async () => {
    const { tenant } = await quietTenant();
    for (const token of ['', 'wrong', tenant.key])
      await assert.rejects(metricsText(s, token), /401/);
    const text = await metricsText(s, scrapeToken);
    const { status, stdout, stderr } = checkMetrics(text);
    assert.equal(status, 0, stdout + stderr);

    const known = new Set(['up']);
    for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      known.add(name);
      if (type === 'histogram') for (const part of ['_bucket', '_sum', '_count']) known.add(name + part);
    }
    for (const file of [rulesFile, dashboardFile]) {
      const asked = readFileSync(file, 'utf8').match(/\b(kalends|process)_[a-z_]+(?=[{[\s)=]|\\?")/g) ?? [];
      assert.ok(asked.length > 20);
      assert.deepEqual([...new Set(asked)].filter((name) => !known.has(name)), [], `${file} asks for what there is not`);
    }
  });

  it('KalendsServerDown: the process hangs', async () => {
    const quiet = await scrape(s);
    s.server.child.kill('SIGSTOP');
    const hanging = await scrape(s);
    s.server.child.kill('SIGCONT');
    assert.equal(hanging.up, false);

    assertFires([quiet, hanging], undefined, [{ alertname: 'KalendsServerDown', severity: 'critical', ...target }]);
  });

  it('KalendsDatabaseAway: PostgreSQL hangs', async () => {
    const quiet = await scrape(s);
    const goOn = hangDatabase(dataDir());
    try {
      const away = await scrapeUntil(s, (f) => f.up && f.sum('kalends_database_up') === 0, { what: 'the hanging database' });
      const ready = await send({ url: `${s.baseUrl}/readyz` });
      assert.equal(ready.status, 503);
      assert.match(ready.json.detail, /database/);
      assert.equal((await send({ url: `${s.baseUrl}/healthz` })).status, 200);

      assertFires([quiet, away], undefined, [
        { alertname: 'KalendsDatabaseAway', severity: 'critical', instance: target.instance, job: target.job },
      ]);
    } finally {
      goOn();
    }
    await scrapeUntil(s, (f) => f.sum('kalends_database_up') === 1 && f.sum('kalends_rows_up') === 1, { what: 'the database again' });
  });

  it('KalendsFiguresMissing and KalendsServerErrors: a table is locked', async () => {
    const { host } = await quietTenant();
    await host.get('/v1/calendar-providers'); // a route has its figures from its first request on
    const quiet = await scrape(s);
    const lock = session(dataDir(), 'BEGIN; LOCK TABLE providers; SELECT pg_sleep(120)');
    try {
      const blind = await scrapeUntil(s, (f) => f.sum('kalends_rows_up') === 0 && f.sum('kalends_database_up') === 1, { what: 'blindness' });
      assertFires([quiet, blind], undefined, [
        { alertname: 'KalendsFiguresMissing', severity: 'warning', instance: target.instance, job: target.job },
      ]);
      const answers = await Promise.all([1, 2].map(() => host.request('GET', '/v1/calendar-providers')));
      assert.deepEqual(answers.map((a) => a.status), [503, 503]);
    } finally {
      lock.kill('SIGKILL');
      await asOwner(dataDir(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK TABLE%' AND pid <> pg_backend_pid()");
    }
    const failed = await scrapeUntil(s, (f) => f.sum('kalends_rows_up') === 1, { what: 'sight again' });
    assertFires([quiet, failed], undefined, [
      { alertname: 'KalendsServerErrors', severity: 'warning', instance: target.instance },
    ]);
  });

  it('KalendsDatabaseSlow: work waits because every connection does', async () => {
    const { host } = await quietTenant();
    await host.get('/v1/users');
    const scrapes = [await scrape(s)];
    for (let i = 0; i < 2; ++i) {
      session(dataDir(), 'BEGIN; LOCK TABLE users; SELECT pg_sleep(2.5)'); // ends by itself, and then everything goes on
      await eventually(
        async () => /held/.test(await asOwner(dataDir(), "SELECT 'held' FROM pg_locks WHERE relation = 'users'::regclass AND mode = 'AccessExclusiveLock' AND granted")),
        { what: 'the lock' },
      );
      const answers = await Promise.all(Array.from({ length: 60 }, () => host.request('GET', '/v1/users')));
      assert.ok(answers.every((a) => a.status === 200));
      scrapes.push(await scrapeUntil(s, (f) => f.sum('kalends_rows_up') === 1 && f.sum('kalends_database_up') === 1));
    }

    assertFires(scrapes, undefined, [{ alertname: 'KalendsDatabaseSlow', severity: 'warning', instance: target.instance }]);
  });

  it('KalendsActionRequired: consent is withdrawn', async () => {
    const { tenant, person, host, quiet, alert, figure } = await quietTenant();
    await s.sandbox.revoke(person.email, s.apps.google.client_id);
    await host.createEntry(anHour(titled('Nobody may'), [person.userId]));

    const dead = await scrapeUntil(
      s,
      (f) => figure(f, 'kalends_calendars', 'status="action_required"') === 1 && figure(f, 'kalends_sync_runs_total', 'outcome="failed"') === 1,
      { what: 'the problem' },
    );

    assertFires([quiet, dead], tenant.id, [alert('KalendsActionRequired')]); // one run that failed is no alert
  });

  it('KalendsActorRestarts and KalendsCalendarParked: an actor dies again and again', async () => {
    const { tenant, person, host, quiet, alert, figure } = await quietTenant();
    const entry = await host.createEntry(anHour(titled(fatal), [person.userId]));

    const parked = await scrapeUntil(s, (f) => figure(f, 'kalends_parked_calendars') === 1, { what: 'the parked calendar', within: 90_000 });

    assertFires([quiet, parked], tenant.id, [
      { alertname: 'KalendsActorRestarts', severity: 'warning', instance: target.instance, kind: 'provider' },
      alert('KalendsCalendarParked', 'critical'),
    ]);
    assert.equal((await host.provider(person.providerId)).problem.code, 'provider_parked');
    await host.removeEntry(entry.id);
    assert.equal((await host.sync(person.providerId)).outcome, 'succeeded'); // a person lets it out
    await scrapeUntil(s, (f) => figure(f, 'kalends_parked_calendars') === 0, { what: 'the end of the alert' });
  });

  it('KalendsNoticesRefused: somebody calls the webhook without the secret', async () => {
    const quiet = await scrape(s);
    const stranger = {
      'X-Goog-Channel-ID': 'a-channel',
      'X-Goog-Channel-Token': 'not-a-ticket',
      'X-Goog-Resource-ID': 'r',
      'X-Goog-Resource-State': 'exists',
      'X-Goog-Message-Number': '2',
    };
    for (let i = 0; i < 200; ++i)
      assert.equal((await send({ method: 'POST', url: `${s.baseUrl}/webhooks/google`, headers: stranger })).status, 401);

    const refused = await scrapeUntil(s, (f) => f.sum('kalends_notices_refused_total') >= quiet.sum('kalends_notices_refused_total') + 200);

    assertFires([quiet, refused], undefined, [
      { alertname: 'KalendsNoticesRefused', severity: 'warning', instance: target.instance },
    ]);
  });

  it('KalendsOutboxBacklog: the vendor takes no writes for ten minutes', async () => {
    const { tenant, person, host, quiet, alert, figure } = await quietTenant();
    const f = await fault(person, 'events.insert', { status: 503, reason: 'backendError' });
    await host.createEntry(anHour(titled('Waits'), [person.userId]));
    await struck(f);
    await advance(600);
    await failAgain(host, person);

    const late = await scrapeUntil(
      s,
      (x) => figure(x, 'kalends_outbox_oldest_age_seconds') > 600 && figure(x, 'kalends_sync_runs_total', 'outcome="failed"') > 2,
      { what: 'the backlog' },
    );
    await f.end();

    assertFires([quiet, late], tenant.id, [alert('KalendsOutboxBacklog'), alert('KalendsSyncFailing')]);
  });

  it('KalendsDeadLetters: the vendor refuses a write until it is set aside', async () => {
    const { tenant, person, quiet, alert, figure } = await quietTenant();
    await refusedToTheEnd(s, tenant, person, titled('Refused'));

    const dead = await scrapeUntil(s, (x) => figure(x, 'kalends_dead_letters') === 1, { what: 'the dead letter' });

    assertFires([quiet, dead], tenant.id, [alert('KalendsDeadLetters')]);
  });

  it('KalendsOutboundLate: a write succeeds after ten minutes', async () => {
    const { tenant, person, host, quiet, alert, figure } = await quietTenant();
    const f = await fault(person, 'events.insert', { status: 503, reason: 'backendError', times: 1 });
    const title = titled('Late');
    await host.createEntry(anHour(title, [person.userId]));
    await struck(f);
    await advance(600);

    await eventually(() => person.calendar.event(title), { what: 'the late event', within: 60_000 });
    const written = await scrapeUntil(s, (x) => figure(x, 'kalends_freshness_out_seconds_count') > 0 && figure(x, 'kalends_outbox_rows') === 0, {
      what: 'its figure',
    });

    assertFires([quiet, written], tenant.id, [alert('KalendsOutboundLate')]);
  });

  it('KalendsInboundLate: a change is ten minutes old when it is read', async () => {
    const { tenant, person, host, quiet, alert, figure } = await quietTenant();
    const drop = await s.sandbox.dropNotices(person.email);
    const title = titled('Old');
    await person.calendar.add(own(title));
    await advance(600);
    await host.sync(person.providerId);
    assert.ok(await host.entryTitled(title, person.userId));
    await drop.end();

    const read = await scrapeUntil(s, (x) => figure(x, 'kalends_freshness_in_seconds_count') > 0, { what: 'its figure' });

    assertFires([quiet, read], tenant.id, [alert('KalendsInboundLate')]);
  });

  it('KalendsNoticeBacklog and KalendsSyncFailing: a calendar cannot be read for ten minutes', async () => {
    const { tenant, person, host, quiet, alert, figure } = await quietTenant();
    const f = await fault(person, 'events.list', { status: 503, reason: 'backendError' });
    await person.calendar.add(own(titled('Unread')));
    await struck(f);
    await advance(600);
    await failAgain(host, person);

    const behind = await scrapeUntil(
      s,
      (x) => figure(x, 'kalends_stale_oldest_age_seconds') > 600 && figure(x, 'kalends_sync_runs_total', 'outcome="failed"') > 2,
      { what: 'the backlog' },
    );
    await f.end();

    assertFires([quiet, behind], tenant.id, [alert('KalendsNoticeBacklog'), alert('KalendsSyncFailing')]);
  });

  it('KalendsDrift: what an outbox row said is lost, and a full comparison finds it', async () => {
    const { tenant, person, host, quiet, alert, figure } = await quietTenant();
    const f = await fault(person, 'events.insert', { status: 503, reason: 'backendError' });
    const title = titled('Forgotten');
    const entry = await host.createEntry(anHour(title, [person.userId]));
    await struck(f);
    await scrapeUntil(s, (x) => figure(x, 'kalends_sync_runs_total', 'outcome="failed"') > 0, { what: 'the end of the run' });
    await asOwner(dataDir(), `DELETE FROM outbox WHERE entry_id = '${entry.id}'`);
    await f.end();

    await host.post(`/v1/calendar-providers/${person.providerId}/sync`, { mode: 'reconcile' });
    const mended = await scrapeUntil(s, (x) => figure(x, 'kalends_drift_items_total') > 0, { what: 'the difference' });

    assertFires([quiet, mended], tenant.id, [alert('KalendsDrift', 'info')]);
    await eventually(() => person.calendar.event(title), { what: 'the event' });
  });

  it('KalendsChannelSilent: polls find what no notice tells', async () => {
    const { tenant, person, host, quiet, alert, figure } = await quietTenant();
    const drop = await s.sandbox.dropNotices(person.email);
    for (const title of [titled('Untold'), titled('Untold again')]) {
      await person.calendar.add(own(title));
      await advance(300);
      assert.equal((await host.sync(person.providerId)).outcome, 'succeeded');
      assert.ok(await host.entryTitled(title, person.userId));
    }

    const silent = await scrapeUntil(s, (x) => figure(x, 'kalends_silent_channels') === 1, { what: 'the silence' });
    await drop.end();

    assertFires([quiet, silent], tenant.id, [alert('KalendsChannelSilent'), alert('KalendsInboundLate')]);
    const title = titled('Told');
    await person.calendar.add(own(title));
    await eventually(() => host.entryTitled(title, person.userId), { what: 'what a notice told' });
    await scrapeUntil(s, (x) => figure(x, 'kalends_silent_channels') === 0, { what: 'the end of the alert' });
  });

  it('KalendsVendorCircuitOpen: calls of several calendars fail', async () => {
    const tenant = await s.newTenant(titled('Watched'));
    const people = [];
    for (let i = 0; i < 3; ++i) people.push(await s.newPerson(tenant, 'google'));
    const quiet = await scrape(s);
    assert.equal(circuit(quiet), 0);
    const f = await s.sandbox.fault({ vendor: 'google', method: 'events.list', times: 0, status: 503, reason: 'backendError' });
    const syncAll = () => Promise.all(people.map((p) => tenant.host.sync(p.providerId)));

    const open = await eventually(
      async () => {
        await syncAll();
        const now = await scrape(s);
        return circuit(now) === 1 && now;
      },
      { what: 'the open circuit', within: 60_000 },
    );
    await f.end();

    assertFires([quiet, open], undefined, [{ alertname: 'KalendsVendorCircuitOpen', severity: 'critical', type: 'google' }]);
    await circuitCloses(tenant.host, people);
  });

  it('KalendsSyncStalled: nobody has read a calendar for two hours', async () => {
    const { tenant, person, quiet, alert, figure } = await quietTenant();
    const slow = await fault(person, 'events.list', { latency_ms: 25_000 }); // or the calendar is read before the figures are
    await advance(7_200);

    const stalled = await scrapeUntil(s, (x) => figure(x, 'kalends_last_sync_age_seconds') > 7_000, { what: 'the age' });
    await slow.end();

    assertFires([quiet, stalled], tenant.id, [alert('KalendsSyncStalled')]);
  });

  it('KalendsTokenRefreshFailing: the login fails', async () => {
    const { tenant, person, host, quiet, alert, figure } = await quietTenant();
    // Who it is, the login only knows afterwards: everybody's fails.
    const f = await s.sandbox.fault({ method: 'oauth.token', times: 0, status: 503, body: 'busy' });
    await advance(2_400); // twice, so that an access token's hour is over and no calendar has stood still for long
    await host.sync(person.providerId);
    await advance(2_400);
    for (let i = 0; i < 4; ++i) assert.equal((await host.sync(person.providerId)).outcome, 'failed');

    const locked = await scrapeUntil(s, (x) => figure(x, 'kalends_token_refreshes_total', 'outcome="failed"') > 2, { what: 'the refusals' });
    await f.end();

    // Other calendars may have been locked out meanwhile, and then the vendor's circuit is open as well.
    for (const series of locked.series.keys()) if (series.startsWith('kalends_vendor_circuit_open')) locked.series.set(series, 0);
    assertFires([quiet, locked], tenant.id, [alert('KalendsTokenRefreshFailing'), alert('KalendsSyncFailing')]);
    await circuitCloses(host, [person]);
  });

  it('KalendsRenewalMissing and KalendsRenewalFailing: no channel can be opened', async () => {
    const f = await s.sandbox.fault({ method: 'events.watch', times: 0, status: 503, reason: 'backendError' });
    const tenant = await s.newTenant(titled('Watched'));
    const person = await s.newPerson(tenant, 'google', { channel: false });
    await f.end();
    const healthy = await scrape(s);
    const f2 = await fault(person, 'events.watch', { status: 503, reason: 'backendError' });
    const answer = await tenant.host.request('POST', `/v1/calendar-providers/${person.providerId}/channel/renewal`);
    assert.ok(answer.status >= 400, answer.text);
    await asOwner(dataDir(), `UPDATE channels SET expires_at = now() - interval '1 minute' WHERE provider_id = '${person.providerId}'`);

    const missing = await scrapeUntil(
      s,
      (x) => x.sum('kalends_channels', tenant.id, 'state="missing"') === 1 && x.sum('kalends_channel_renewals_total', tenant.id, 'outcome="failed"') > 0,
      { what: 'the missing channel' },
    );
    await f2.end();

    const alert = (alertname) => ({ alertname, severity: 'warning', tenant: tenant.id, type: 'google' });
    for (const series of [...healthy.series.keys()]) if (series.includes('state="missing"')) healthy.series.set(series, 0);
    assertFires([healthy, missing], tenant.id, [alert('KalendsRenewalFailing'), alert('KalendsRenewalMissing')]);
  });

  it('KalendsApprovalWaiting: more would be deleted than is deleted unasked', async () => {
    const { tenant, person, host, quiet, alert, figure } = await quietTenant();
    const title = titled('Held');
    const entries = [];
    for (let i = 0; i < 20; ++i) entries.push(await host.createEntry(anHour(title, [person.userId], { ahead: 3 + i })));
    const standing = async () => (await person.calendar.events()).filter((e) => e.title === title).length;
    await eventually(async () => (await standing()) === entries.length, { within: 60_000, what: 'the events' });
    for (const e of entries) await host.settled(e.id);
    for (const e of entries) await host.removeEntry(e.id);

    const held = await scrapeUntil(s, (x) => figure(x, 'kalends_approvals') > 0, { what: 'the question' });

    assertFires([quiet, held], tenant.id, [alert('KalendsApprovalWaiting')]);
  });

  it('KalendsWebhookBacklog: an endpoint takes nothing for more than an hour', async () => {
    const { host } = await quietTenant();
    const receiver = await Receiver.open();
    receiver.answer = () => 500;
    const endpoint = await host.post('/v1/webhook-endpoints', { url: receiver.url });
    const quiet = await scrape(s);
    await host.createEntry(anHour(titled('Untold'), []));
    await eventually(() => receiver.messages.length > 0, { what: 'the first attempt' });
    await advance(4_000);

    const behind = await scrapeUntil(s, (x) => x.sum('kalends_webhook_backlog_age_seconds') > 3_900, { what: 'the age' });
    await host.delete(`/v1/webhook-endpoints/${endpoint.id}`);
    await receiver.close();

    assertFires([quiet, behind], undefined, [{ alertname: 'KalendsWebhookBacklog', severity: 'warning' }]);
    await scrapeUntil(s, (x) => x.sum('kalends_webhook_backlog_age_seconds') === 0, { what: 'the end of the alert' });
  });

  it('KalendsWebhookDisabled: an endpoint says that it is gone', async () => {
    const { host } = await quietTenant();
    const receiver = await Receiver.open();
    receiver.answer = () => 410;
    await host.post('/v1/webhook-endpoints', { url: receiver.url });
    const quiet = await scrape(s);
    await host.createEntry(anHour(titled('Untold'), []));

    const gone = await scrapeUntil(s, (x) => x.sum('kalends_webhook_endpoints_disabled_total') > 0, { what: 'the end' });
    await receiver.close();

    assertFires([quiet, gone], undefined, [{ alertname: 'KalendsWebhookDisabled', severity: 'warning', code: 'endpoint_gone' }]);
  });

  it('KalendsServerRestarting: the process is killed three times', async () => {
    const scrapes = [await scrape(s)];
    for (let i = 0; i < 3; ++i) {
      await s.server.crash();
      await s.launch();
      scrapes.push(await scrape(s));
    }

    assertFires(scrapes, undefined, [{ alertname: 'KalendsServerRestarting', severity: 'warning', ...target }]);
  });
});
