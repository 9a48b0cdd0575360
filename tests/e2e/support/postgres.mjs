// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL of its own, in a directory that goes with it: for servers that share a database.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.mjs';

const run = promisify(execFile);
const installed = '/usr/lib/postgresql';

/** Where the newest installed PostgreSQL keeps its programs. */
function programs() {
  const versions = existsSync(installed) ? readdirSync(installed).map(Number).filter(Boolean) : [];
  if (!versions.length) throw new Error(`There is no PostgreSQL below ${installed}.`);
  return join(installed, String(Math.max(...versions)), 'bin');
}

/** PostgreSQL refuses to be root: then it is `postgres`, as the package made it. */
function owner() {
  if (process.getuid() !== 0) return {};
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGQUIT');
});

export class Postgres {
  static async start() {
    const d = new Postgres();
    // Its own under the temporary folder: what is below a directory of ours, its owner cannot reach.
    const directory = mkdtempSync(join(tmpdir(), 'kalends-postgres-'));
    d.directory = directory;
    d.programs = programs();
    d.as = owner();
    if (d.as.uid) chownSync(directory, d.as.uid, d.as.gid);
    d.env = { PATH: process.env.PATH, LANG: 'C.UTF-8' };
    const options = { ...d.as, env: d.env, cwd: directory };
    const data = join(directory, 'data');
    await run(join(d.programs, 'initdb'), ['-D', data, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--no-sync'], options);
    const settings = ['listen_addresses=', 'fsync=off', 'max_connections=60'].flatMap((s) => ['-c', s]);
    d.child = spawn(join(d.programs, 'postgres'), ['-D', data, '-k', directory, ...settings], {
      ...options,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running.add(d.child);
    d.log = '';
    d.child.stderr.on('data', (part) => (d.log += part));
    d.ended = new Promise((done) => d.child.on('close', done));
    d.ended.then(() => running.delete(d.child));
    await eventually(() => d.ask('SELECT 1'), { within: 30_000, what: 'PostgreSQL' });
    return d;
  }

  get url() {
    return `postgresql://owner@/postgres?host=${encodeURIComponent(this.directory)}`;
  }

  /** The rows of one statement, each a list of texts; as the superuser, whom row-level security does not bind. */
  async ask(sql) {
    const { stdout } = await run(join(this.programs, 'psql'), ['-XAtq', '-F', '\t', '-c', sql, this.url], {
      ...this.as,
      env: this.env,
      cwd: this.directory,
    });
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t'));
  }

  /** Locks a table against everybody until the returned function is called. */
  async lock(table) {
    const child = spawn(join(this.programs, 'psql'), ['-XAtq', this.url], {
      ...this.as,
      env: this.env,
      cwd: this.directory,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const ended = new Promise((done) => child.on('close', done));
    child.stdin.write(`BEGIN; LOCK TABLE ${table};\n`);
    const granted = `SELECT 1 FROM pg_locks WHERE relation = '${table}'::regclass AND mode = 'AccessExclusiveLock' AND granted`;
    await eventually(async () => (await this.ask(granted)).length, { what: `the lock of ${table}`, every: 20 });
    return () => {
      child.stdin.end('COMMIT;\n');
      return ended;
    };
  }

  async stop() {
    this.child.kill('SIGINT');
    await this.ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}
