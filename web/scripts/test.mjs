// SPDX-License-Identifier: Apache-2.0
// Bundles tests/*.test.ts into a temporary directory and hands them to node's own test runner.
import {spawnSync} from 'node:child_process';
import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as esbuild from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const tests = (await readdir(join(root, 'tests'))).filter((name) => name.endsWith('.test.ts')).sort();
const outdir = await mkdtemp(join(tmpdir(), 'kalends-web-'));
let status = 1;
try {
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: tests.map((name) => `tests/${name}`),
    outdir,
    outExtension: {'.js': '.mjs'},
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node18',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const built = tests.map((name) => join(outdir, name.replace(/\.ts$/, '.mjs')));
  status = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...built], {stdio: 'inherit'}).status ?? 1;
} finally {
  await rm(outdir, {recursive: true, force: true});
}
process.exit(status);
