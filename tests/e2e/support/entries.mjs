// SPDX-License-Identifier: Apache-2.0
// Entries and events of the tests, and what it means that both sides agree.
import assert from 'node:assert/strict';

const dayMs = 24 * 3600 * 1000;

/** "2026-12-01", so many days from today. */
export function day(ahead) {
  return new Date(Date.now() + ahead * dayMs).toISOString().slice(0, 10);
}

/** A wall-clock time of the host: what a person calls ten o'clock there. */
export function at(date, clock, zone = 'Europe/Berlin') {
  return { date_time: `${date}T${clock}`, time_zone: zone };
}

let titles = 0;
/** A title nobody else uses. */
export const titled = (what) => `${what} #${++titles}`;

/** An entry of an hour. */
export function anHour(title, userIds, { ahead = 7, clock = '09:00:00', zone = 'Europe/Berlin', ...more } = {}) {
  const end = `${String(Number(clock.slice(0, 2)) + 1).padStart(2, '0')}${clock.slice(2)}`;
  return {
    title,
    start: at(day(ahead), clock, zone),
    end: at(day(ahead), end, zone),
    assigned_user_ids: userIds,
    ...more,
  };
}

const timeOf = (t) => t.date ?? new Date(t.date_time).toISOString();

/** An entry in the shape of a calendar event (calendar.mjs). */
export function asEvent(entry) {
  return {
    title: entry.title,
    notes: entry.notes,
    location: entry.location,
    start: timeOf(entry.start),
    end: timeOf(entry.end),
    isPrivate: entry.is_private,
    isTentative: entry.status === 'tentative',
  };
}

/** Both sides say the same in every field that is synced. */
export function assertAgree(event, entry) {
  const { id, raw, zone, ...shown } = event;
  assert.deepEqual(shown, asEvent(entry));
  if (entry.start.time_zone) assert.equal(zone, entry.start.time_zone);
}
