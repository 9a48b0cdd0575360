// SPDX-License-Identifier: Apache-2.0
// The embedded PostgreSQL from below: what happens to databases.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every process of the cluster under this data directory. */
function processesOf(dataDir) {
  const [pid] = readFileSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n');
  const all = [Number(pid)];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      if (/^PPid:\s+(\d+)$/m.exec(status)?.[1] === pid) all.push(Number(name));
    } catch {
      continue; // it has ended meanwhile
    }
  }
  return all;
}

/** The database hangs until the returned function is called: it is there, and it does not answer. */
export function hangDatabase(dataDir) {
  const stopped = processesOf(dataDir);
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  return () => {
    for (const pid of stopped) {
      try {
        process.kill(pid, 'SIGCONT');
      } catch {
        continue;
      }
    }
  };
}

/** Runs `sql` as the owner; `session` answers a process that goes on until it is killed. */
export function session(dataDir, sql) {
  const home = join(dataDir, 'postgres');
  const sockets = readdirSync(home)
    .map((name) => join(home, name))
    .find((folder) => existsSync(join(folder, '.s.PGSQL.5432')));
  const bin = readdirSync('/usr/lib/postgresql')
    .map((version) => `/usr/lib/postgresql/${version}/bin/psql`)
    .find((file) => existsSync(file));
  return spawn(bin, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', sockets, '-U', 'kalends_owner', '-d', 'kalends', '-c', sql], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export function asOwner(dataDir, sql) {
  const child = session(dataDir, sql);
  let said = '';
  child.stdout.on('data', (part) => (said += part));
  child.stderr.on('data', (part) => (said += part));
  return new Promise((resolve, reject) =>
    child.on('close', (code) => (code === 0 ? resolve(said) : reject(new Error(`psql: ${said}`)))),
  );
}
