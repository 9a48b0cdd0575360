// SPDX-License-Identifier: Apache-2.0
// Several servers on one database, the sandbox, and one address before them all.
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from './eventually.mjs';
import { Front } from './front.mjs';
import { Host } from './host.mjs';
import { closeConnections, send } from './http.mjs';
import { Service, adminKey, startWithin } from './installation.mjs';
import { Postgres } from './postgres.mjs';
import { Program, binary } from './process.mjs';

/** A port that nobody has: a node must know its address before it listens. */
function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** One server: its process may end and begin again, its directory and its address stay. */
class Node {
  static async prepare(house, name) {
    const n = new Node();
    const port = await freePort();
    return Object.assign(n, { house, name, port, base: `http://127.0.0.1:${port}`, data: join(house.directory, name) });
  }

  /** Answers when it is ready for work. */
  async launch() {
    const { house, base } = this;
    const args = ['serve', '--data-dir', this.data, '--port', String(this.port), '--node-url', base];
    args.push('--public-url', house.front.url, '--webhook-url', house.front.url);
    this.program = new Program(args, house.environment());
    await eventually(
      async () => {
        this.program.mustRun();
        return (await send({ url: `${base}/readyz` })).status === 200;
      },
      { within: startWithin, what: `node ${this.name}` },
    );
  }

  /** The host with a tenant's key, at this node. */
  host(tenant) {
    return new Host(() => this.base, tenant.key);
  }
  signal(name) {
    this.program.child.kill(name);
  }
  terminate() {
    return this.program.terminate();
  }
  crash() {
    return this.program.crash();
  }
  get runs() {
    return this.program && !this.program.how;
  }
}

export class Nodes extends Service {
  static async start({ count = 2, pollSeconds = 86_400 } = {}) {
    const s = new this();
    s.pollSeconds = String(pollSeconds);
    s.pushes = true;
    s.nodes = [];
    s.adminKey = adminKey;
    return s.orNothing(async () => {
      await s.openSandbox();
      s.postgres = await Postgres.start();
      s.front = await Front.open(() => s.nodes.filter((n) => n.runs).map((n) => n.base));
      s.baseUrl = s.front.url;
      s.env = { DATABASE_URL: s.postgres.url, KALENDS_VAULT_KEY_FILE: join(s.directory, 'vault.key') };
      execFileSync(binary, ['keys', 'init'], { env: { PATH: process.env.PATH, ...s.env }, stdio: 'ignore' });
      for (let i = 0; i < count; ++i) s.nodes.push(await Node.prepare(s, `node${i + 1}`));
      for (const node of s.nodes) await node.launch();
    });
  }

  /** Starts it; if that fails, nothing of it is left. */
  async orNothing(start) {
    try {
      await start();
      return this;
    } catch (failure) {
      await this.#end(async (program) => program.crash());
      throw failure;
    }
  }

  async stop() {
    await this.#end(async (program) => program.terminate());
  }

  async #end(how) {
    closeConnections();
    try {
      for (const node of this.nodes) {
        if (!node.runs) continue;
        node.signal('SIGCONT');
        await how(node.program);
      }
      if (this.vendors && !this.vendors.how) await how(this.vendors);
    } finally {
      await this.front?.close();
      await this.postgres?.stop();
      this.removeDirectory();
    }
  }

  /** The node that runs the tenant, by the database; undefined while nobody does. */
  async ownerOf(tenant) {
    const rows = await this.postgres.ask(
      `SELECT n.url FROM tenant_directory d JOIN nodes n ON n.node_id = d.node_id AND n.incarnation = d.incarnation
       WHERE d.tenant_id = '${tenant.id}' AND n.expires_at > now()`,
    );
    return this.nodes.find((n) => n.base === rows[0]?.[0]);
  }
  async otherThan(tenant) {
    const owner = await this.ownerOf(tenant);
    return this.nodes.find((n) => n !== owner && n.runs);
  }
  /** Each tenant has a node, and no node has more than one tenant more than another. */
  shared(tenants) {
    return eventually(
      async () => {
        const owners = await Promise.all(tenants.map((t) => this.ownerOf(t)));
        const counts = this.nodes.filter((n) => n.runs).map((n) => owners.filter((o) => o === n).length);
        return owners.every(Boolean) && Math.max(...counts) - Math.min(...counts) <= 1 && owners;
      },
      { what: 'fair shares', within: 30_000 },
    );
  }
}
