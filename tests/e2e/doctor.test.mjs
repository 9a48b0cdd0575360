// SPDX-License-Identifier: Apache-2.0
// The doctor finds what is set up wrong, names the step that mends it, and finds nothing where all is well.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { send } from './support/http.mjs';
import { Demonstration, Service, adminKey } from './support/installation.mjs';
import { Postgres } from './support/postgres.mjs';
import { Program } from './support/process.mjs';

/** Runs a command to its end. */
async function run(args, env) {
  const program = new Program(args, env);
  const how = await program.ended;
  return { code: how.code, text: program.stdout, said: program.stderr };
}

/** Runs `kalends doctor --json`; `of` answers the findings of a check. */
async function examine(args, env) {
  const { code, text, said } = await run(['doctor', '--json', ...args], env);
  assert.ok(text, said);
  const report = JSON.parse(text);
  return { code, text, report, of: (check) => report.items.filter((f) => f.check === check) };
}

const stateOf = (found, check, subject) => found.of(check).find((f) => !subject || f.subject.includes(subject))?.state;

function assertSound(report) {
  for (const f of report.items) {
    assert.ok(['ok', 'skipped'].includes(f.state), `${f.check} ${f.subject}: ${f.found}`);
    assert.ok(f.area && f.check && f.subject && f.found);
  }
  assert.equal(report.counts.problem, 0);
}

/** A certificate authority, and what it signs for localhost. */
class Authority {
  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'kalends-authority-'));
    this.#openssl('ecparam -name prime256v1 -genkey -noout -out ca.key');
    this.#openssl('req -x509 -new -key ca.key -subj /CN=Tests -days 30 -out ca.pem');
    writeFileSync(join(this.directory, 'names'), 'subjectAltName=DNS:localhost');
  }
  get ca() {
    return join(this.directory, 'ca.pem');
  }
  /** `days` may be negative: then it has expired. */
  certificate(days) {
    this.#openssl('ecparam -name prime256v1 -genkey -noout -out server.key');
    this.#openssl('req -new -key server.key -subj /CN=localhost -out server.csr');
    this.#openssl(`x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days ${days} -extfile names -out server.pem`);
    const read = (name) => readFileSync(join(this.directory, name), 'utf8');
    return { key: read('server.key'), cert: read('server.pem') };
  }
  #openssl(words) {
    execFileSync('openssl', words.split(' '), { cwd: this.directory, stdio: 'pipe' });
  }
  remove() {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** An https server at localhost whose every answer is `answer`'s. */
async function serveTls(identity, answer) {
  const server = https.createServer(identity, answer);
  await new Promise((done) => server.listen(0, 'localhost', done));
  return {
    url: `https://localhost:${server.address().port}`,
    close: () => new Promise((done) => (server.closeAllConnections?.(), server.close(done))),
  };
}

describe('the doctor and the demonstration', () => {
  let d;
  before(async () => {
    d = await Demonstration.start();
  });
  after(() => d?.removeDirectory());

  it('finds nothing wrong while it runs, by command and by API', async () => {
    const byCommand = await examine(['--data-dir', d.directory]);
    const byServer = await send({ url: `${d.baseUrl}/v1/admin/doctor`, headers: { Authorization: `Bearer ${d.adminKey}` } });

    assertSound(byCommand.report);
    assert.equal(byCommand.code, 0);
    assert.equal(stateOf(byCommand, 'callback'), 'ok');
    assert.equal(stateOf(byCommand, 'redirect_uri', 'Google'), 'ok');
    assert.equal(stateOf(byCommand, 'client_secret', 'Microsoft'), 'ok');
    assert.equal(stateOf(byCommand, 'scopes', 'Google'), 'ok');
    assert.equal(byServer.status, 200);
    assertSound(byServer.json);
    assert.equal(byServer.json.by, 'server');
    const checks = (report) => new Set(report.items.map((f) => f.check).filter((c) => c !== 'server'));
    assert.deepEqual(checks(byServer.json), checks(byCommand.report));
  });

  it("is for the installation's operator only", async () => {
    const byTenant = await send({ url: `${d.baseUrl}/v1/admin/doctor`, headers: { Authorization: `Bearer ${d.tenants[0].key}` } });
    const byNobody = await send({ url: `${d.baseUrl}/v1/admin/doctor` });

    assert.equal(byTenant.status, 401);
    assert.equal(byNobody.status, 401);
  });

  it('writes for people without colours when it is not a terminal that reads', async () => {
    const { code, text } = await run(['doctor', '--data-dir', d.directory]);

    assert.equal(code, 0);
    assert.match(text, /^Addresses and certificates\n {2}ok {7}public_url/);
    assert.match(text, /\nProblems: 0, warnings: 0, /);
    assert.ok(!text.includes('\x1b'));
  });

  it('reads settings and database without a server, and says what needs one', async () => {
    await d.server.terminate();

    const found = await examine(['--data-dir', d.directory]);

    assert.equal(found.code, 0);
    assertSound(found.report);
    assert.equal(stateOf(found, 'server'), 'skipped');
    assert.equal(stateOf(found, 'callback'), 'skipped');
    assert.equal(stateOf(found, 'fsync'), 'ok');
    assert.equal(stateOf(found, 'scopes', 'Microsoft'), 'ok');
  });
});

describe('the doctor and an installation that is set up wrong', () => {
  let s, authority, together;
  before(async () => {
    s = await Service.start();
    authority = new Authority();
    together = join(authority.directory, 'all.pem');
    writeFileSync(together, readFileSync(authority.ca) + readFileSync(s.sandbox.home.ca_file));
  });
  after(async () => {
    authority?.remove();
    await s?.stop();
  });

  const look = (env = {}, args = []) =>
    examine(['--data-dir', s.data, '--port', new URL(s.baseUrl).port, '--webhook-url', 'self', ...args], { ...s.environment(), ...env });

  it('finds a redirect URI that is not registered, and says which one to add', async () => {
    const [google, microsoft] = await Promise.all(
      ['google', 'microsoft'].map((kind) =>
        s.sandbox.admin('POST', '/clients', { kind, redirect_uris: [`${s.baseUrl}/oauth/${kind}/callback/`] }),
      ),
    );

    const found = await look({
      KALENDS_GOOGLE_CLIENT_ID: google.client_id,
      KALENDS_GOOGLE_CLIENT_SECRET: google.client_secret,
      KALENDS_MICROSOFT_CLIENT_ID: microsoft.client_id,
      KALENDS_MICROSOFT_CLIENT_SECRET: microsoft.client_secret,
    });

    assert.equal(found.code, 1);
    const [atGoogle, atMicrosoft] = found.of('redirect_uri');
    assert.equal(atGoogle.state, 'problem');
    assert.equal(atGoogle.copy, `${s.baseUrl}/oauth/google/callback`);
    assert.match(atGoogle.remedy, /Google Cloud console > APIs & Services > Credentials/);
    assert.equal(atMicrosoft.state, 'problem');
    assert.match(atMicrosoft.remedy, /Entra admin center .* > Redirect URIs/);
    assert.equal(stateOf(found, 'client_secret', 'Google'), 'ok');
  });

  it('finds wrong secrets, and an id where the value belongs, and repeats neither', async () => {
    const id = '3c1fa0cf-8e2b-4e0c-8c53-8d3d29a6f1a1';
    const wrong = 'GOCSPX-this-is-not-the-secret';

    const found = await look({ KALENDS_GOOGLE_CLIENT_SECRET: wrong, KALENDS_MICROSOFT_CLIENT_SECRET: id });

    assert.equal(found.code, 1);
    const [atGoogle, atMicrosoft] = found.of('client_secret');
    assert.match(atGoogle.found, /refuses it as wrong/);
    assert.match(atMicrosoft.found, /secret's ID and not its value/);
    for (const secret of [id, wrong, adminKey, s.apps.google.client_secret]) assert.ok(!found.text.includes(secret));
  });

  for (const [days, state, words] of [
    [-1, 'problem', /The certificate expired on /],
    [10, 'warning', /expires on .*, in (9|10) days/],
    [60, 'ok', /valid until /],
  ])
    it(`judges a certificate that ${days < 0 ? 'has expired' : `ends in ${days} days`}`, async () => {
      const server = await serveTls(authority.certificate(days), (request, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.end('{"status":"ok"}');
      });

      const found = await look({ KALENDS_PUBLIC_URL: server.url, KALENDS_EXTRA_CA_FILE: together });
      await server.close();

      const [tls] = found.of('tls');
      assert.equal(tls.state, state, JSON.stringify(tls));
      assert.match(tls.found, words);
      assert.equal(found.of('callback')[0].state, days < 0 ? 'skipped' : 'ok');
      // The other server answers, but it is not ours: it does not know Microsoft's validation.
      if (days > 0) assert.equal(found.of('webhook')[0].state, 'problem');
    });

  it('finds a proxy that redirects to another host', async () => {
    const server = await serveTls(authority.certificate(60), (request, response) => {
      response.writeHead(301, { Location: `https://www.localhost${request.url}` });
      response.end();
    });

    const found = await look({ KALENDS_PUBLIC_URL: server.url, KALENDS_EXTRA_CA_FILE: together });
    await server.close();

    const [callback] = found.of('callback');
    assert.equal(callback.state, 'problem');
    assert.match(callback.found, /another host, www\.localhost/);
    assert.match(callback.copy, /public_url = "https:\/\/www\.localhost/);
  });

  for (const [offset, state] of [
    [90, 'problem'],
    [-20, 'warning'],
  ])
    it(`measures a clock that is ${Math.abs(offset)} seconds ${offset > 0 ? 'behind' : 'ahead'}`, async () => {
      const vendor = await serveTls(authority.certificate(60), (request, response) => {
        response.setHeader('Date', new Date(Date.now() + offset * 1000).toUTCString());
        response.writeHead(404).end();
      });

      const found = await look({ KALENDS_GOOGLE_TOKEN_URL: `${vendor.url}/token`, KALENDS_EXTRA_CA_FILE: together });
      await vendor.close();

      const [google, microsoft] = found.of('vendor_clock');
      assert.equal(google.state, state, google.found);
      assert.match(google.found, offset > 0 ? / behind\./ : / ahead\./);
      assert.equal(microsoft.state, 'ok', microsoft.found);
      assert.equal(found.code, state === 'problem' ? 1 : 0);
    });

  it('refuses settings that it cannot read', async () => {
    const { code, said } = await run(['doctor', '--data-dir', s.data], { KALENDS_PUBLIC_URL: 'cal.example.com' });

    assert.equal(code, 2);
    assert.match(said, /KALENDS_PUBLIC_URL must begin with https/);
  });
});

describe('the doctor and a database of your own', () => {
  let db, directory, env;
  before(async () => {
    db = await Postgres.start();
    directory = mkdtempSync(join(tmpdir(), 'kalends-doctor-'));
    env = { DATABASE_URL: db.url };
  });
  after(async () => {
    await db?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('says what is missing before the first start', async () => {
    const found = await examine(['--data-dir', directory], env);

    assert.equal(found.code, 1);
    assert.equal(found.of('vault_key')[0].copy, 'kalends keys init');
    assert.equal(found.of('database')[0].copy, 'kalends migrate');
  });

  it('finds settings that lose what was acknowledged', async () => {
    assert.equal((await run(['migrate', '--data-dir', directory], env)).code, 0);
    assert.equal((await run(['keys', 'init', '--data-dir', directory], env)).code, 0);
    await db.ask('ALTER DATABASE postgres SET synchronous_commit = off');

    const found = await examine(['--data-dir', directory], env);

    assert.equal(found.code, 1);
    assert.equal(stateOf(found, 'schema_version'), 'ok');
    assert.equal(stateOf(found, 'vault_key'), 'ok');
    const [commit] = found.of('synchronous_commit');
    assert.equal(commit.state, 'problem');
    assert.match(commit.consequence, /may be lost in a crash/);
    assert.equal(commit.copy, "ALTER SYSTEM SET synchronous_commit = 'on'");
    assert.equal(stateOf(found, 'fsync'), 'problem');
    assert.equal(stateOf(found, 'full_page_writes'), 'ok');
    assert.equal(found.of('database_role')[0].state, 'warning'); // this login is a superuser
  });

  it('sees when that is mended', async () => {
    await db.ask('ALTER DATABASE postgres RESET synchronous_commit');

    const found = await examine(['--data-dir', directory], env);

    assert.equal(stateOf(found, 'synchronous_commit'), 'ok');
  });

  it('says that the database cannot be reached', async () => {
    const found = await examine(['--data-dir', directory], { DATABASE_URL: 'postgresql://me:hidden-word@127.0.0.1:1/kalends' });

    assert.equal(found.code, 1);
    assert.equal(found.of('database')[0].state, 'problem');
    assert.ok(!found.text.includes('hidden-word'));
  });
});
