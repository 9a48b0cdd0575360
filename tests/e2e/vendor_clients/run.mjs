// SPDX-License-Identifier: Apache-2.0
//
// Starts a sandbox, then every *.test.mjs here with its CA trusted. Node reads NODE_EXTRA_CA_CERTS once, at its start,
// so the tests need a process of their own. Usage: node run.mjs PATH_OF_sandbox_server
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const binary = process.argv[2] ?? process.env.KALENDS_SANDBOX_SERVER;
if (!binary) {
  console.error('usage: node run.mjs PATH_OF_sandbox_server');
  process.exit(2);
}

const state = await mkdtemp(join(tmpdir(), 'kalends-vendor-clients-'));
const server = spawn(binary, [state], { stdio: ['pipe', 'pipe', 'inherit'] });
let code = 1;
try {
  const [line] = await Promise.race([
    once(createInterface({ input: server.stdout }), 'line'),
    once(server, 'exit').then(() => { throw new Error('the sandbox did not start'); }),
  ]);
  const tests = (await readdir(here)).filter((name) => name.endsWith('.test.mjs')).map((name) => join(here, name));
  const runner = spawn(process.execPath, ['--test', ...tests], {
    stdio: 'inherit',
    env: { ...process.env, NODE_EXTRA_CA_CERTS: JSON.parse(line).ca_file, KALENDS_SANDBOX: line },
  });
  [code] = await once(runner, 'exit');
} finally {
  server.stdin.end();
  if (server.exitCode === null) await once(server, 'exit');
  await rm(state, { recursive: true, force: true });
}
process.exit(code ?? 1);
