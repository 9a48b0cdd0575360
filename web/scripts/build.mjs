// SPDX-License-Identifier: Apache-2.0
// Writes dist/: one script, one style sheet and the files of public/. With --watch it stays and rebuilds.
import {cp, mkdir, rm} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import * as esbuild from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist`;

await rm(dist, {recursive: true, force: true});
await mkdir(dist);
await cp(`${root}public`, dist, {recursive: true});

const settings = {
  absWorkingDir: root,
  entryPoints: {app: 'src/main.ts', style: 'src/style.css'},
  outdir: 'dist',
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022', 'chrome109', 'firefox115', 'safari16'],
  legalComments: 'none',
  logLevel: 'info',
};

if (process.argv.includes('--watch')) await (await esbuild.context(settings)).watch();
else await esbuild.build(settings);
