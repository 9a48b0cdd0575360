// SPDX-License-Identifier: Apache-2.0
// A page looks as it did when somebody looked at it: e2e/screens/ has the pictures. KALENDS_SCREENS=write takes them anew.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import pngjs from 'pngjs';

const { PNG } = pngjs;
const screens = fileURLToPath(new URL('../screens/', import.meta.url));
/** Fonts are drawn a little differently from machine to machine. */
const mostDifferent = 0.02;
const sizes = [[360, 'light'], [360, 'dark'], [1280, 'light'], [1280, 'dark']];

/** What differs from run to run is covered: times (`data-mask`), the state of the connection, and what `masks` names. */
export async function screenshot(page, name, { masks = [] } = {}) {
  const before = page.viewportSize();
  const wrong = [];
  for (const [width, theme] of sizes) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme: theme });
    await page.mouse.move(0, 0);
    const taken = await page.screenshot({ animations: 'disabled', caret: 'hide', mask: [page.locator('[data-mask], .stream'), ...masks.map((m) => page.locator(m))], maskColor: '#888888' });
    const problem = await compare(`${name}-${width}-${theme}.png`, taken);
    if (problem) wrong.push(problem);
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: 'light' });
  assert.deepEqual(wrong, []);
}

async function compare(file, taken) {
  const path = join(screens, file);
  if (process.env.KALENDS_SCREENS === 'write') {
    await mkdir(screens, { recursive: true });
    await writeFile(path, taken);
    return null;
  }
  const known = PNG.sync.read(await readFile(path));
  const now = PNG.sync.read(taken);
  const { width, height } = known;
  if (now.width !== width || now.height !== height) return `${file}: ${now.width}×${now.height} instead of ${width}×${height}`;
  const differ = pixelmatch(known.data, now.data, null, width, height, { threshold: 0.2 });
  if (differ <= mostDifferent * width * height) return null;
  const kept = join(process.env.KALENDS_SCREENS_KEPT ?? tmpdir(), file);
  await writeFile(kept, taken);
  return `${file}: ${((100 * differ) / (width * height)).toFixed(1)} % of it differ; see ${kept}`;
}
