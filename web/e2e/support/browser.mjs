// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, driven by playwright-core. Everything that a page tells of trouble is kept and asked for by checkPage.
import { chromium } from 'playwright-core';

const program = process.env.KALENDS_CHROMIUM ?? '/usr/bin/chromium';

export const launch = () =>
  chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none', '--disable-lcd-text'] });

/** A browser of its own: no cookie, a fixed zone and language. What went wrong in its pages is in `page.trouble`. */
export async function newPage(browser, origin, options = {}) {
  const context = await browser.newContext({
    baseURL: origin, locale: 'en-GB', timezoneId: 'Europe/Berlin', viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options,
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  page.trouble = [];
  page.allowed = [];
  watch(page, origin);
  context.on('page', (other) => {
    other.trouble = page.trouble;
    other.allowed = page.allowed;
    watch(other, origin);
  });
  return page;
}

function watch(page, origin) {
  page.on('console', (message) => {
    const said = `${message.text()} ${message.location().url}`;
    if (message.type() === 'error' && !page.allowed.some((a) => a.test(said))) page.trouble.push(`console: ${said}`);
  });
  page.on('pageerror', (e) => page.trouble.push(`error: ${e.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith('data:') && new URL(url).origin !== origin && !page.allowed.some((a) => a.test(url))) page.trouble.push(`request: ${url}`);
  });
}
