// SPDX-License-Identifier: Apache-2.0
// One process of the program under test: its output is kept, and it never outlives us.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';

const root = fileURLToPath(new URL('../../../', import.meta.url));
export const binary = resolve(root, process.env.KALENDS_BINARY ?? 'build/dev/kalends');

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Program {
  constructor(args, env = {}) {
    this.command = `kalends ${args.join(' ')}`;
    this.stdout = '';
    this.stderr = '';
    this.child = spawn(binary, args, {
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', TZ: 'America/St_Johns', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.child);
    this.child.stdout.on('data', (part) => (this.stdout += part));
    this.child.stderr.on('data', (part) => (this.stderr += part));
    this.ended = new Promise((done) => {
      this.child.on('error', (failure) => done({ failure }));
      this.child.on('close', (code, signal) => done({ code, signal }));
    });
    this.ended.then((how) => {
      running.delete(this.child);
      this.how = how;
    });
  }

  /** Throws when the process has ended: nothing can be waited for any more. */
  mustRun() {
    if (!this.how) return;
    const how = JSON.stringify(this.how.failure?.message ?? this.how);
    throw Object.assign(new Error(`${this.command} ended: ${how}\n${this.stderr.slice(-2000)}`), { over: true });
  }

  /** Asks it to stop and expects a clean end. */
  async terminate(within = 30_000) {
    this.mustRun();
    this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), within);
    const how = await this.ended;
    clearTimeout(late);
    if (how.code !== 0)
      throw new Error(`${this.command} did not stop cleanly: ${JSON.stringify(how)}\n${this.stderr.slice(-2000)}`);
  }

  /** kill -9: nothing is flushed, nobody says goodbye. */
  async crash() {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
