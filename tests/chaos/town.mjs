// SPDX-License-Identifier: Apache-2.0
// The installation under test: the sandbox of both vendors, which stays, and a server with its database, which does not;
// tenants, and people with connected calendars.
import { appendFileSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Service } from '../e2e/support/installation.mjs';

/** Of each tenant, the vendors of its people. */
const households = [
  ['google', 'microsoft', 'google'],
  ['microsoft', 'google'],
];

const remarkableStartMs = 8_000;

const numberIn = (text) => Number.parseInt(text, 10);

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}

export class Town extends Service {
  tenants = [];
  slowestStart = 0;

  /** Everybody is connected when this returns. */
  async settle() {
    for (const [n, vendors] of households.entries()) {
      const tenant = await this.newTenant(`Household ${n + 1}`);
      tenant.short = 'ab'[n];
      tenant.people = [];
      for (const type of vendors) tenant.people.push(await this.newPerson(tenant, type));
      this.tenants.push(tenant);
    }
    return this;
  }

  async launch() {
    const begun = Date.now();
    await super.launch();
    const took = Date.now() - begun;
    this.slowestStart = Math.max(this.slowestStart, took);
    if (took > remarkableStartMs && this.tenants.length)
      console.log(`a start took ${took} ms:\n${this.serverLog(15)}\nPostgreSQL said:\n${this.databaseLog(25)}`);
  }

  /** Keeps what the server said before it is replaced. */
  keepLog() {
    appendFileSync(join(this.directory, 'server.log'), this.server.stderr);
  }
  serverLog(lines = 40) {
    const all = read(join(this.directory, 'server.log')) + this.server.stderr;
    return all.trimEnd().split('\n').slice(-lines).join('\n');
  }

  databaseLog(lines) {
    return read(join(this.data, 'postgres/postgres.log')).trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** The embedded PostgreSQL's first process, or undefined while there is none. */
  postmaster() {
    const pid = numberIn(read(join(this.data, 'postgres/data/postmaster.pid')));
    return pid > 1 && read(`/proc/${pid}/comm`).startsWith('postgres') ? pid : undefined;
  }
  /** Its children: `{pid, title}`. */
  backends() {
    const parent = this.postmaster();
    if (!parent) return [];
    const found = [];
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = read(`/proc/${name}/stat`);
      if (numberIn(stat.slice(stat.lastIndexOf(')') + 4)) !== parent) continue;
      found.push({ pid: Number(name), title: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim() });
    }
    return found;
  }
}
