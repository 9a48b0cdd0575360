// SPDX-License-Identifier: Apache-2.0
// What a browser must load before it shows anything is bound, and the build fails beyond it.
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';

const mostInitialBytes = 250 * 1024;

/** `outputs` is esbuild's metafile; the first script counts with everything that it imports before it runs. */
export async function checkWeight(root, outputs, app, others) {
  const needed = new Set(others);
  const visit = (name) => {
    if (needed.has(name)) return;
    needed.add(name);
    for (const i of outputs[name].imports) if (i.kind === 'import-statement' && outputs[i.path]) visit(i.path);
  };
  visit(app);
  let bytes = 0;
  for (const name of needed) bytes += gzipSync(await readFile(join(root, name)), {level: 9}).length;
  const told = (n) => `${(n / 1024).toFixed(1)} KiB`;
  const words = `The first load is ${told(bytes)} compressed, of ${told(mostInitialBytes)} at most.`;
  if (bytes > mostInitialBytes) throw new Error(`${words} It consists of ${[...needed].join(', ')}.`);
  console.log(words);
}
