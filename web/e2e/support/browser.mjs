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
  page.answers = [];
  watch(page, origin);
  context.on('page', (other) => {
    other.trouble = page.trouble;
    other.allowed = page.allowed;
    other.answers = page.answers;
    watch(other, origin);
  });
  return page;
}

/** Streams have no end, and what the vendor's own window says is the vendor's. */
async function keep(response, origin, answers) {
  const url = new URL(response.url());
  const type = response.headers()['content-type'] ?? '';
  if (url.origin !== origin || !/json/.test(type)) return;
  const text = await response.text().catch(() => '');
  let json = null;
  try {
    json = JSON.parse(text);
  } catch {
    // it is looked through as text
  }
  answers.push({ method: response.request().method(), path: url.pathname, text, json });
}

function watch(page, origin) {
  page.on('response', (response) => void keep(response, origin, page.answers));
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
