// SPDX-License-Identifier: Apache-2.0
// The real program over its public contract, in a directory of its own that is removed at the end.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Calendar } from './calendar.mjs';
import { eventually } from './eventually.mjs';
import { Host } from './host.mjs';
import { Browser, closeConnections, send } from './http.mjs';
import { Program } from './process.mjs';
import { Sandbox } from './sandbox.mjs';

/** Long enough that no poll helps a test that is about notices. */
const noPolling = '86400';
export const startWithin = 90_000;
export const adminKey = 'an-admin-key-for-end-to-end-tests';

let people = 0;

/** What a demonstration and a server of its own have in common. */
class Installation {
  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'kalends-e2e-'));
  }

  /** Starts it; if that fails, nothing of it is left. */
  async orNothing(start) {
    try {
      await start();
      return this;
    } catch (failure) {
      for (const program of [this.server, this.vendors]) if (program && !program.how) await program.crash();
      this.removeDirectory();
      throw failure;
    }
  }

  /** A client with another key, or with none. */
  host(key) {
    return new Host(() => this.baseUrl, key);
  }
  get installationHost() {
    return this.host(this.adminKey);
  }
  browser() {
    return new Browser(this.sandbox.ca);
  }

  async newTenant(name) {
    const tenant = await this.installationHost.post('/v1/admin/tenants', { name });
    const key = await this.newKey(tenant.id, 'admin');
    return { id: tenant.id, name, key, host: this.host(key) };
  }
  async newKey(tenantId, role) {
    const made = await this.installationHost.post(`/v1/admin/tenants/${tenantId}/keys`, { name: role, role });
    return made.key;
  }

  /**
   * A user whose calendar is connected the way people do it: link, consent page, back again; read once.
   * `settings` goes into the provider. `channel: false`: no notice is expected to come.
   */
  async newPerson(tenant, type, { zone = 'Europe/Berlin', settings = {}, channel = true } = {}) {
    const name = `${type}${++people}`;
    const email = `${name}@people.example`;
    const token = await this.sandbox.openAccount(email, type, zone);
    const user = await tenant.host.post('/v1/users', { email, name, time_zone: zone });
    const provider = await tenant.host.post('/v1/calendar-providers', { type, user_id: user.id, ...settings });
    await this.connect(tenant, provider.id);
    await eventually(
      async () => {
        const now = await tenant.host.provider(provider.id);
        const open = (await this.sandbox.channels()).some((c) => c.account === email && c.active !== false);
        return now.status === 'active' && now.last_sync_at && (open || !channel || settings.direction === 'to_provider' || !this.pushes);
      },
      { what: `connecting ${email}` },
    );
    const calendar = new Calendar(this.sandbox, { type, email, token });
    return { type, email, userId: user.id, providerId: provider.id, calendar };
  }

  /** The owner follows a fresh link. */
  async connect(tenant, providerId) {
    const link = await tenant.host.post(`/v1/calendar-providers/${providerId}/authorization`);
    const page = await this.browser().open(link.url);
    if (page.status !== 200) throw new Error(`connecting ended at ${page.url}: ${page.status} ${page.text}`);
    return page;
  }

  async ready() {
    await eventually(
      async () => {
        this.server.mustRun();
        return (await send({ url: `${this.baseUrl}/readyz` })).status === 200;
      },
      { within: startWithin, what: 'getting ready' },
    );
  }

  removeDirectory() {
    closeConnections();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** `kalends demo`: server, database and sandbox in one process. */
export class Demonstration extends Installation {
  static async start({ pollSeconds = noPolling } = {}) {
    const d = new Demonstration();
    d.pollSeconds = String(pollSeconds);
    d.pushes = true;
    return d.orNothing(() => d.launch());
  }

  async launch() {
    const file = join(this.directory, 'demo.json');
    const earlier = existsSync(file) ? statSync(file).mtimeMs : undefined;
    const ports = ['--port', '0', '--sandbox-port', '0'];
    this.server = new Program(['demo', '--data-dir', this.directory, ...ports, '--quiet'], {
      KALENDS_POLL_SECONDS: this.pollSeconds,
      KALENDS_LOG: 'info',
    });
    this.log = () => this.server.stderr;
    await eventually(
      () => {
        this.server.mustRun();
        return existsSync(file) && statSync(file).mtimeMs !== earlier;
      },
      { within: startWithin, what: 'demo.json' },
    );
    this.manifest = JSON.parse(readFileSync(file, 'utf8'));
    this.baseUrl = this.manifest.base_url;
    this.adminKey = this.manifest.admin_key;
    this.sandbox = new Sandbox(this.manifest.sandbox);
    await this.sandbox.admin('POST', '/consent-mode', { mode: 'auto' }); // nobody is there to click
    this.tenants = this.manifest.tenants.map((t) => ({ ...t, key: t.api_key, host: this.host(t.api_key) }));
    await this.ready();
  }

  async stop() {
    closeConnections();
    try {
      await this.server.terminate();
    } finally {
      this.removeDirectory();
    }
  }
}

/** `kalends sandbox` and `kalends serve` as two processes: the server may die while the vendors live on. */
export class Service extends Installation {
  /** `env` goes to the server: what makes it special. `googleRelay(sandbox base)`: where Google sends its notices instead. */
  static async start({ pollSeconds = noPolling, env = () => ({}), googleRelay, data } = {}) {
    const s = new this();
    s.env = env(s.directory);
    s.googleRelay = googleRelay;
    s.pollSeconds = String(pollSeconds);
    s.data = data ?? join(s.directory, 'data');
    s.pushes = true;
    return s.orNothing(async () => {
      await s.openSandbox();
      await s.launch();
    });
  }

  async openSandbox() {
    const state = join(this.directory, 'sandbox');
    this.vendors = new Program(['sandbox', '--data-dir', state, '--port', '0']);
    const base = await eventually(
      () => {
        this.vendors.mustRun();
        return /answers at (https:\S+)/.exec(this.vendors.stdout)?.[1];
      },
      { within: startWithin, what: 'the sandbox' },
    );
    this.sandbox = new Sandbox({ base_url: base, admin_url: `${base}/_sandbox`, ca_file: join(state, 'ca.pem') });
    await this.sandbox.admin('POST', '/consent-mode', { mode: 'auto' });
    this.apps = {};
    for (const kind of ['google', 'microsoft'])
      this.apps[kind] = await this.sandbox.admin('POST', '/clients', { kind, redirect_uris: ['*'] });
  }

  /** What a server has to know of the sandbox. */
  environment() {
    const { base_url: base, ca_file: ca } = this.sandbox.home;
    return {
      KALENDS_ADMIN_KEY: adminKey,
      KALENDS_EXTRA_CA_FILE: ca,
      KALENDS_POLL_SECONDS: this.pollSeconds,
      KALENDS_GOOGLE_CLIENT_ID: this.apps.google.client_id,
      KALENDS_GOOGLE_CLIENT_SECRET: this.apps.google.client_secret,
      KALENDS_MICROSOFT_CLIENT_ID: this.apps.microsoft.client_id,
      KALENDS_MICROSOFT_CLIENT_SECRET: this.apps.microsoft.client_secret,
      KALENDS_GOOGLE_AUTHORIZATION_URL: `${base}/o/oauth2/v2/auth`,
      KALENDS_GOOGLE_TOKEN_URL: `${base}/token`,
      KALENDS_GOOGLE_REVOKE_URL: `${base}/revoke`,
      KALENDS_GOOGLE_CALENDAR_URL: `${base}/calendar/v3`,
      KALENDS_GOOGLE_KEYS_URL: `${base}/oauth2/v3/certs`,
      ...(this.googleRelay ? { KALENDS_GOOGLE_RELAY_URL: this.googleRelay(base) } : {}),
      KALENDS_MICROSOFT_LOGIN_URL: base,
      KALENDS_MICROSOFT_GRAPH_URL: `${base}/v1.0`,
      ...this.env,
    };
  }

  /** Starts the server: the first time at any port, later at the same one. */
  async launch() {
    const port = this.baseUrl ? new URL(this.baseUrl).port : '0';
    const args = ['serve', '--data-dir', this.data, '--port', port, '--webhook-url', 'self'];
    this.server = new Program(args, this.environment());
    this.adminKey = adminKey;
    this.baseUrl = await eventually(
      () => {
        this.server.mustRun();
        return /answers at (http:\S+)/.exec(this.server.stdout)?.[1];
      },
      { within: startWithin, what: 'the server' },
    );
    await this.ready();
  }

  async stop() {
    try {
      if (!this.server.how) await this.server.terminate();
    } finally {
      await this.vendors.terminate();
      this.removeDirectory();
    }
  }
}
