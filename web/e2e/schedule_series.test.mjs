// SPDX-License-Identifier: Apache-2.0
// What belongs to all of an entry: its guests, and the single dates of a series beside its rule.
import assert from 'node:assert/strict';
import { Calendar } from '../../tests/e2e/support/calendar.mjs';
import { at, titled } from '../../tests/e2e/support/entries.mjs';
import { eventually } from '../../tests/e2e/support/eventually.mjs';
import { Host } from '../../tests/e2e/support/host.mjs';
import { Sandbox } from '../../tests/e2e/support/sandbox.mjs';
import { checkPage } from './support/check_page.mjs';
import { settled, signIn, test } from './support/pages.mjs';

const within = { within: 60_000 };

/** A person with a Google calendar, in weeks that no other test uses. */
function stage(world) {
  const tenant = world.tenants[0];
  const provider = tenant.providers.find((p) => p.type === 'google');
  const calendar = new Calendar(new Sandbox(world.sandbox), { type: 'google', email: provider.account, token: provider.sandbox_access_token });
  return { key: tenant.api_key, host: new Host(() => world.base_url, tenant.api_key), calendar, provider, user: provider.user_id, address: tenant.users.find((u) => u.id === provider.user_id).email };
}

const idOf = (entry, occurrence) => `#schedule-item-${entry.id}${occurrence ? `-${occurrence.replaceAll(':', '')}` : ''}`;
const says = (page, words) => page.locator('#entry .field-problem', { hasText: words }).waitFor();
const toldOf = (page, words) => page.locator('.toast', { hasText: words }).last().waitFor();
const emails = (entry) => entry.attendees.map((g) => g.email);

async function arrive(page, key, path) {
  await signIn(page, key, path);
  await page.waitForSelector('.schedule-grid [role="columnheader"]');
  await settled(page);
}

async function scope(page, which) {
  await page.waitForSelector('#schedule-scope');
  await page.locator(`label:has(#schedule-scope-choice-${which}), #schedule-scope-choice-${which}`).first().click();
  await page.click('#schedule-scope-confirm');
}

async function segment(page, type, figures) {
  await page.locator(`#entry-date-new [role="spinbutton"][data-type="${type}"]`).focus();
  await page.keyboard.type(figures);
}

test('guests are added and taken off by their addresses; whether they are mailed is the calendar’s setting', async ({ page, world }) => {
  const { key, host, calendar, provider, user, address } = stage(world);
  const title = titled('With guests');
  await arrive(page, key, `/schedule?date=2031-02-03&person=${user}`);
  await page.click('#schedule-add');
  await page.fill('#entry-title', title);
  await page.fill('#entry-guest-new', 'ann@');
  await page.keyboard.press('Enter');
  await says(page, '“ann@” is not an address.');
  await checkPage(page, 'a guest who has no address');
  await page.fill('#entry-guest-new', address.toUpperCase());
  await page.click('#entry-guest-add');
  await says(page, 'is one of the people of this entry already');
  await page.fill('#entry-guest-new', 'Ann Guest <ann@guests.example>, bob@guests.example');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#entry-guest-bob-guests-example-drop');
  await page.fill('#entry-guest-new', 'ANN@guests.example');
  await page.click('#entry-save');
  await says(page, 'is in the list already');
  assert.match(await page.textContent('#entry-guests-mail'), new RegExp(`Nobody is mailed.*${provider.account}.*not set to mail`));
  await page.fill('#entry-guest-new', 'carl@guests.example');
  await checkPage(page, 'a form with guests');
  await page.click('#entry-save');
  await toldOf(page, 'Entry added');
  const made = await host.entryTitled(title, user);
  assert.deepEqual(made.attendees.map((g) => [g.email, g.name || null]), [['ann@guests.example', 'Ann Guest'], ['bob@guests.example', null], ['carl@guests.example', null]]);
  const quiet = await eventually(() => calendar.event(title), within);
  assert.equal(quiet.raw.attendees, undefined, 'a calendar that mails nobody shows no guests');

  await host.request('PATCH', `/v1/calendar-providers/${provider.id}`, { guest_mail: 'guests' });
  try {
    await page.reload();
    await page.click(idOf(made));
    await page.waitForSelector('#entry-guests-mail');
    assert.match(await page.textContent('#entry-guests-mail'), new RegExp(`Guests are mailed: .*${provider.account}`));
    await page.click('#entry-guest-bob-guests-example-drop');
    await page.click('#entry-save');
    await toldOf(page, 'Saved');
    assert.deepEqual(emails(await host.entry(made.id)), ['ann@guests.example', 'carl@guests.example']);
    await eventually(async () => {
      const guests = (await calendar.event(title)).raw.attendees ?? [];
      return ['ann@guests.example', 'carl@guests.example'].every((g) => guests.some((a) => a.email === g));
    }, within);
  } finally {
    await host.request('PATCH', `/v1/calendar-providers/${provider.id}`, { guest_mail: 'nobody' });
  }
});

test('single dates are added to a series and taken out of it, and its calendar has them', async ({ page, world }) => {
  const { key, host, calendar, user } = stage(world);
  const title = titled('And once more');
  const entry = await host.createEntry({ title, start: at('2031-03-03', '09:00:00'), end: at('2031-03-03', '10:00:00'), assigned_user_ids: [user], recurrence: { rrule: 'FREQ=DAILY;COUNT=3' } });
  await host.settled(entry.id, within);
  await arrive(page, key, `/schedule?date=2031-03-03&person=${user}`);
  await page.click(idOf(entry, '2031-03-04T09:00:00'));
  await page.waitForSelector('#entry-date-add');
  await page.click('#entry-date-add');
  await says(page, 'The rule has this date already.');
  await checkPage(page, 'a date that is there already');
  await segment(page, 'day', '02');
  await page.click('#entry-date-add');
  await says(page, 'This is before the series begins.');
  await segment(page, 'day', '07');
  await segment(page, 'hour', '14');
  await segment(page, 'minute', '30');
  await page.click('#entry-date-add');
  await page.waitForSelector('#entry-date-2031-03-07T143000-drop');
  assert.equal(await page.textContent('#entry-repeat-sentence'), 'Every day, 3 times. And on 1 further date.');
  await checkPage(page, 'a series with a date of its own');
  await page.click('#entry-save');
  await page.waitForSelector('#schedule-scope');
  assert.equal(await page.locator('label:has(#schedule-scope-choice-single), #schedule-scope-choice-single').count(), 0);
  await scope(page, 'all');
  await toldOf(page, 'Saved');
  assert.deepEqual((await host.entry(entry.id)).recurrence.rdates, ['2031-03-07T14:30:00']);
  await page.waitForSelector(idOf(entry, '2031-03-07T14:30:00'));
  await eventually(async () => (await calendar.event(title)).raw.recurrence.some((r) => /^RDATE.*20310307T143000/.test(r)), within);

  await page.click(idOf(entry, '2031-03-03T09:00:00'));
  await page.click('#entry-date-2031-03-07T143000-drop');
  await page.click('#entry-save');
  await scope(page, 'all');
  await page.waitForSelector(idOf(entry, '2031-03-07T14:30:00'), { state: 'detached' });
  const { recurrence } = await host.entry(entry.id);
  assert.deepEqual([recurrence.rdates, recurrence.rrule], [[], 'FREQ=DAILY;COUNT=3']);
});

test('a new series has its single dates and guests from the beginning', async ({ page, world }) => {
  const { key, host, user } = stage(world);
  const title = titled('From the beginning');
  await arrive(page, key, `/schedule?date=2031-04-07&person=${user}`);
  await page.click('#schedule-add');
  await page.fill('#entry-title', title);
  assert.equal(await page.locator('#entry-date-add').count(), 0, 'what does not repeat has no further dates');
  await page.click('#entry-repeat');
  await page.getByRole('option', { name: 'Weekly', exact: true }).click();
  await page.click('#entry-date-add');
  await page.waitForSelector('#entry-date-2031-04-08T090000-drop');
  await page.fill('#entry-guest-new', 'dora@guests.example');
  await page.click('#entry-save');
  await toldOf(page, 'Entry added');
  const made = await host.entryTitled(title, user);
  assert.deepEqual([made.recurrence.rrule, made.recurrence.rdates, emails(made)], ['FREQ=WEEKLY', ['2031-04-08T09:00:00'], ['dora@guests.example']]);
});
