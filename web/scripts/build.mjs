// SPDX-License-Identifier: Apache-2.0
// Writes dist/: the scripts, split by page, one style sheet out of every .css below src/, index.html and the files of public/.
// Names bear a hash of their content, because the server lets browsers keep them for a year. With --watch it stays and rebuilds.
import {cp, mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {basename, join, relative, sep} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as esbuild from 'esbuild';
import {checkWeight} from './weight.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const watch = process.argv.includes('--watch');

async function filesBelow(folder, ending) {
  const found = [];
  for (const entry of await readdir(folder, {withFileTypes: true})) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await filesBelow(path, ending)));
    else if (entry.name.endsWith(ending)) found.push(path);
  }
  return found;
}

/** Tokens first, then the kit, then what pages say: the later wins. */
const layers = ['tokens', 'base', 'ui', 'shell', 'pages'];
const layerOf = (path) => layers.findIndex((l) => path === `src/${l}.css` || path.startsWith(`src/${l}/`));

/** `styles`: one sheet that imports every style sheet of src/. */
const styles = {
  name: 'styles',
  setup(build) {
    build.onResolve({filter: /^styles$/}, () => ({path: 'styles', namespace: 'styles'}));
    build.onLoad({filter: /.*/, namespace: 'styles'}, async () => {
      const sheets = (await filesBelow(join(root, 'src'), '.css')).map((p) => relative(root, p).split(sep).join('/'));
      sheets.sort((a, b) => layerOf(a) - layerOf(b) || (a < b ? -1 : 1));
      const unplaced = sheets.filter((p) => layerOf(p) < 0);
      if (unplaced.length > 0) return {errors: [{text: `style sheets without a layer (${layers.join(', ')}): ${unplaced.join(', ')}`}]};
      return {contents: sheets.map((p) => `@import "./${p}";`).join('\n'), loader: 'css', resolveDir: root, watchDirs: [join(root, 'src')]};
    });
  },
};

/** index.html names the hashed files, and asks early for what the first script imports. */
const page = {
  name: 'page',
  setup(build) {
    build.onEnd(async (result) => {
      if (result.errors.length > 0) return;
      const outputs = result.metafile.outputs;
      const byEntry = (entry) => Object.keys(outputs).find((name) => outputs[name].entryPoint === entry);
      const [app, theme, sheet] = ['src/main.tsx', 'src/theme.ts', 'styles:styles'].map(byEntry);
      const link = (name) => `/assets/${basename(name)}`;
      const early = outputs[app].imports.filter((i) => i.kind === 'import-statement').map((i) => i.path);
      const html = (await readFile(join(root, 'src/index.html'), 'utf8'))
        .replace('{{theme}}', link(theme)).replace('{{styles}}', link(sheet)).replace('{{app}}', link(app))
        .replace('{{early}}', early.map((name) => `<link rel="modulepreload" href="${link(name)}">`).join('\n  '));
      await writeFile(join(dist, 'index.html'), html);
      if (!watch) await checkWeight(root, outputs, app, [theme, sheet]);
    });
  },
};

await rm(dist, {recursive: true, force: true});
await mkdir(dist);
await cp(join(root, 'public'), dist, {recursive: true});

const settings = {
  absWorkingDir: root,
  entryPoints: [
    {in: 'src/main.tsx', out: 'app'},
    {in: 'src/theme.ts', out: 'theme'},
    {in: 'styles', out: 'style'},
  ],
  outdir: 'dist/assets',
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  minify: true,
  metafile: true,
  format: 'esm',
  jsx: 'automatic',
  target: ['es2022', 'chrome109', 'firefox115', 'safari16'],
  define: {'process.env.NODE_ENV': '"production"'},
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [styles, page],
};

if (watch) await (await esbuild.context(settings)).watch();
else await esbuild.build(settings);
