// SPDX-License-Identifier: Apache-2.0
// What every test of a page needs.
import assert from 'node:assert/strict';
import { test as nodeTest } from 'node:test';
import { launch, newPage } from './browser.mjs';
import { demo } from './demo.mjs';
import { secretsIn, secretsOf } from './secrets.mjs';

/** A test with a browser of its own; `t.page` is its first page. */
export function test(name, body, options = {}) {
  nodeTest(name, { timeout: 180_000 }, async () => {
    const world = await demo();
    const browser = await launch();
    try {
      const pages = [await newPage(browser, world.base_url, options)];
      const another = async () => pages[pages.push(await newPage(browser, world.base_url, options)) - 1];
      await body({ page: pages[0], world, browser, another });
      const known = secretsOf(world);
      assert.deepEqual([...new Set(pages.flatMap((p) => p.answers).flatMap((a) => secretsIn(a, known)))], [], 'secrets in answers');
    } finally {
      await browser.close();
    }
  });
}

/** Signs in with a key, as a reader would, and waits for the page that was wanted. */
export async function signIn(page, key, path = '/') {
  await page.goto(path === '/' ? '/sign-in' : `/sign-in?return_to=${encodeURIComponent(path)}`);
  await page.fill('#sign-in-key', key);
  await page.click('#sign-in-key-submit');
  await page.waitForSelector('.shell #page-title');
}

/** Nothing is loading any more. */
export async function settled(page) {
  await page.waitForFunction(() => !document.querySelector('.skeleton'));
}

/** Chooses in a list that opens; `option` is a part of its words. */
export async function choose(page, field, option) {
  await page.click(`#${field}`);
  await page.getByRole('option').filter({ hasText: option }).click();
}
