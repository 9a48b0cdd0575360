// SPDX-License-Identifier: Apache-2.0
// Series as a person has them in Google or Outlook, by the vendor's own API, and as the host has them.
import { eventually } from './eventually.mjs';
import { wallClock } from './zones.mjs';

const weekdays = { SU: 'sunday', MO: 'monday', TU: 'tuesday', WE: 'wednesday', TH: 'thursday', FR: 'friday', SA: 'saturday' };
const outlookZones = {
  UTC: 'UTC',
  'Europe/Berlin': 'W. Europe Standard Time',
  'America/New_York': 'Eastern Standard Time',
  'Pacific/Auckland': 'New Zealand Standard Time',
};

/** "2026-12-01" and so many days later. */
export const dayAfter = (date, days) => new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** The next day of that name ("MO"), at least `ahead` days from today. */
export function next(weekday, ahead = 7) {
  const wanted = Object.keys(weekdays).indexOf(weekday);
  let at = new Date(Date.now() + ahead * 86_400_000);
  while (at.getUTCDay() !== wanted) at = new Date(at.getTime() + 86_400_000);
  return at.toISOString().slice(0, 10);
}

/** A weekly rule as the host, Google and Graph say it: `{days: ['MO'], interval, count, until}`, `until` a date. */
function weekly({ days, interval = 1, count, until }, start) {
  const end = count ? `;COUNT=${count}` : until ? `;UNTIL=${until.replaceAll('-', '')}T235959Z` : '';
  const range = count ? { type: 'numbered', numberOfOccurrences: count } : until ? { type: 'endDate', endDate: until } : { type: 'noEnd' };
  return {
    rrule: `FREQ=WEEKLY${interval > 1 ? `;INTERVAL=${interval}` : ''};BYDAY=${days.join(',')}${end}`,
    graph: {
      pattern: { type: 'weekly', interval, daysOfWeek: days.map((d) => weekdays[d]), firstDayOfWeek: 'monday' },
      range: { startDate: start, ...range },
    },
  };
}

/** What a person does to series in their calendar; `person` as `newPerson` answers it. */
export class SeriesOf {
  constructor(installation, person) {
    this.sandbox = installation.sandbox;
    Object.assign(this, { token: person.calendar.token, email: person.email, google: person.type === 'google' });
    this.base = this.google ? '/calendar/v3/calendars/primary/events' : '/v1.0/me/events';
  }

  async call(method, path, body, headers = {}) {
    const answer = await this.sandbox.call(this.token, method, path, { body, headers });
    if (answer.status >= 300) throw new Error(`${this.email}: ${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  /** `{title, date, from, to, zone, days, interval, count, until, guests, notes}`; without `from` it lasts all day. */
  add({ title, date, from, to, zone = 'Europe/Berlin', guests = [], notes, html, ...rule }) {
    const said = rule.days && weekly(rule, date);
    if (this.google) {
      const time = (clock, day) => (clock ? { dateTime: `${date}T${clock}`, timeZone: zone } : { date: day });
      return this.call('POST', `${this.base}?sendUpdates=none`, {
        summary: title,
        description: notes,
        start: time(from, date),
        end: time(to, dayAfter(date, 1)),
        ...(said ? { recurrence: [`RRULE:${said.rrule}`] } : {}),
        ...(guests.length ? { attendees: guests.map((email) => ({ email })) } : {}),
      });
    }
    const time = (clock, day) => ({ dateTime: clock ? `${date}T${clock}` : `${day}T00:00:00`, timeZone: outlookZones[zone] });
    return this.call('POST', this.base, {
      subject: title,
      body: html ? { contentType: 'html', content: html } : { contentType: 'text', content: notes ?? '' },
      isAllDay: !from,
      start: time(from, date),
      end: time(to, dayAfter(date, 1)),
      ...(said ? { recurrence: said.graph } : {}),
      ...(guests.length ? { attendees: guests.map((address) => ({ type: 'required', emailAddress: { address } })) } : {}),
    });
  }

  /** What takes place between two dates, as the vendor expands it: `{id, title, start, end}` in order. */
  async occurrences(from, to) {
    const raw = [];
    let path = this.google
      ? `${this.base}?singleEvents=true&orderBy=startTime&maxResults=2500&timeMin=${from}T00:00:00Z&timeMax=${to}T00:00:00Z`
      : `/v1.0/me/calendarView?startDateTime=${from}T00:00:00Z&endDateTime=${to}T00:00:00Z&$top=500`;
    while (path) {
      const page = await this.call('GET', path, undefined, this.google ? {} : { Prefer: 'outlook.timezone="UTC"' });
      raw.push(...(page.items ?? page.value));
      path = page['@odata.nextLink'];
    }
    const instant = (text) => new Date(text).toISOString();
    const shown = this.google
      ? (e) => ({ id: e.id, title: e.summary, start: e.start.date ?? instant(e.start.dateTime), end: e.end.date ?? instant(e.end.dateTime) })
      : (e) => {
          const time = (t) => (e.isAllDay ? t.dateTime.slice(0, 10) : instant(`${t.dateTime.slice(0, 19)}Z`));
          return { id: e.id, title: e.subject, start: time(e.start), end: time(e.end) };
        };
    return raw.filter((e) => e.status !== 'cancelled').map(shown).sort((a, b) => (a.start < b.start ? -1 : 1));
  }
  async of(title, from, to) {
    return (await this.occurrences(from, to)).filter((o) => o.title === title);
  }

  rename(id, title) {
    return this.call('PATCH', this.#at(id), this.google ? { summary: title } : { subject: title });
  }
  /** Both wall clocks in `zone`. */
  move(id, date, from, to, zone = 'Europe/Berlin') {
    const time = (clock) => ({ dateTime: `${date}T${clock}`, timeZone: this.google ? zone : outlookZones[zone] });
    return this.call('PATCH', this.#at(id), { start: time(from), end: time(to) });
  }
  cancel(id) {
    return this.call('DELETE', this.google ? `${this.#at(id)}?sendUpdates=none` : this.#at(id));
  }
  change(id, body) {
    return this.call('PATCH', this.#at(id), body);
  }
  get(id) {
    return this.call('GET', this.#at(id));
  }
  #at(id) {
    return `${this.base}/${encodeURIComponent(id)}`;
  }
}

/** The same of an entry, as the host shows it. */
export async function occurrencesOf(host, entryId, from, to) {
  const { items } = await host.get(`/v1/schedule-entries/${entryId}/occurrences?from=${from}T00:00:00Z&to=${to}T00:00:00Z&limit=200`);
  const time = (t) => t.date ?? new Date(t.date_time).toISOString();
  return items.map((o) => ({ recurrenceId: o.recurrence_id, title: o.title, start: time(o.start), end: time(o.end) }));
}

const plain = (all) => all.map(({ title, start, end }) => ({ title, start, end }));

/** Waits until the calendar shows exactly the occurrences of the entry between two dates; answers them. */
export function sameOccurrences(series, host, entryId, from, to, assert) {
  return eventually(
    async () => {
      const entry = await occurrencesOf(host, entryId, from, to);
      const titles = new Set(entry.map((o) => o.title));
      const shown = (await series.occurrences(from, to)).filter((o) => titles.has(o.title));
      assert.deepEqual(plain(shown), plain(entry));
      return entry;
    },
    { what: 'both sides having the same occurrences', within: 40_000 },
  );
}

/** "09:00:00" of an instant there. */
export const clockOf = (zone, instant) => wallClock(zone, Date.parse(instant)).slice(11);
