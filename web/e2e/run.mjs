// SPDX-License-Identifier: Apache-2.0
// Runs the tests of this folder in a browser against KALENDS_BINARY (default: build/dev/kalends), or those that are named.
//   node web/e2e/run.mjs [sign_in] [calendars] … [--test-name-pattern=…]
import { spawn } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary } from '../../tests/e2e/support/process.mjs';
import { startDemo } from './support/demo.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const asked = process.argv.slice(2).filter((given) => !given.startsWith('--'));
const passed = process.argv.slice(2).filter((given) => given.startsWith('--'));
const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.mjs') && (!asked.length || asked.includes(name.slice(0, -'.test.mjs'.length))))
  .map((name) => join(here, name));

for (const program of [binary, process.env.KALENDS_CHROMIUM ?? '/usr/bin/chromium']) {
  try {
    accessSync(program, constants.X_OK);
  } catch {
    console.error(`There is no program at ${program}.`);
    process.exit(2);
  }
}
if (!files.length) {
  console.error(`There is no such test: ${asked.join(' ')}`);
  process.exit(2);
}

const demo = await startDemo();
const [major, minor] = process.versions.node.split('.').map(Number);
const able = major > 20 || (major === 20 && minor >= 10) || (major === 18 && minor >= 19);
const options = ['--test', ...passed, ...(able ? ['--test-reporter=spec', '--test-concurrency=2'] : [])];
const runner = spawn(process.execPath, [...options, ...files], { stdio: 'inherit', env: { ...process.env, KALENDS_BINARY: binary, KALENDS_DEMO: demo.file } });
const code = await new Promise((done) => runner.on('close', done));
await demo.stop();
process.exit(code ?? 1);
