// SPDX-License-Identifier: Apache-2.0
// What a line of the ledger says, made readable. Pure.
import {decisions as words} from '../texts/decisions';
import {timeWords} from './conflicts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const sideNames = ['base_entry', 'entry', 'base_event', 'event', 'losing'] as const;

type Values = Readonly<Record<string, unknown>>;

/** What was typed: an id is one, everything else is a part of a title. */
export function searchOf(typed: string): {entry_id?: string; title?: string} {
  const text = typed.trim();
  if (text === '') return {};
  return uuid.test(text.toLowerCase()) ? {entry_id: text.toLowerCase()} : {title: text};
}

/** Where a period of so many days begins, to the hour, so that a question stays the same for a while. */
export function beginOf(period: string, nowMs: number): string | undefined {
  const days = Number(period);
  if (!Number.isInteger(days) || days <= 0) return undefined;
  return new Date(Math.floor(nowMs / hourMs) * hourMs - days * dayMs).toISOString();
}

const isValues = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);

export function textOf(value: unknown, locale?: string, timeZone?: string): string {
  if (value === null || value === undefined || value === '') return words.empty;
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? words.empty : value.map((v) => textOf(v, locale, timeZone)).join(', ');
  if (isValues(value) && (typeof value['date'] === 'string' || typeof value['date_time'] === 'string')) return timeWords(value as Parameters<typeof timeWords>[0], locale, timeZone);
  return JSON.stringify(value);
}

export interface FieldSides {
  field: string;
  sides: {side: string; text: string}[];
}

/** Field by field, what each side said that was looked at. */
export function fieldsOf(inputs: unknown, locale?: string, timeZone?: string): FieldSides[] {
  if (!isValues(inputs)) return [];
  const there = sideNames.filter((s) => isValues(inputs[s]));
  const named = new Set(there.flatMap((s) => Object.keys(inputs[s] as Values)));
  return [...named].map((field) => ({
    field,
    sides: there.filter((s) => field in (inputs[s] as Values)).map((side) => ({side, text: textOf((inputs[side] as Values)[field], locale, timeZone)})),
  }));
}

/** The other things that were looked at: versions, causes, rules. */
export function notesOf(inputs: unknown): {name: string; text: string}[] {
  if (!isValues(inputs)) return [];
  return Object.entries(inputs).filter(([name]) => !(sideNames as readonly string[]).includes(name) && name !== 'weighed').map(([name, value]) => ({name, text: textOf(value)}));
}
