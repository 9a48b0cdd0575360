// SPDX-License-Identifier: Apache-2.0
// What both sides of a conflict say, field group by field group. Pure.
import type {Conflict, Schemas} from '../api/shapes';
import {conflicts as words} from '../texts/conflicts';

export type Group = Schemas['field_group'];
export type Side = 'local' | 'external';
export type Picks = Partial<Record<Group, Side>>;
type Values = Readonly<Record<string, unknown>>;

/** What lost is kept for so long after the decision. */
const keptMs = 90 * 86_400_000;
/** Decided by nobody: nothing lost. */
const endedByItself = ['both_agree', 'left_the_calendar'];

const fieldsOf: Record<Group, readonly string[]> = {
  time: ['start', 'end'], title: ['title'], notes: ['notes'], location: ['location'], privacy: ['is_private'],
  status: ['is_tentative'], recurrence: ['recurrence'], occurrences: ['recurrence'], attendees: ['attendees'],
};

interface Recurrence {
  rrule?: string;
  rdates?: string[];
  exdates?: string[];
  changed_occurrences?: {recurrence_id: string; title: string; status: string; start: Time; end: Time}[];
}
interface Time {
  date?: string;
  date_time?: string;
  time_zone?: string | null;
}

/** The part of the values that a group is about. */
function partOf(group: Group, values: Values): unknown[] {
  if (group !== 'recurrence' && group !== 'occurrences') return fieldsOf[group].map((f) => values[f] ?? null);
  const r = (values['recurrence'] ?? {}) as Recurrence;
  return group === 'recurrence' ? [r.rrule ?? null, r.rdates ?? []] : [r.exdates ?? [], r.changed_occurrences ?? []];
}

export function differs(group: Group, a: unknown, b: unknown): boolean {
  return JSON.stringify(partOf(group, (a ?? {}) as Values)) !== JSON.stringify(partOf(group, (b ?? {}) as Values));
}

/** An entry's time for people: in the reader's zone, with the entry's own named when it has one. */
export function timeWords(time: Time | undefined, locale?: string, timeZone?: string): string {
  if (!time) return words.nothing;
  const zone = timeZone === undefined ? {} : {timeZone};
  if (time.date) return new Intl.DateTimeFormat(locale, {dateStyle: 'medium', timeZone: 'UTC'}).format(Date.parse(`${time.date}T00:00:00Z`));
  const text = time.date_time ?? '';
  const own = time.time_zone ? ` (${time.time_zone})` : '';
  if (!/(Z|[+-]\d\d:?\d\d)$/.test(text)) return `${text.replace('T', ' ')}${own}`;
  return `${new Intl.DateTimeFormat(locale, {dateStyle: 'medium', timeStyle: 'short', ...zone}).format(Date.parse(text))}${own}`;
}

/** What one side says in a group, a line each. */
export function linesOf(group: Group, given: unknown, locale?: string, timeZone?: string): string[] {
  const values = (given ?? {}) as Values;
  const when = (time: unknown): string => timeWords(time as Time, locale, timeZone);
  const text = (name: string): string => (typeof values[name] === 'string' && values[name] !== '' ? (values[name] as string) : words.nothing);
  const r = (values['recurrence'] ?? {}) as Recurrence;
  switch (group) {
    case 'time': return [words.starts(when(values['start'])), words.ends(when(values['end']))];
    case 'title': return [text('title')];
    case 'notes': return [text('notes')];
    case 'location': return [text('location')];
    case 'privacy': return [values['is_private'] ? words.isPrivate : words.isPublic];
    case 'status': return [values['is_tentative'] ? words.tentative : words.firm];
    case 'recurrence': return r.rrule ? [r.rrule, ...(r.rdates ?? []).map(words.added)] : [words.single];
    case 'occurrences': {
      const lines = [...(r.exdates ?? []).map(words.dropped), ...(r.changed_occurrences ?? []).map((o) => words.moved(o.recurrence_id, o.title, when(o.start)))];
      return lines.length > 0 ? lines : [words.noneChanged];
    }
    case 'attendees': {
      const guests = (values['attendees'] ?? []) as {email: string; name?: string | null; response?: string}[];
      return guests.length > 0 ? guests.map((a) => words.guest(a.name ? `${a.name} <${a.email}>` : a.email, a.response ?? '')) : [words.noGuests];
    }
  }
}

export const chosenAll = (c: Pick<Conflict, 'groups'>, picks: Picks): boolean => c.groups.every((g) => picks[g] !== undefined);

/** Whose value stands in a group of a decided conflict. */
export const standing = (c: Pick<Conflict, 'from_calendar'>, group: Group): Side => (c.from_calendar.includes(group) ? 'external' : 'local');

export function canRestore(c: Conflict, nowMs: number): boolean {
  if (c.state !== 'resolved' || c.resolved_at === null || endedByItself.includes(c.decided_by ?? '')) return false;
  return nowMs - Date.parse(c.resolved_at) <= keptMs;
}

/** Who decided, from the name that the ledger has for them. */
export function deciderOf(by: string | null, nameOf: (userId: string) => string | null): string {
  const [kind, id = ''] = (by ?? '').split(':');
  return kind === 'user' ? (nameOf(id) ?? words.decider('user')) : words.decider(kind ?? '');
}
