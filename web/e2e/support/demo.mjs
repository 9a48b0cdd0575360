// SPDX-License-Identifier: Apache-2.0
// The real program with its demonstration: database, server, a sandbox of both vendors, two tenants. Quiet: nothing happens by itself.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../../../tests/e2e/support/process.mjs';

const startMs = 120_000;

export async function startDemo() {
  const folder = await mkdtemp(join(tmpdir(), 'kalends-pages-'));
  const program = new Program(['demo', '--quiet', '--data-dir', join(folder, 'd'), '--port', '0', '--sandbox-port', '0']);
  const until = Date.now() + startMs;
  while (!program.stdout.includes('Stop with Ctrl-C')) {
    program.mustRun();
    if (Date.now() > until) throw new Error(`the demonstration did not start in time\n${program.stderr.slice(-2000)}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  const file = join(folder, 'd', 'demo.json');
  return {
    file,
    async stop() {
      await program.terminate().finally(() => rm(folder, { recursive: true, force: true }));
    },
  };
}

/** What the demonstration made: base_url, admin_key, tenants with api_key, users and providers. */
export async function demo() {
  return JSON.parse(await readFile(process.env.KALENDS_DEMO, 'utf8'));
}

/** Asks the API as the bearer of a key. */
export async function ask(key, method, path, body) {
  const { base_url } = await demo();
  const response = await fetch(base_url + path, {
    method, headers: { Authorization: `Bearer ${key}`, ...(body ? { 'Content-Type': 'application/json' } : {}) }, body: body ? JSON.stringify(body) : undefined,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}
