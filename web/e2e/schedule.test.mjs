// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { Calendar } from '../../tests/e2e/support/calendar.mjs';
import { at, titled } from '../../tests/e2e/support/entries.mjs';
import { eventually } from '../../tests/e2e/support/eventually.mjs';
import { Host } from '../../tests/e2e/support/host.mjs';
import { Sandbox } from '../../tests/e2e/support/sandbox.mjs';
import { checkPage } from './support/check_page.mjs';
import { ask } from './support/demo.mjs';
import { settled, signIn, test } from './support/pages.mjs';
import { screenshot } from './support/screenshot.mjs';

const dayMs = 24 * 3600 * 1000;
const within = { within: 60_000 };

/** Each test has a week of its own, so that nobody else's entries lie in it. */
let weeks = 4;
function nextWeek() {
  const ahead = 7 * ++weeks;
  const monday = Date.now() - ((new Date().getUTCDay() + 6) % 7) * dayMs + ahead * dayMs;
  return Array.from({ length: 7 }, (_, n) => new Date(monday + n * dayMs).toISOString().slice(0, 10));
}

/** A person with a Google calendar, what the sandbox has of it, and the host's way to both. */
function stage(world) {
  const tenant = world.tenants[0];
  const provider = tenant.providers.find((p) => p.type === 'google');
  const host = new Host(() => world.base_url, tenant.api_key);
  const calendar = new Calendar(new Sandbox(world.sandbox), { type: 'google', email: provider.account, token: provider.sandbox_access_token });
  const user = provider.user_id;
  const anHour = (title, day, clock, more = {}) =>
    host.createEntry({ title, start: at(day, `${clock}:00`), end: at(day, `${String(Number(clock.slice(0, 2)) + 1).padStart(2, '0')}${clock.slice(2)}:00`), assigned_user_ids: [user], ...more });
  return { tenant, key: tenant.api_key, host, calendar, user, anHour };
}

const idOf = (entry, occurrence) => `#schedule-item-${entry.id}${occurrence ? `-${occurrence.replaceAll(':', '')}` : ''}`;
const inBerlin = (day, clock) => new Date(`${new Date(`${day}T${clock}:00Z`).toLocaleString('sv', { timeZone: 'UTC' })}Z`).getTime() - offsetAt(day);
const offsetAt = (day) => new Date(new Date(`${day}T12:00:00Z`).toLocaleString('sv', { timeZone: 'Europe/Berlin' }) + 'Z').getTime() - Date.parse(`${day}T12:00:00Z`);
const instant = (day, clock) => new Date(inBerlin(day, clock)).toISOString();

/** Where that time of that day is on the screen. */
async function pointAt(page, day, clock) {
  const [hours, minutes] = clock.split(':').map(Number);
  const lanes = await page.locator(`[role="cell"][data-date="${day}"]`).all();
  const box = await lanes.at(-1).boundingBox();
  return { x: box.x + box.width / 2, y: box.y + (box.height * (hours * 60 + minutes)) / 1440 };
}

async function drag(page, from, to) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 5 });
  await page.mouse.move(to.x, to.y, { steps: 5 });
  await page.waitForTimeout(100);
  await page.mouse.up();
}

const opened = async (page, path) => {
  await page.waitForSelector('.schedule-grid [role="columnheader"]');
  await settled(page);
  await page.waitForTimeout(300); // FullCalendar measures itself before it stands still
  return path;
};

async function arrive(page, key, path) {
  await signIn(page, key, path);
  await opened(page);
}

const toldOf = (page, words) => page.waitForFunction((w) => [...document.querySelectorAll('.toast')].some((t) => t.textContent.includes(w)), words);
const choose = async (page, field, option) => {
  await page.click(`#${field}`);
  await page.getByRole('option', { name: option, exact: true }).click();
};
const scope = async (page, which) => {
  await page.waitForSelector('#schedule-scope');
  await page.locator(`label:has(#schedule-scope-choice-${which}), #schedule-scope-choice-${which}`).first().click();
  await page.click('#schedule-scope-confirm');
};
/** What FullCalendar makes of entries can be told apart, too. */
const checkGridIds = async (page) => {
  const ids = await page.$$eval('.schedule-grid [tabindex="0"]', (nodes) => nodes.map((n) => n.id));
  assert.ok(ids.length > 0 && ids.every((id) => /^schedule-(item|more)-/.test(id)), ids.join(' '));
  assert.equal(new Set(ids).size, ids.length);
};
/** What is typed into a date field, figure by figure. */
async function typeClock(page, field, hour, minute) {
  await page.locator(`#${field} [role="spinbutton"][data-type="hour"], [id="${field}"] [role="spinbutton"][data-type="hour"]`).first().focus();
  await page.keyboard.type(hour);
  await page.locator(`#${field} [role="spinbutton"][data-type="minute"]`).first().focus();
  await page.keyboard.type(minute);
}

test('an entry is made by selecting, arrives in the calendar, and says so', async ({ page, world }) => {
  const { key, host, calendar, user } = stage(world);
  const week = nextWeek();
  await arrive(page, key, `/schedule?date=${week[0]}&person=${user}`);
  await drag(page, await pointAt(page, week[1], '10:05'), await pointAt(page, week[1], '11:25'));
  await page.waitForSelector('#entry-title');
  await page.click('#entry-save');
  assert.match(await page.textContent('.field-problem'), /Give it a title/);
  await checkPage(page, 'the form without a title');
  const title = titled('Selected');
  await page.fill('#entry-title', title);
  await page.click('#entry-save');
  await toldOf(page, 'Entry added');
  const entry = await host.entryTitled(title, user);
  assert.deepEqual([entry.start.date_time.slice(0, 19), entry.end.date_time.slice(0, 19), entry.start.time_zone], [`${week[1]}T10:00:00`, `${week[1]}T11:30:00`, 'Europe/Berlin']);
  await page.waitForSelector(idOf(entry));
  const event = await eventually(() => calendar.event(title), within);
  assert.deepEqual([event.start, event.end], [instant(week[1], '10:00'), instant(week[1], '11:30')]);
  await page.waitForSelector(`${idOf(entry)} [data-state="in_step"]`, { timeout: 60_000 });
  await page.click(idOf(entry));
  await page.waitForSelector('.entry-standing');
  assert.match(await page.textContent('.entry-sync'), /Google.*In step/s);
  await checkPage(page, 'an entry with its calendars');
});

test('a drag moves, a drag of its edge makes it longer; both arrive in the calendar', async ({ page, world }) => {
  const { key, host, calendar, user, anHour } = stage(world);
  const week = nextWeek();
  const title = titled('Dragged');
  const entry = await anHour(title, week[0], '09:00');
  await host.settled(entry.id, within);
  await arrive(page, key, `/schedule?date=${week[0]}&person=${user}`);
  await drag(page, await pointAt(page, week[0], '09:20'), await pointAt(page, week[2], '11:20'));
  await toldOf(page, 'Moved');
  assert.equal((await host.entry(entry.id)).start.date_time.slice(0, 19), `${week[2]}T11:00:00`);
  await eventually(async () => (await calendar.event(title)).start === instant(week[2], '11:00'), within);
  await page.hover(idOf(entry));
  const edge = await page.locator(idOf(entry)).boundingBox();
  const later = await pointAt(page, week[2], '13:25');
  await drag(page, { x: edge.x + edge.width / 2, y: edge.y + edge.height - 1 }, { x: edge.x + edge.width / 2, y: later.y });
  await eventually(async () => (await host.entry(entry.id)).end.date_time.slice(0, 19) === `${week[2]}T13:30:00`);
  await eventually(async () => (await calendar.event(title)).end === instant(week[2], '13:30'), within);
});

test('what the server refuses goes back to where it was, and says why', async ({ page, world }) => {
  page.allowed.push(/status of 412/);
  const { key, host, user, anHour } = stage(world);
  const week = nextWeek();
  const entry = await anHour(titled('Refused'), week[0], '09:00');
  await arrive(page, key, `/schedule?date=${week[0]}&person=${user}`);
  const before = await page.locator(idOf(entry)).boundingBox();
  // Somebody else is faster, and this page does not hear of it.
  await page.route(`**/v1/schedule-entries/${entry.id}**`, async (r) => {
    if (r.request().method() === 'PATCH') await host.changeEntry(entry.id, { location: 'Elsewhere' });
    await r.continue();
  });
  await drag(page, await pointAt(page, week[0], '09:20'), await pointAt(page, week[3], '12:20'));
  await toldOf(page, 'It could not be moved');
  await toldOf(page, 'Somebody changed this in the meantime');
  await page.waitForFunction(([id, x]) => Math.abs((document.querySelector(id)?.getBoundingClientRect().x ?? 0) - x) < 3, [idOf(entry), before.x]);
  assert.equal((await host.entry(entry.id)).start.date_time.slice(0, 19), `${week[0]}T09:00:00`);
});

test('one occurrence is changed, and the calendar has it so', async ({ page, world }) => {
  const { key, host, calendar, user, anHour } = stage(world);
  const week = nextWeek();
  const title = titled('Series');
  const entry = await anHour(title, week[0], '09:00', { recurrence: { rrule: 'FREQ=DAILY;COUNT=5' } });
  await host.settled(entry.id, within);
  await arrive(page, key, `/schedule?date=${week[0]}&person=${user}`);
  await page.click(idOf(entry, `${week[1]}T09:00:00`));
  await page.waitForSelector('#entry-repeat-sentence');
  assert.equal(await page.textContent('#entry-repeat-sentence'), 'Every day, 5 times.');
  await page.fill('#entry-location', 'Roof');
  await page.click('#entry-save');
  await page.waitForSelector('#schedule-scope');
  await checkPage(page, 'how much of a series is meant');
  await scope(page, 'single');
  await toldOf(page, 'Saved');
  const { recurrence } = await host.entry(entry.id);
  assert.deepEqual(recurrence.changed_occurrences.map((o) => [o.recurrence_id, o.location]), [[`${week[1]}T09:00:00`, 'Roof']]);
  const exception = await eventually(async () => (await calendar.events()).find((e) => e.raw.recurringEventId && e.location === 'Roof'), within);
  assert.equal(exception.start, instant(week[1], '09:00'));
});

test('a series goes along with one that is moved, and ends where it is cut', async ({ page, world }) => {
  const { key, host, user, anHour } = stage(world);
  const week = nextWeek();
  const entry = await anHour(titled('Along'), week[0], '09:00', { recurrence: { rrule: 'FREQ=DAILY;COUNT=6' } });
  await arrive(page, key, `/schedule?date=${week[0]}&person=${user}`);
  await drag(page, await pointAt(page, week[1], '09:20'), await pointAt(page, week[1], '10:50'));
  await scope(page, 'all');
  await toldOf(page, 'Moved');
  assert.equal((await host.entry(entry.id)).start.date_time.slice(0, 19), `${week[0]}T10:30:00`);
  await page.click(idOf(entry, `${week[3]}T10:30:00`));
  await page.click('#entry-remove');
  await scope(page, 'future');
  await toldOf(page, 'Deleted');
  await page.waitForSelector(idOf(entry, `${week[3]}T10:30:00`), { state: 'detached' });
  assert.match((await host.entry(entry.id)).recurrence.rrule, /COUNT=3/);
  assert.equal(await page.locator('.item').count(), 3);
});

test('a rule that names its days goes along to other days, for all and for what follows', async ({ page, world }) => {
  const { key, host, user, anHour } = stage(world);
  const week = nextWeek();
  const entry = await anHour(titled('Twice a week'), week[0], '09:00', { recurrence: { rrule: 'FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6' } });
  await arrive(page, key, `/schedule?date=${week[0]}&person=${user}`);
  await drag(page, await pointAt(page, week[0], '09:20'), await pointAt(page, week[1], '09:20'));
  await scope(page, 'all');
  await toldOf(page, 'Moved');
  const all = await host.entry(entry.id);
  assert.deepEqual([all.start.date_time.slice(0, 19), all.recurrence.rrule], [`${week[1]}T09:00:00`, 'FREQ=WEEKLY;COUNT=6;BYDAY=TU,TH']);
  await page.waitForSelector(idOf(entry, `${week[3]}T09:00:00`));
  await page.click('.toast [slot="close"]');
  // Nothing is drawn anew under the hand.
  await page.waitForSelector(`${idOf(entry, `${week[3]}T09:00:00`)} [data-state="in_step"]`, { timeout: 60_000 });
  await drag(page, await pointAt(page, week[3], '09:20'), await pointAt(page, week[4], '14:20'));
  await page.waitForSelector('#schedule-scope');
  await page.click('#schedule-scope-cancel');
  await page.waitForFunction(([id, day]) => document.querySelector(id)?.closest(`[data-date="${day}"]`), [idOf(entry, `${week[3]}T09:00:00`), week[3]]);
  await drag(page, await pointAt(page, week[3], '09:20'), await pointAt(page, week[4], '14:20'));
  await scope(page, 'future');
  await toldOf(page, 'Moved');
  assert.match((await host.entry(entry.id)).recurrence.rrule, /COUNT=1/);
  const following = (await host.all(`/v1/schedule-entries?assigned_user_id=${user}`)).find((e) => e.title === entry.title && e.id !== entry.id);
  assert.deepEqual([following.start.date_time.slice(0, 19), following.recurrence.rrule], [`${week[4]}T14:00:00`, 'FREQ=WEEKLY;COUNT=5;BYDAY=WE,FR']);
});

test('a series is made in plain words', async ({ page, world }) => {
  const { key, host, user } = stage(world);
  const week = nextWeek();
  await arrive(page, key, `/schedule?date=${week[1]}&person=${user}`);
  await page.click('#schedule-add');
  const title = titled('In words');
  await page.fill('#entry-title', title);
  await choose(page, 'entry-repeat', 'Weekly');
  await page.click('#entry-weekday-th');
  await choose(page, 'entry-repeat-ends', 'After so many times');
  await page.fill('#entry-repeat-times input, input#entry-repeat-times', '3');
  await page.keyboard.press('Tab');
  assert.equal(await page.textContent('#entry-repeat-sentence'), 'Every week on Tuesday and Thursday, 3 times.');
  await page.click('#entry-weekday-tu');
  assert.match(await page.textContent('#entry-repeat-sentence'), /^Every week on Thursday, from \d+ \w+ \d{4}, 3 times\.$/);
  await checkPage(page, 'a series in words');
  await page.click('#entry-save');
  await toldOf(page, 'Entry added');
  const made = await host.entryTitled(title, user);
  assert.deepEqual([made.start.date_time.slice(0, 10), made.recurrence.rrule], [week[3], 'FREQ=WEEKLY;COUNT=3']);
});

test('what is refused is said at its field', async ({ page, world }) => {
  page.allowed.push(/status of 422/);
  const { key, user, anHour } = stage(world);
  const week = nextWeek();
  const entry = await anHour(titled('Backwards'), week[0], '09:00');
  await arrive(page, key, `/schedule?date=${week[0]}&person=${user}`);
  await page.click(idOf(entry));
  await page.waitForSelector('#entry-end');
  await typeClock(page, 'entry-end', '08', '00');
  await page.click('#entry-save');
  await page.waitForSelector('#entry-end ~ .field-problem, #entry-end .field-problem, .entry-when .field-problem');
  assert.match(await page.textContent('.entry-when .field-problem'), /after the start/);
  await checkPage(page, 'a refused end');
});

test('the keyboard alone opens, changes and comes back', async ({ page, world }) => {
  const { key, host, user, anHour } = stage(world);
  const week = nextWeek();
  const entry = await anHour(titled('By keys'), week[2], '09:00');
  await arrive(page, key, `/schedule?date=${week[0]}&person=${user}`);
  await page.focus('#schedule-view-month');
  await page.keyboard.press('Tab');
  await page.waitForFunction((id) => document.activeElement?.matches(id), idOf(entry));
  await page.keyboard.press('Enter');
  await page.waitForSelector('#entry-start');
  await typeClock(page, 'entry-start', '14', '30');
  await page.keyboard.press('Enter');
  await page.focus('#entry-save');
  await page.keyboard.press('Enter');
  await toldOf(page, 'Saved');
  const now = await host.entry(entry.id);
  assert.deepEqual([now.start.date_time.slice(11, 16), now.end.date_time.slice(11, 16)], ['14:30', '15:30']);
  await page.waitForFunction((id) => document.activeElement?.matches(id), idOf(entry));
});

test('entries of another zone, of days and across midnight stand where they belong, in every view', async ({ page, world }) => {
  const { key, host, user, anHour } = stage(world);
  const week = nextWeek();
  const far = await anHour(titled('Far'), week[0], '08:00', { start: at(week[0], '08:00:00', 'America/New_York'), end: at(week[0], '09:00:00', 'America/New_York') });
  const days = await host.createEntry({ title: titled('Days'), start: { date: week[1] }, end: { date: week[3] }, assigned_user_ids: [user] });
  const night = await anHour(titled('Night'), week[4], '22:00', { end: at(week[5], '06:00:00') });
  await arrive(page, key, `/schedule?date=${week[0]}&person=${user}`);
  await page.waitForSelector(`${idOf(night)}-part-2`);
  const box = await page.locator(idOf(days)).boundingBox();
  const day = await page.locator(`[role="columnheader"][data-date="${week[1]}"]`).boundingBox();
  assert.ok(Math.abs(box.width - 2 * day.width) < 12, 'two days, the end is exclusive');
  await page.click(idOf(far));
  await page.waitForSelector('#entry-zone-said');
  assert.match(await page.textContent('#entry-zone-said'), /America\/New York, the entry’s own zone/);
  await page.click('#entry-cancel');
  await checkPage(page, 'a week');
  await checkGridIds(page);
  await page.click('#schedule-view-month');
  await page.waitForFunction(() => /view=month/.test(location.search));
  await opened(page);
  await page.waitForSelector(idOf(days));
  await checkPage(page, 'a month');
  await checkGridIds(page);
  await page.goto(`/schedule?view=day&date=${week[4]}&person=${user}`);
  await page.waitForSelector(idOf(night));
  await checkPage(page, 'a day');
});

/** The next Sunday on which summer time begins or ends, far from everybody else's weeks. */
function clockChange() {
  for (let n = 200; ; ++n) {
    const sunday = new Date(Date.now() + n * dayMs).toISOString().slice(0, 10);
    const eve = new Date(Date.now() + (n - 1) * dayMs).toISOString().slice(0, 10);
    if (new Date(`${sunday}T12:00:00Z`).getUTCDay() === 0 && offsetAt(sunday) !== offsetAt(eve)) return { sunday, eve };
  }
}

test('on the day when the clocks change, what is put at nine is at nine', async ({ page, world }) => {
  const { key, host, calendar, user, anHour } = stage(world);
  const { sunday, eve } = clockChange();
  const title = titled('Clocks');
  const entry = await anHour(title, eve, '09:00');
  await arrive(page, key, `/schedule?date=${sunday}&person=${user}`);
  await drag(page, await pointAt(page, eve, '09:20'), await pointAt(page, sunday, '09:20'));
  await toldOf(page, 'Moved');
  const { start, end } = await host.entry(entry.id);
  assert.deepEqual([start.date_time.slice(0, 19), end.date_time.slice(0, 19)], [`${sunday}T09:00:00`, `${sunday}T10:00:00`]);
  assert.equal(Date.parse(start.date_time), Date.parse(instant(sunday, '09:00')));
  await eventually(async () => (await calendar.event(title)).start === instant(sunday, '09:00'), within);
});

test('an operator chooses a tenant first; what is not saved is not lost by a key', async ({ page, world }) => {
  const { tenant, anHour } = stage(world);
  const week = nextWeek();
  const entry = await anHour(titled('For operators'), week[0], '09:00');
  await signIn(page, world.admin_key, `/schedule?date=${week[0]}`);
  await page.click(`#needs-tenant-${tenant.id}`);
  await page.waitForSelector(idOf(entry));
  await page.click(idOf(entry));
  await page.fill('#entry-title', 'Half written');
  await page.keyboard.press('Escape');
  await page.waitForSelector('#entry-leave');
  await checkPage(page, 'before what was typed is lost');
  await page.click('#entry-leave-cancel');
  assert.equal(await page.inputValue('#entry-title'), 'Half written');
  await page.keyboard.press('Escape');
  await page.click('#entry-leave-confirm');
  await page.waitForSelector('#entry-title', { state: 'detached' });
});

test('what somebody else adds appears by itself; a day with too much opens as a day', async ({ page, world }) => {
  const { key, user, anHour } = stage(world);
  const week = nextWeek();
  await arrive(page, key, `/schedule?view=month&date=${week[0]}&person=${user}`);
  for (let n = 0; n < 8; ++n) await anHour(titled('Crowd'), week[2], `${String(8 + n).padStart(2, '0')}:00`);
  await page.waitForSelector(`#schedule-more-${week[2]}`);
  await page.focus(`#schedule-more-${week[2]}`);
  await page.keyboard.press('Enter');
  await page.waitForFunction((d) => location.search.includes('view=day') && location.search.includes(`date=${d}`), week[2]);
  await page.waitForFunction(() => document.querySelectorAll('.item').length === 8);
});

test('what stands in the way of an entry is said, and a conflict leads to its page', async ({ page, world }) => {
  const { tenant, key, user, anHour } = stage(world);
  const week = nextWeek();
  const states = ['conflict', 'refused', 'held', 'off', 'waiting', 'in_step'];
  const entries = [];
  for (const [n, state] of states.entries()) entries.push(await anHour(titled(`Is ${state}`), week[n], '09:00'));
  const provider_id = tenant.providers.find((p) => p.user_id === user).id;
  const conflict_id = '01a20000-0000-7000-8000-000000000001';
  await page.route('**/v1/schedule-entries?**', async (r) => {
    const answer = await (await r.fetch()).json();
    for (const i of answer.items) {
      const state = states[entries.findIndex((e) => e.id === i.id)];
      i.sync = [{ provider_id, state, reason: state === 'in_step' ? null : 'some_reason', conflict_id: state === 'conflict' ? conflict_id : null }];
    }
    await r.fulfill({ json: answer });
  });
  await arrive(page, key, `/schedule?date=${week[0]}&person=${user}`);
  await page.waitForSelector(`${idOf(entries[0])}.item-conflict`);
  for (const [n, state] of states.entries()) assert.equal(await page.locator(`${idOf(entries[n])} [data-state="${state}"]`).count(), 1, state);
  await checkPage(page, 'every state');
  await page.click(idOf(entries[0]));
  await page.waitForSelector(`#entry-conflict-${conflict_id}`);
  assert.match(await page.textContent('.entry-state'), /Conflict.*some_reason/);
  await checkPage(page, 'an entry in conflict');
  page.allowed.push(/status of 404/);
  await page.click(`#entry-conflict-${conflict_id}`);
  await page.waitForURL(`**/conflicts/${conflict_id}`);
});

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true };

test('on a phone three days stand side by side, nothing scrolls sideways, and all that can be done can be done', async ({ page, world }) => {
  const { key, host, user, anHour } = stage(world);
  const week = nextWeek();
  const entry = await anHour(titled('On a phone'), week[1], '09:00');
  const fits = async (what) => {
    const wide = await page.evaluate(() => ['.schedule-grid', '.schedule-days', 'html'].filter((s) => {
      const node = document.querySelector(s);
      return node.scrollWidth > node.clientWidth;
    }));
    assert.deepEqual(wide, [], `${what} scrolls sideways`);
  };
  const days = () => page.$$eval('.schedule-grid [role="columnheader"][data-date]', (all) => all.map((c) => c.dataset.date));
  await arrive(page, key, `/schedule?view=week&date=${week[0]}&person=${user}`);
  assert.deepEqual(await days(), week.slice(0, 3));
  await fits('three days');
  assert.deepEqual(await page.$$eval('.schedule-views button', (all) => all.map((b) => b.id)), ['schedule-view-day', 'schedule-view-days', 'schedule-view-month']);
  await checkPage(page, 'three days');
  await drag(page, await pointAt(page, week[1], '09:20'), await pointAt(page, week[2], '11:20'));
  await toldOf(page, 'Moved');
  assert.equal((await host.entry(entry.id)).start.date_time.slice(0, 19), `${week[2]}T11:00:00`);
  await page.locator('.toast [slot="close"]').last().click();
  await page.click(idOf(entry));
  await page.waitForSelector('#entry-save');
  await page.click('#entry-cancel');
  await page.click('#schedule-after');
  await page.waitForFunction((d) => document.querySelector('.schedule-grid [role="columnheader"][data-date]')?.dataset.date === d, week[3]);
  await opened(page);
  await drag(page, await pointAt(page, week[4], '10:05'), await pointAt(page, week[4], '11:25'));
  const title = titled('Pulled up');
  await page.fill('#entry-title', title);
  await page.click('#entry-save');
  await toldOf(page, 'Entry added');
  assert.equal((await host.entryTitled(title, user)).start.date_time.slice(0, 19), `${week[4]}T10:00:00`);
  for (const view of ['day', 'month']) {
    await page.click(`#schedule-view-${view}`);
    await page.waitForFunction((v) => document.querySelector('.schedule-grid')?.dataset.view === v, view);
    await opened(page);
    await fits(view);
  }
  await page.click('#schedule-view-days');
  await page.locator(idOf(await host.entryTitled(title, user))).tap();
  await page.waitForSelector('#entry-save');
}, phone);

test('a week looks as it did', async ({ page, world }) => {
  const { tenant, key, user } = stage(world);
  const provider_id = tenant.providers.find((p) => p.user_id === user).id;
  const item = (n, day, from, to, title, more = {}) => ({
    id: `01a20000-0000-7000-8000-00000000000${n}`, version: 1, title, location: '', start: at(`2030-01-${day}`, `${from}:00`), end: at(`2030-01-${day}`, `${to}:00`), all_day: false, time_zone: 'Europe/Berlin', status: 'scheduled',
    is_private: false, work_item: null, assigned_user_ids: [user], series: false, recurrence_id: null, differs: [], origin_provider_id: null, sync: [{ provider_id, state: 'in_step', reason: null, conflict_id: null }], ...more,
  });
  const standing = (state) => ({ sync: [{ provider_id, state, reason: null, conflict_id: null }] });
  const offset = (i) => ({ ...i, start: i.start.date_time ? { ...i.start, date_time: `${i.start.date_time}+01:00` } : i.start, end: i.end.date_time ? { ...i.end, date_time: `${i.end.date_time}+01:00` } : i.end });
  const items = [
    item(1, '07', '09:00', '10:30', 'Replace the switch', { location: 'Hall 3' }), item(2, '07', '09:30', '11:00', 'Overlapping', standing('conflict')), item(3, '08', '08:00', '08:15', 'Short call', standing('waiting')),
    item(4, '09', '11:00', '12:00', 'Stand-up', { series: true, recurrence_id: '2030-01-09T11:00:00' }), item(5, '10', '13:00', '15:00', 'Private matter', { is_private: true, status: 'tentative' }), item(6, '11', '10:00', '11:00', 'Not taken', standing('refused')),
    item(7, '12', '09:00', '12:00', 'Nowhere', { sync: [] }), item(8, '08', '09:00', '10:00', 'Fair', { all_day: true, time_zone: null, start: { date: '2030-01-08' }, end: { date: '2030-01-11' } }),
  ].map(offset);
  await page.route('**/v1/schedule-entries?**', (r) => r.fulfill({ json: { items, next_cursor: null } }));
  await arrive(page, key, '/schedule?date=2030-01-07');
  await page.waitForSelector('.item-refused');
  await screenshot(page, 'schedule');
});

test('a person sees and changes their own; who may only look cannot change', async ({ page, world, another }) => {
  const { tenant, key, host, user, anHour } = stage(world);
  const week = nextWeek();
  const other = tenant.users.find((u) => u.id !== user).id;
  const own = await anHour(titled('Own'), week[0], '09:00');
  const theirs = await anHour(titled('Theirs'), week[1], '09:00', { assigned_user_ids: [other] });
  const link = await ask(key, 'POST', '/v1/sign-in-links', { user_id: user, return_to: '/' });
  await page.goto(link.url);
  await page.waitForSelector('.shell #page-title');
  await page.goto(`/schedule?date=${week[0]}`);
  await page.waitForSelector(idOf(own));
  assert.equal(await page.locator(idOf(theirs)).count(), 0);
  assert.equal(await page.locator('#schedule-person').count(), 0);
  await drag(page, await pointAt(page, week[0], '09:20'), await pointAt(page, week[0], '13:20'));
  await toldOf(page, 'Moved');
  assert.equal((await host.entry(own.id)).start.date_time.slice(11, 16), '13:00');
  await page.click('#schedule-add');
  const title = titled('My own');
  await page.fill('#entry-title', title);
  await page.click('#entry-save');
  await toldOf(page, 'Entry added');
  assert.deepEqual((await host.entryTitled(title, user)).assigned_user_ids, [user]);
  await checkPage(page, 'a person’s own schedule');

  const reader = await another();
  const look = await ask(key, 'POST', '/v1/sign-in-links', { role: 'reader', return_to: '/' });
  await reader.goto(look.url);
  await reader.waitForSelector('.shell #page-title');
  await reader.goto(`/schedule?date=${week[0]}`);
  await reader.click(idOf(theirs));
  await reader.waitForSelector('#entry-title');
  assert.equal(await reader.locator('#schedule-add, #entry-save, #entry-remove').count(), 0);
  assert.equal(await reader.locator('#entry-title').isDisabled(), true);
  await checkPage(reader, 'an entry for who may only look');
});
