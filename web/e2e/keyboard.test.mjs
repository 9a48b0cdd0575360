// SPDX-License-Identifier: Apache-2.0
// The main tasks with the keyboard alone: no mouse, no focus that a script sets.
import assert from 'node:assert/strict';
import { ask } from './support/demo.mjs';
import { heldDeletions, setAside } from './support/matters.mjs';
import { overlap } from './support/overlap.mjs';
import { test } from './support/pages.mjs';

const vendorPages = /^https:\/\/127\.0\.0\.1:\d+\//;
/** More stops than any page has. */
const mostStops = 150;

/** Presses Tab until `selector` has the focus, which must be seen. */
async function tabTo(page, selector, { back = false } = {}) {
  await page.waitForSelector(selector);
  for (let n = 0; n < mostStops; ++n) {
    const at = await page.evaluate((s) => document.activeElement?.matches(s) ?? false, selector);
    if (at) return assertSeen(page, selector);
    await page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
  }
  assert.fail(`Tab does not reach ${selector}`);
}

/** A ring, or a line around the label, says where the focus is. */
async function assertSeen(page, selector) {
  const seen = await page.evaluate(() => {
    const marked = (node) => [null, '::before', '::after'].some((part) => {
      const s = getComputedStyle(node, part);
      return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none';
    });
    for (let node = document.activeElement, n = 0; node && n < 4; node = node.parentElement, ++n) if (marked(node)) return true;
    return false;
  });
  assert.ok(seen, `the focus on ${selector} is not seen`);
}

async function press(page, selector, key = 'Enter') {
  await tabTo(page, selector);
  await page.keyboard.press(key);
}

/** A table is one stop of Tab; within it the arrows lead to the row, and in the row to the button. */
async function pressInTable(page, table, selector) {
  await page.waitForSelector(selector);
  await tabTo(page, `${table}, ${table} *`);
  const holds = () => page.evaluate((s) => (document.activeElement.matches(s) ? 'button' : document.activeElement.querySelector(s) ? 'row' : ''), selector);
  for (let n = 0; n < mostStops && !(await holds()); ++n) await page.keyboard.press('ArrowDown');
  for (let n = 0; n < mostStops && (await holds()) !== 'button'; ++n) await page.keyboard.press('ArrowRight');
  await assertSeen(page, selector);
  await page.keyboard.press('Enter');
}

async function signInByKeyboard(page, key, path) {
  await page.goto(`/sign-in?return_to=${encodeURIComponent(path)}`);
  await tabTo(page, '#sign-in-key');
  await page.keyboard.type(key);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.shell #page-title');
}

/** Fails if anything is clicked: whatever follows is done by keys. */
function withoutMouse(page) {
  page.click = page.mouse.click = () => assert.fail('no mouse');
}

test('by keys: a calendar is connected, rehearsed, begun and synced', async ({ page, world }) => {
  page.allowed.push(vendorPages, /net::ERR_CERT|favicon|\/rehearsal$/);
  withoutMouse(page);
  const tenant = world.tenants[1];
  await signInByKeyboard(page, tenant.api_key, '/calendars');
  await press(page, '#calendars-add');
  await page.waitForSelector('#add-calendar');
  await tabTo(page, '#add-calendar input[role="combobox"]');
  await page.keyboard.type(tenant.users[0].email.slice(0, 4));
  await page.waitForSelector('[role="option"]');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await press(page, '#add-calendar-submit');
  await page.waitForSelector('#connect-window');
  const popup = page.waitForEvent('popup');
  await press(page, '#connect-window');
  const consent = await popup;
  await consent.waitForURL(vendorPages);
  await consent.waitForSelector('button.yes');
  await tabTo(consent, 'input[name="account"]');
  await consent.keyboard.press('Space');
  const closed = consent.waitForEvent('close');
  await press(consent, 'button.yes').catch((e) => assert.match(e.message, /closed/));
  await closed;
  await page.waitForSelector('#rehearsal-approve', { timeout: 60_000 });
  const id = new URL(page.url()).pathname.split('/').at(-1);
  await press(page, '#rehearsal-approve');
  await press(page, '#rehearsal-confirm-confirm');
  await page.waitForSelector('#calendar-rehearsal', { state: 'detached' });
  await page.waitForFunction((b) => !document.querySelector(b).matches('[disabled], [aria-disabled="true"], [data-pending]'), `#detail-${id}-sync`, { timeout: 60_000 });
  await press(page, `#detail-${id}-sync`);
  await page.locator('.toast', { hasText: /is in step/ }).first().waitFor({ timeout: 60_000 });
  await press(page, '#calendar-more');
  await page.waitForSelector('[data-item="calendar-more-remove"]');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await press(page, '#remove-calendar-confirm');
  await page.waitForURL(/\/calendars$/);
  await assert.rejects(ask(tenant.api_key, 'GET', `/v1/calendar-providers/${id}`), /404/);
}, { ignoreHTTPSErrors: true });

test('by keys: a conflict is decided side by side', async ({ page, world }) => {
  const { key, host, id, conflict } = await overlap(world);
  withoutMouse(page);
  await signInByKeyboard(page, key, '/conflicts');
  await press(page, `#conflict-${conflict.id}-open`);
  await page.waitForSelector('#conflict-group-title');
  for (const [field, side] of [['title', 'external'], ['location', 'local']]) {
    await tabTo(page, `[id^="conflict-pick-${field}-"], #conflict-pick-${field} input`);
    for (let n = 0; n < 3; ++n) {
      if (await page.evaluate((s) => document.activeElement.id === s && document.activeElement.checked, `conflict-pick-${field}-${side}`)) break;
      const at = await page.evaluate(() => document.activeElement.id);
      await page.keyboard.press(at === `conflict-pick-${field}-${side}` ? 'Space' : 'ArrowRight');
    }
  }
  await press(page, '#conflict-merge');
  await page.waitForSelector('#conflict-decider');
  const entry = await host.entry(id);
  assert.deepEqual([entry.title, entry.location], [conflict.external.title, 'Hall']);
});

test('by keys: held deletions are approved, and a dead letter is tried again', async ({ page, world }) => {
  withoutMouse(page);
  const held = await heldDeletions(page, world.tenants[0]);
  const letters = await setAside(page, world.tenants[1]);
  await signInByKeyboard(page, world.admin_key, '/console/approvals');
  await pressInTable(page, '#approvals-table', `#approvals-decide-${held.provider}-events`);
  await press(page, '#approval-approve');
  await page.getByText('Nothing waits for a yes').waitFor();
  assert.equal(held.asked().body.decision, 'approve');
  await press(page, '#nav-dead-letters');
  await page.waitForSelector('#letters-table');
  await pressInTable(page, '#letters-table', `#letters-decide-${letters.ids[0]}`);
  await press(page, '#letter-replay');
  await page.waitForSelector(`#letters-decide-${letters.ids[0]}`, { state: 'detached' });
  assert.deepEqual(letters.done, [`replay ${world.tenants[1].id}`]);
});

test('by keys: an operator stops a tenant’s work and releases it', async ({ page, world }) => {
  const { id } = await ask(world.admin_key, 'POST', '/v1/admin/tenants', { name: 'Keyboard works' });
  const now = () => ask(world.admin_key, 'GET', `/v1/admin/tenants/${id}`);
  withoutMouse(page);
  await signInByKeyboard(page, world.admin_key, '/console/tenants');
  await pressInTable(page, '#tenants-table', `#tenants-open-${id}`);
  for (const [stopped, said] of [[true, 'Work is stopped'], [false, 'Work goes on']]) {
    await press(page, '#tenant-work-change');
    await press(page, '#tenant-work-ask-confirm');
    await page.getByText(said).first().waitFor();
    assert.equal((await now()).work_stopped, stopped);
  }
});
