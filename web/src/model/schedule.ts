// SPDX-License-Identifier: Apache-2.0
// What a schedule shows, what a person drafts, and which change that is for one occurrence, for those that follow, or for all. Pure.
import {fromDate, parseDateTime, toZoned} from '@internationalized/date';
import type {Entry, Schemas} from '../api/shapes';
import {attendeesOf, type Guest} from './guests';
import {addDays, countBefore, dateOf, daysBetween, firstDay, follow, hasDay, namesDays, readRule, writeRule, type Repeat} from './recurrence';

export type Item = Schemas['schedule_item'];
export type EntryTime = Schemas['entry_time'];
export type EntryChange = Schemas['entry_change'];
export type NewEntry = Schemas['new_entry'];
export type Standing = Schemas['standing'];
export type StandingState = Standing['state'];
export type EntryStatus = Schemas['entry_status'];
export type EditScope = 'single' | 'future' | 'all';

/** Names the item for good: a single entry by its id, an occurrence with where its rule puts it. */
export const itemKey = (i: Pick<Item, 'id' | 'recurrence_id'>): string => (i.recurrence_id ? `${i.id}@${i.recurrence_id}` : i.id);
/** The same, as a part of ids of the page. */
export const itemId = (i: Pick<Item, 'id' | 'recurrence_id'>): string => itemKey(i).replaceAll('@', '-').replaceAll(':', '');

// -- times

/** A day, or a wall clock "2026-12-01T09:00:00" in a zone. */
export interface Wall {
  time: string;
  /** Null: a day. */
  zone: string | null;
}

export function wallOf(t: EntryTime): Wall {
  if ('date' in t) return {time: t.date, zone: null};
  if (t.time_zone) return {time: t.date_time.slice(0, 19), zone: t.time_zone};
  return wallAt(new Date(t.date_time), 'UTC');
}

export const wallAt = (at: Date, zone: string): Wall => ({time: fromDate(at, zone).toString().slice(0, 19), zone});

export const timeOf = (w: Wall): EntryTime => (w.zone === null ? {date: dateOf(w.time)} : {date_time: w.time, time_zone: w.zone});

/** With its offset: in the hour that comes twice, the one that is meant. */
function exactTimeOf(at: Date, zone: string): EntryTime {
  return {date_time: fromDate(at, zone).toString().replace(/\.\d+/, '').replace(/\[.*$/, ''), time_zone: zone};
}

/** When that is; a day begins at midnight of `reader`. */
export const instantOf = (w: Wall, reader: string): Date => toZoned(parseDateTime(w.zone === null ? `${dateOf(w.time)}T00:00:00` : w.time), w.zone ?? reader).toDate();

const instantOfTime = (t: EntryTime): Date => ('date_time' in t && /[+-]\d\d:\d\d$|Z$/.test(t.date_time) ? new Date(t.date_time) : instantOf(wallOf(t), 'UTC'));

/** Wall clocks as numbers: differences between them are what a clock on the wall shows, whatever summer time does. */
const ticks = (time: string): number => Date.parse(`${time.length === 10 ? `${time}T00:00:00` : time}Z`);
const wallAfter = (w: Wall, ms: number): Wall => {
  const text = new Date(ticks(w.time) + ms).toISOString();
  return {time: w.zone === null ? text.slice(0, 10) : text.slice(0, 19), zone: w.zone};
};

/** The same length later: what becomes of the end when the start is set to another time. */
export const endAfterStart = (oldStart: Wall, oldEnd: Wall, newStart: Wall): Wall =>
  oldStart.zone !== null && oldEnd.zone !== oldStart.zone ? oldEnd : wallAfter({...newStart, zone: newStart.zone}, ticks(oldEnd.time) - ticks(oldStart.time));

// -- what the calendar draws

export interface Shown {
  id: string;
  title: string;
  start: Date | string;
  end: Date | string;
  allDay: boolean;
  item: Item;
}

/** Where a person has put an item; the server has not said so yet. */
export interface Moved {
  start: Date | string;
  end: Date | string;
  allDay: boolean;
}

/** Times as instants, which the calendar draws in the reader's zone; days as days, the end exclusive, as the API has it. */
export function shownOf(item: Item, moved?: Moved): Shown {
  const at = (t: EntryTime): Date | string => ('date' in t ? t.date : instantOfTime(t));
  return {id: itemKey(item), title: item.title, item, ...(moved ?? {start: at(item.start), end: at(item.end), allDay: item.all_day})};
}

/** The API's times for where an item was put: each end stays in the zone that it had. */
export function timesOfMove(item: Item, moved: Moved, reader: string): {start: EntryTime; end: EntryTime} {
  const [was, wasEnd] = [wallOf(item.start), wallOf(item.end)];
  if (moved.allDay) return {start: {date: dateOf(String(moved.start))}, end: {date: dateOf(String(moved.end))}};
  const at = (t: Date | string): Date => (t instanceof Date ? t : new Date(t));
  return {start: exactTimeOf(at(moved.start), was.zone ?? reader), end: exactTimeOf(at(moved.end), wasEnd.zone ?? reader)};
}

// -- how it stands in its calendars

const gravity: StandingState[] = ['conflict', 'refused', 'held', 'off', 'waiting', 'in_step'];

/** The one word for all its calendars: what needs a person first. Null: it is in no calendar. */
export function worstOf(sync: readonly Standing[] | undefined): Standing | null {
  const sorted = [...(sync ?? [])].sort((a, b) => gravity.indexOf(a.state) - gravity.indexOf(b.state));
  return sorted[0] ?? null;
}

// -- a draft in a form

export interface Draft {
  title: string;
  location: string;
  notes: string;
  start: Wall;
  /** Exclusive also for days. */
  end: Wall;
  status: EntryStatus;
  isPrivate: boolean;
  people: string[];
  /** Null: once. A rule that has no words here stays as text. */
  repeat: Repeat | {rule: string} | null;
  /** Of a series, beside those of its rule: wall clocks of its zone, or days, in order. */
  dates: string[];
  guests: readonly Guest[];
}

export const isWorded = (r: Draft['repeat']): r is Repeat => r !== null && 'frequency' in r;

export function newDraft(start: Wall, end: Wall, people: string[]): Draft {
  return {title: '', location: '', notes: '', start, end, status: 'scheduled', isPrivate: false, people, repeat: null, dates: [], guests: []};
}

/** One item as it takes place, with what only its entry knows. */
export function draftOf(item: Item, entry: Entry): Draft {
  const own = entry.recurrence?.changed_occurrences.find((o) => o.recurrence_id === item.recurrence_id);
  const seriesStart = wallOf(entry.start);
  const rule = entry.recurrence?.rrule ?? '';
  return {
    title: item.title, location: item.location, notes: own?.notes ?? entry.notes, start: wallOf(item.start), end: wallOf(item.end),
    status: item.status, isPrivate: item.is_private, people: [...item.assigned_user_ids],
    repeat: entry.recurrence === null ? null : rule === '' ? {rule: ''} : (readRule(rule, seriesStart.time, seriesStart.zone ?? 'UTC') ?? {rule}),
    dates: [...(entry.recurrence?.rdates ?? [])].sort(), guests: entry.attendees,
  };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** All-day or not: a day keeps its date, a time gets its zone. `days` are full days, so that the end stays behind the start. */
export function asAllDay(d: Draft): Draft {
  const lastTouched = d.end.time.slice(11) === '00:00:00' && daysBetween(d.start.time, d.end.time) > 0 ? addDays(d.end.time, -1) : dateOf(d.end.time);
  return {...d, start: {time: dateOf(d.start.time), zone: null}, end: {time: addDays(lastTouched, 1), zone: null}, dates: [...new Set(d.dates.map(dateOf))]};
}

export function asTimed(d: Draft, zone: string, clock = '09:00:00'): Draft {
  const start = {time: `${dateOf(d.start.time)}T${clock}`, zone};
  return {...d, start, end: wallAfter({time: `${addDays(d.end.time, -1)}T${clock}`, zone}, 3_600_000), dates: d.dates.map((at) => `${dateOf(at)}T${clock}`)};
}

/** In another zone, with the same figures on the clock. */
export const inZone = (d: Draft, zone: string): Draft => (d.start.zone === null ? d : {...d, start: {...d.start, zone}, end: {...d.end, zone}});

/** A new start takes the end, the rule and the single dates along. */
export function withStart(d: Draft, start: Wall): Draft {
  return {...d, start, end: endAfterStart(d.start, d.end, start), repeat: isWorded(d.repeat) ? follow(d.repeat, d.start.time, start.time) : d.repeat, dates: datesAlong(d.dates, d.start, start)};
}

/** The server moves them by as much as the start, too. */
function datesAlong(dates: readonly string[], from: Wall, to: Wall): string[] {
  const ms = ticks(to.time) - ticks(from.time);
  return dates.map((time) => wallAfter({time, zone: from.zone}, ms).time);
}

/** The single dates that have to be said: undefined if they are as they were, or go along by themselves. */
function datesFor(was: Draft, is: Draft): string[] | undefined {
  if (was.dates.length === 0 && is.dates.length === 0) return undefined;
  const alike = (was.start.zone === null) === (is.start.zone === null);
  return alike && same(datesAlong(was.dates, was.start, is.start), is.dates) ? undefined : is.dates;
}

export const mostDates = 1_000;
export type DateProblem = 'before' | 'twice' | 'of_rule';

/** What is wrong with one more single date of a series that begins with `first`. */
export function dateProblem(d: Draft, first: string, slot: string): DateProblem | null {
  if (slot < first) return 'before';
  if (slot === first || d.dates.includes(slot)) return 'twice';
  return isWorded(d.repeat) && slot.slice(10) === first.slice(10) && hasDay(d.repeat, first, slot) ? 'of_rule' : null;
}

/** The API's entry. A series begins on the first day that its rule has. */
export function entryOf(d: Draft, withPeople: boolean): NewEntry {
  const fitted = begun(d.repeat, d.start, d.end);
  return {
    title: d.title, location: d.location, notes: d.notes, start: timeOf(fitted.start), end: timeOf(fitted.end), status: d.status, is_private: d.isPrivate,
    ...(withPeople ? {assigned_user_ids: d.people} : {}),
    ...(isWorded(d.repeat) ? {recurrence: {rrule: writeRule(d.repeat, fitted.start.time, fitted.start.zone ?? 'UTC'), ...(d.dates.length > 0 ? {rdates: d.dates} : {})}} : {}),
    ...(d.guests.length > 0 ? {attendees: attendeesOf(d.guests)} : {}),
  };
}

function begun(repeat: Draft['repeat'], start: Wall, end: Wall): {start: Wall; end: Wall} {
  if (!isWorded(repeat)) return {start, end};
  const ms = daysBetween(start.time, firstDay(repeat, start.time)) * 86_400_000;
  return {start: wallAfter(start, ms), end: wallAfter(end, ms)};
}

// -- changes

/** Whether one occurrence alone can have that change: how it repeats and who its guests are belongs to the series. */
export const scopesFor = (was: Draft, is: Draft): EditScope[] =>
  ((same(was.repeat, is.repeat) || movesAlong(was, is)) && datesFor(was, is) === undefined && same(was.guests, is.guests) ? ['single', 'future', 'all'] : ['future', 'all']);

/** The rule differs only because the start is on another day. */
const movesAlong = (was: Draft, is: Draft): boolean => isWorded(was.repeat) && same(follow(was.repeat, was.start.time, is.start.time), is.repeat);

/** What differs, whatever it is meant for. */
function plainChange(was: Draft, is: Draft): EntryChange {
  const out: EntryChange = {};
  if (is.title !== was.title) out.title = is.title;
  if (is.location !== was.location) out.location = is.location;
  if (is.notes !== was.notes) out.notes = is.notes;
  if (is.status !== was.status) out.status = is.status;
  if (is.isPrivate !== was.isPrivate) out.is_private = is.isPrivate;
  if (!same([...is.people].sort(), [...was.people].sort())) out.assigned_user_ids = is.people;
  if (!same(is.guests, was.guests)) out.attendees = attendeesOf(is.guests);
  return out;
}

const timesDiffer = (was: Draft, is: Draft): boolean => !same([was.start, was.end], [is.start, is.end]);

/** A single entry, or one occurrence of a series. */
export function changeOfOne(was: Draft, is: Draft): EntryChange {
  const out = plainChange(was, is);
  if (timesDiffer(was, is)) Object.assign(out, {start: timeOf(is.start), end: timeOf(is.end)});
  return out;
}

/** A single entry, which may become a series. */
export function changeOfEntry(was: Draft, is: Draft): EntryChange {
  const out = changeOfOne(was, is);
  if (same(was.repeat, is.repeat) || !isWorded(is.repeat)) return out;
  const fitted = begun(is.repeat, is.start, is.end);
  if (!same(fitted.start, was.start) || !same(fitted.end, was.end)) Object.assign(out, {start: timeOf(fitted.start), end: timeOf(fitted.end)});
  return {...out, recurrence: {rrule: writeRule(is.repeat, fitted.start.time, fitted.start.zone ?? 'UTC'), ...(is.dates.length > 0 ? {rdates: is.dates} : {})}};
}

/** From one occurrence on: what follows begins where that occurrence is put. */
export function changeOfFuture(was: Draft, is: Draft, entry: Entry): EntryChange {
  const out = changeOfOne(was, is);
  const rule = ruleFor(was, is, is.start);
  const dates = datesFor(was, is)?.filter((d) => d >= is.start.time);
  if (rule === undefined) return dates ? {...out, recurrence: {rdates: dates}} : out;
  if (rule === null) return {...out, recurrence: null};
  const fitted = begun(rule, is.start, is.end);
  if (timesDiffer(was, is) || fitted.start.time !== is.start.time) Object.assign(out, {start: timeOf(fitted.start), end: timeOf(fitted.end)});
  const left = isWorded(was.repeat) && rule.ending.kind === 'after' && same(rule.ending, was.repeat.ending) ? rule.ending.count - countBefore(was.repeat, dateOf(wallOf(entry.start).time), was.start.time) : null;
  const counted: Repeat = left === null ? rule : {...rule, ending: {kind: 'after', count: Math.max(1, left)}};
  return {...out, recurrence: {rrule: writeRule(counted, fitted.start.time, fitted.start.zone ?? 'UTC'), ...(dates ? {rdates: dates} : {})}};
}

/** The whole series goes along by as much as that one occurrence was moved. */
export function changeOfAll(was: Draft, is: Draft, entry: Entry): EntryChange {
  const out = plainChange(was, is);
  const series = wallOf(entry.start);
  const zone = is.start.zone;
  const anchored = zone === null ? dateOf(series.time) : series.zone === null ? `${series.time}T${is.start.time.slice(11)}` : series.time;
  const shift = zone === null || was.start.zone === null ? daysBetween(was.start.time, is.start.time) * 86_400_000 : ticks(is.start.time) - ticks(was.start.time);
  const moved = timesDiffer(was, is);
  let start = moved ? wallAfter({time: anchored, zone}, shift) : series;
  let end = moved ? wallAfter({...start, zone: is.end.zone}, ticks(is.end.time) - ticks(is.start.time)) : wallOf(entry.end);
  const rule = ruleFor(was, is, start, series);
  if (rule) ({start, end} = begun(rule, start, end));
  if (moved || !same(start, series)) Object.assign(out, {start: timeOf(start), end: timeOf(end)});
  const dates = datesFor(was, is);
  if (rule === undefined) return dates ? {...out, recurrence: {rdates: dates}} : out;
  return {...out, recurrence: rule === null ? null : {rrule: writeRule(rule, start.time, start.zone ?? 'UTC'), ...(dates ? {rdates: dates} : {})}};
}

/** The rule that has to be said: undefined if none has to, null if it repeats no more. */
function ruleFor(was: Draft, is: Draft, start: Wall, series?: Wall): Repeat | null | undefined {
  if (is.repeat === null) return was.repeat === null ? undefined : null;
  if (!isWorded(is.repeat)) return undefined;
  const only = same(was.repeat, is.repeat) || movesAlong(was, is);
  if (!only) return is.repeat;
  const otherDay = dateOf(was.start.time) !== dateOf(is.start.time);
  if (!otherDay || !isWorded(was.repeat) || !namesDays(was.repeat)) return undefined;
  return series ? follow(was.repeat, series.time, start.time) : follow(was.repeat, was.start.time, start.time);
}

/** Whether anything was changed at all. */
export const isChanged = (was: Draft, is: Draft): boolean => !same(was, is);

/** Half past and full hours: where a new entry begins if nobody said. */
export function nextHour(now: Date, zone: string): Wall {
  const at = wallAt(now, zone);
  return wallAfter({time: `${at.time.slice(0, 13)}:00:00`, zone}, 3_600_000);
}

export const hourAfter = (w: Wall): Wall => wallAfter(w, 3_600_000);
