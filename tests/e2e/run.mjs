// SPDX-License-Identifier: Apache-2.0
// Runs all tests of this folder against KALENDS_BINARY (default: build/dev/kalends), or those that are named.
//   node tests/e2e/run.mjs [matrix] [loop] …
import { spawn } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary } from './support/process.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const asked = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.mjs') && (!asked.length || asked.includes(name.slice(0, -'.test.mjs'.length))))
  .map((name) => join(here, name));

try {
  accessSync(binary, constants.X_OK);
} catch {
  console.error(`There is no program at ${binary}: build it, or set KALENDS_BINARY.`);
  process.exit(2);
}
if (!files.length) {
  console.error(`There is no such test: ${asked.join(' ')}`);
  process.exit(2);
}

// Tests wait more than they work, so several files run at a time; the first runners could not be told so.
const [major, minor] = process.versions.node.split('.').map(Number);
const able = major > 20 || (major === 20 && minor >= 10) || (major === 18 && minor >= 19);
const options = ['--test', ...(able ? ['--test-reporter=spec', '--test-concurrency=3'] : [])];
const runner = spawn(process.execPath, [...options, ...files], {
  stdio: 'inherit',
  env: { ...process.env, KALENDS_BINARY: binary },
});
runner.on('close', (code) => process.exit(code ?? 1));
