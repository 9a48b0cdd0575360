// SPDX-License-Identifier: Apache-2.0
// A page looks as it did when somebody looked at it: e2e/screens/ has the pictures. KALENDS_SCREENS=write takes them anew,
// and with them those of the manual (docs/pictures/).
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import pngjs from 'pngjs';
import { smallPng } from './small_png.mjs';

const { PNG } = pngjs;
const screens = fileURLToPath(new URL('../screens/', import.meta.url));
const manual = fileURLToPath(new URL('../../../docs/pictures/', import.meta.url));
const write = process.env.KALENDS_SCREENS === 'write';
/** Fonts are drawn a little differently from machine to machine. */
const mostDifferent = 0.02;
const sizes = [[360, 740], [768, 800], [1440, 860]];
const themes = ['light', 'dark'];

/** Times and other figures of the day say the same in every run, and so does the server's own address; the state of the connection is not shown. */
function still() {
  for (const node of document.querySelectorAll('[data-mask="origin"]')) node.textContent = node.textContent.replace(location.origin, 'https://kalends.example.com');
  for (const node of document.querySelectorAll('[data-mask="time"]')) {
    const words = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    for (let text = words.nextNode(), n = 0; text; text = words.nextNode(), ++n) text.nodeValue = n === 0 ? '5 minutes ago' : '';
  }
  for (const node of document.querySelectorAll('.stream')) node.style.visibility = 'hidden';
  document.activeElement?.blur?.();
}

/** `most`: the share of the points that may differ, where ids are shown. `inManual`: the name of the picture that the manual shows of this, too. */
export async function screenshot(page, name, { masks = [], inManual, most = mostDifferent } = {}) {
  const before = page.viewportSize();
  const wrong = [];
  for (const theme of themes) {
    await page.emulateMedia({ colorScheme: theme });
    await page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme);
    for (const [width, height] of sizes) {
      await page.setViewportSize({ width, height });
      await page.mouse.move(0, 0);
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      await page.evaluate(still);
      const taken = await page.screenshot({ animations: 'disabled', caret: 'hide', mask: masks.map((m) => page.locator(m)), maskColor: '#888888' });
      const problem = await compare(`${name}-${width}-${theme}.png`, taken, most);
      if (problem) wrong.push(problem);
      if (write && inManual && width === 1440 && theme === 'light') await put(join(manual, `${inManual}.png`), taken);
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: 'light' });
  assert.deepEqual(wrong, []);
}

async function put(path, taken) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, smallPng(PNG.sync.read(taken)));
}

async function compare(file, taken, most) {
  const path = join(screens, file);
  if (write) {
    await put(path, taken);
    return null;
  }
  const bytes = await readFile(path).catch(() => null);
  if (!bytes) return `${file}: there is no picture of it`;
  const known = PNG.sync.read(bytes);
  const now = PNG.sync.read(taken);
  const { width, height } = known;
  if (now.width !== width || now.height !== height) return `${file}: ${now.width}×${now.height} instead of ${width}×${height}`;
  const differ = pixelmatch(known.data, now.data, null, width, height, { threshold: 0.2 });
  if (differ <= most * width * height) return null;
  const kept = join(process.env.KALENDS_SCREENS_KEPT ?? tmpdir(), file);
  await writeFile(kept, taken);
  return `${file}: ${((100 * differ) / (width * height)).toFixed(1)} % of it differ; see ${kept}`;
}
