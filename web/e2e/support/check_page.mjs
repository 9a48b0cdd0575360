// SPDX-License-Identifier: Apache-2.0
// What holds on every page, in every state: nothing that axe-core finds, unique ids, no sideways scroll, both themes, no trouble.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const widths = [360, 768, 1280, 1920];
const themes = ['light', 'dark'];

/** `name` says which state it is, for the message. With `rules`, axe-core's rules are switched: {'region': {enabled: false}}. */
export async function checkPage(page, name, { rules = {} } = {}) {
  const before = page.viewportSize();
  const found = [];
  for (const theme of themes) {
    await page.emulateMedia({ colorScheme: theme });
    await page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      found.push(...(await page.evaluate(sideways)).map((f) => `${theme} ${width}: ${f}`));
      if (width === 1280 || width === 360) found.push(...(await violations(page, rules)).map((f) => `${theme} ${width}: ${f}`));
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: 'light' });
  found.push(...(await page.evaluate(badIds)));
  found.push(...(await page.evaluate(smallTargets)));
  found.push(...page.trouble.splice(0));
  assert.deepEqual([...new Set(found)], [], name);
}

async function violations(page, rules) {
  // Handed over as a function's text: the page's policy forbids a script element, not what the debugger evaluates.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate((await import('node:fs')).readFileSync(axe, 'utf8'));
  const { violations: all } = await page.evaluate(
    // What react-aria says aloud stands in a region of its own for some seconds; it is nobody's content.
    (r) => globalThis.axe.run({ exclude: [['[data-live-announcer]']] }, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], rules: r, resultTypes: ['violations'] }),
    rules,
  );
  return all.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} (${n.any[0]?.message ?? ''})`).join(' | ')}`);
}

function sideways() {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return wide > 0 ? [`scrolls sideways by ${wide}`] : [];
}

/** Ids that react-aria makes up are unique, but nobody's: only parts inside a named whole may have them. */
function badIds() {
  const wanted = 'a[href], button, input:not([type="hidden"]), select, textarea, [role="tab"], [role="switch"], [role="radio"], [role="combobox"]';
  const made = /^(react-aria|_r_|:r|«)/;
  const out = [];
  const seen = new Set();
  for (const node of document.querySelectorAll(wanted)) {
    if (node.closest('[aria-hidden="true"], [inert]') || (node.tabIndex < 0 && (node.id === '' || made.test(node.id)))) continue;
    const told = node.outerHTML.slice(0, 120);
    if (node.id === '') out.push(`no id: ${told}`);
    else if (made.test(node.id)) out.push(`made-up id: ${told}`);
    else if (seen.has(node.id)) out.push(`the id ${node.id} is there twice`);
    seen.add(node.id);
  }
  return out;
}

/** WCAG 2.2, 2.5.8: 24 by 24 pixels, but for links within a sentence. */
function smallTargets() {
  const out = [];
  for (const node of document.querySelectorAll('button, [role="tab"], [role="switch"], input:not([type="hidden"])')) {
    const box = node.getBoundingClientRect();
    const inLabel = node.closest('label');
    const { width, height } = inLabel ? inLabel.getBoundingClientRect() : box;
    if (box.width === 0 || node.tabIndex < 0 || (width >= 24 && height >= 24)) continue;
    out.push(`smaller than 24 pixels: ${node.id || node.outerHTML.slice(0, 80)} (${Math.round(width)}×${Math.round(height)})`);
  }
  return out;
}
