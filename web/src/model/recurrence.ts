// SPDX-License-Identifier: Apache-2.0
// RFC 5545 rules as people say them: what can be said is edited, everything else is kept as it is. Pure.
import {CalendarDate, fromDate, parseDate, parseDateTime, toZoned} from '@internationalized/date';

export const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
export type Weekday = (typeof weekdays)[number];
export type Frequency = 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';
/** The first to the fourth, or the last. */
export type Place = 1 | 2 | 3 | 4 | -1;
/** Which day of a month (or of a year's month) is meant. */
export type MonthDay = {kind: 'day'; day: number} | {kind: 'last'} | {kind: 'place'; place: Place; weekday: Weekday};
/** The date is the last one on which it may take place. */
export type Ending = {kind: 'never'} | {kind: 'on'; date: string} | {kind: 'after'; count: number};

export interface Repeat {
  frequency: Frequency;
  every: number;
  /** Weekly: at least one, in the order of the week. */
  weekdays: Weekday[];
  /** Monthly and yearly. */
  on: MonthDay;
  /** Yearly. */
  month: number;
  /** The first day of the week, if the rule names one. */
  weekStart: Weekday | null;
  ending: Ending;
}

/** Beyond it an entry is refused, and nothing is counted. */
const mostSlots = 10_000;
/** A leap day is never further away. */
const mostDays = 366 * 8 + 1;

/** "2026-12-01" or "2026-12-01T09:00:00". */
export const dateOf = (time: string): string => time.slice(0, 10);
export const addDays = (date: string, days: number): string => parseDate(dateOf(date)).add({days}).toString();
export const daysBetween = (from: string, to: string): number => Math.round((Date.parse(`${dateOf(to)}T00:00:00Z`) - Date.parse(`${dateOf(from)}T00:00:00Z`)) / 86_400_000);

/** "2026-02-30" is none. */
export const isDate = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

export function weekdayOf(date: string): Weekday {
  return weekdays[(new Date(`${dateOf(date)}T00:00:00Z`).getUTCDay() + 6) % 7]!;
}

const lastDayOf = (d: CalendarDate): number => d.calendar.getDaysInMonth(d);

/** How the day of `date` can be said within its month; what fits best comes first. */
export function monthDaysOf(date: string): MonthDay[] {
  const d = parseDate(dateOf(date));
  const weekday = weekdayOf(date);
  const place = Math.ceil(d.day / 7);
  const found: MonthDay[] = [{kind: 'day', day: d.day}];
  if (place <= 4) found.push({kind: 'place', place: place as Place, weekday});
  if (d.day + 7 > lastDayOf(d)) found.push({kind: 'place', place: -1, weekday});
  if (d.day === lastDayOf(d)) found.push({kind: 'last'});
  return found;
}

export const sameMonthDay = (a: MonthDay, b: MonthDay): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What is offered first to whoever begins to repeat something that starts on `date`. */
export function usualRepeat(frequency: Frequency, date: string): Repeat {
  return {frequency, every: 1, weekdays: [weekdayOf(date)], on: monthDaysOf(date)[0]!, month: parseDate(dateOf(date)).month, weekStart: null, ending: {kind: 'never'}};
}

// -- reading

/** `start` is the entry's wall clock, in `zone`; a date if it is all-day. Null: a rule that has no words here. */
export function readRule(rrule: string, start: string, zone: string): Repeat | null {
  const parts = new Map(rrule.replace(/^RRULE:/i, '').split(';').filter((p) => p !== '').map((p) => [p.split('=')[0]!.toUpperCase(), p.split('=').slice(1).join('=')]));
  const take = (name: string): string | undefined => {
    const value = parts.get(name);
    parts.delete(name);
    return value;
  };
  const frequency = take('FREQ') as Frequency;
  const every = Number(take('INTERVAL') ?? 1);
  const weekStart = (take('WKST') ?? null) as Weekday | null;
  const ending = readEnding(take('COUNT'), take('UNTIL'), zone);
  if (!['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'].includes(frequency) || !Number.isInteger(every) || every < 1 || !ending) return null;
  const said = readDays(frequency, take, start);
  if (!said || parts.size > 0) return null;
  return {...usualRepeat(frequency, start), every, weekStart, ending, ...said};
}

function readEnding(count: string | undefined, until: string | undefined, zone: string): Ending | null {
  if (count !== undefined) return /^[1-9]\d*$/.test(count) ? {kind: 'after', count: Number(count)} : null;
  if (until === undefined) return {kind: 'never'};
  const m = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?$/.exec(until);
  if (!m) return null;
  const date = `${m[1]}-${m[2]}-${m[3]}`;
  if (m[7] !== 'Z') return {kind: 'on', date};
  return {kind: 'on', date: dateOf(fromDate(new Date(`${date}T${m[4]}:${m[5]}:${m[6]}Z`), zone).toString())};
}

function readDays(frequency: Frequency, take: (name: string) => string | undefined, start: string): Partial<Repeat> | null {
  const month = parseDate(dateOf(start)).month;
  const byMonth = frequency === 'YEARLY' ? take('BYMONTH') : undefined;
  if (byMonth !== undefined && Number(byMonth) !== month) return null;
  const byDay = frequency === 'DAILY' ? undefined : take('BYDAY');
  const byMonthDay = frequency === 'MONTHLY' || frequency === 'YEARLY' ? take('BYMONTHDAY') : undefined;
  if (byDay === undefined && byMonthDay === undefined) return {};
  if (frequency === 'WEEKLY') {
    const days = byDay!.split(',');
    return days.every((d) => weekdays.includes(d as Weekday)) ? {weekdays: weekdays.filter((d) => days.includes(d))} : null;
  }
  if (byDay !== undefined && byMonthDay !== undefined) return null;
  if (frequency === 'YEARLY' && byMonth === undefined) return null;
  const on = byDay !== undefined ? placeOf(byDay) : byMonthDay === '-1' ? ({kind: 'last'} as const) : /^[1-9]\d?$/.test(byMonthDay!) ? ({kind: 'day', day: Number(byMonthDay)} as const) : null;
  return on ? {on} : null;
}

function placeOf(byDay: string): MonthDay | null {
  const m = /^(1|2|3|4|-1)(MO|TU|WE|TH|FR|SA|SU)$/.exec(byDay.replace(/^\+/, ''));
  return m ? {kind: 'place', place: Number(m[1]) as Place, weekday: m[2] as Weekday} : null;
}

// -- writing

/** The rule for an entry that starts then; what the start says anyway is left to it. */
export function writeRule(r: Repeat, start: string, zone: string): string {
  const parts = [`FREQ=${r.frequency}`];
  if (r.every > 1) parts.push(`INTERVAL=${r.every}`);
  if (r.frequency === 'WEEKLY') parts.push(`BYDAY=${r.weekdays.join(',')}`);
  if (r.frequency === 'YEARLY' && r.on.kind !== 'day') parts.push(`BYMONTH=${r.month}`);
  if (r.frequency === 'MONTHLY' || r.frequency === 'YEARLY') {
    if (r.on.kind === 'place') parts.push(`BYDAY=${r.on.place}${r.on.weekday}`);
    if (r.on.kind === 'last') parts.push('BYMONTHDAY=-1');
  }
  if (r.weekStart) parts.push(`WKST=${r.weekStart}`);
  if (r.ending.kind === 'after') parts.push(`COUNT=${r.ending.count}`);
  if (r.ending.kind === 'on') parts.push(`UNTIL=${untilOf(r.ending.date, start, zone)}`);
  return parts.join(';');
}

/** The end of that day: in UTC for a wall clock, the day itself for an all-day entry. */
function untilOf(date: string, start: string, zone: string): string {
  if (start.length === 10) return date.replaceAll('-', '');
  const last = toZoned(parseDateTime(`${date}T23:59:59`), zone).toDate().toISOString();
  return `${last.slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

// -- days

function isMonthDay(on: MonthDay, d: CalendarDate): boolean {
  if (on.kind === 'day') return d.day === on.day;
  if (on.kind === 'last') return d.day === lastDayOf(d);
  if (weekdayOf(d.toString()) !== on.weekday) return false;
  return on.place === -1 ? d.day + 7 > lastDayOf(d) : Math.ceil(d.day / 7) === on.place;
}

/** Whether the rule has that day, counted from `start`. */
function isDayOf(r: Repeat, start: string, date: string): boolean {
  const [a, b] = [parseDate(dateOf(start)), parseDate(dateOf(date))];
  if (r.frequency === 'DAILY') return daysBetween(start, date) % r.every === 0;
  if (r.frequency === 'WEEKLY') {
    const first = weekdays.indexOf(r.weekStart ?? 'MO');
    const weekOf = (day: string): string => addDays(day, -((weekdays.indexOf(weekdayOf(day)) - first + 7) % 7));
    return r.weekdays.includes(weekdayOf(date)) && (daysBetween(weekOf(start), weekOf(date)) / 7) % r.every === 0;
  }
  if (!isMonthDay(r.on, b)) return false;
  if (r.frequency === 'MONTHLY') return ((b.year - a.year) * 12 + b.month - a.month) % r.every === 0;
  return b.month === r.month && (b.year - a.year) % r.every === 0;
}

/** The first day from `start` on that the rule's words fit: where the series begins. */
export function firstDay(r: Repeat, start: string): string {
  for (let n = 0; n < mostDays; ++n) {
    const day = addDays(start, n);
    if (isDayOf({...r, every: 1}, day, day)) return day;
  }
  return dateOf(start);
}

/** Whether the rule of a series that begins at `start` has that day before it ends. */
export function hasDay(r: Repeat, start: string, date: string): boolean {
  if (daysBetween(start, date) < 0 || !isDayOf(r, start, date)) return false;
  if (r.ending.kind === 'on') return dateOf(date) <= r.ending.date;
  return r.ending.kind === 'never' || countBefore(r, start, date) < r.ending.count;
}

/** How many the rule has from `start` to the day before `date`. */
export function countBefore(r: Repeat, start: string, date: string): number {
  const days = daysBetween(start, date);
  let count = 0;
  for (let n = 0; n < days && count < mostSlots; ++n) if (isDayOf(r, start, addDays(start, n))) ++count;
  return count;
}

/** The rule of a series whose start goes from one day to another: it goes along, and so does its last day. */
export function follow(r: Repeat, from: string, to: string): Repeat {
  const days = daysBetween(from, to);
  if (days === 0) return r;
  const moved = (d: Weekday): Weekday => weekdays[(((weekdays.indexOf(d) + days) % 7) + 7) % 7]!;
  const choices = monthDaysOf(to);
  const like = choices.find((c) => c.kind === r.on.kind && (c.kind !== 'place' || r.on.kind !== 'place' || c.place === r.on.place)) ?? choices.find((c) => c.kind === r.on.kind) ?? choices[0]!;
  return {
    ...r,
    weekdays: weekdays.filter((d) => r.weekdays.map(moved).includes(d)),
    on: like,
    month: parseDate(dateOf(to)).month,
    ending: r.ending.kind === 'on' ? {kind: 'on', date: addDays(r.ending.date, days)} : r.ending,
  };
}

/** Whether a start on another day needs another rule: the server lets what the start says go along by itself. */
export function namesDays(r: Repeat): boolean {
  if (r.frequency === 'DAILY') return false;
  return r.frequency === 'WEEKLY' ? r.weekdays.length > 1 : r.on.kind !== 'day';
}
