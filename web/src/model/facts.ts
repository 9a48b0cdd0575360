// SPDX-License-Identifier: Apache-2.0
// One fact as one line for people. Pure: who is named by which id is passed in.
import type {Fact, Provider} from '../api/shapes';
import {factTexts} from '../texts/facts';
import {provider as words} from '../texts/provider';

export const factKinds = ['entries', 'runs', 'conflicts', 'calendars', 'push'] as const;
export type FactKind = (typeof factKinds)[number];
export type Tone = 'plain' | 'good' | 'warn' | 'bad';

export interface FactLine {
  kind: FactKind;
  tone: Tone;
  title: string;
  detail: string;
}

export interface Naming {
  provider(id: string): Provider | null;
  exact(atMs: number): string;
}

const kindOfPrefix: [string, FactKind][] = [
  ['SCHEDULE_ENTRY_', 'entries'],
  ['CALENDAR_SYNC_', 'runs'],
  ['CALENDAR_CONFLICT_', 'conflicts'],
  ['CALENDAR_CHANNEL_', 'push'],
];

export function kindOf(type: string): FactKind {
  return kindOfPrefix.find(([prefix]) => type.startsWith(prefix))?.[1] ?? 'calendars';
}

export function lineOf(fact: Fact, naming: Naming): FactLine {
  const kind = kindOf(fact.type);
  const source = sourceOf(fact, naming);
  const write = writers[fact.type];
  if (!write) return {kind, tone: 'plain', title: factTexts.unknown(fact.type), detail: source.account};
  const {tone = 'plain', title, details} = write(fact.data, source, naming);
  return {kind, tone, title, detail: joined(details)};
}

/** Sentences among the parts lose their full stop: the dots between the parts are enough. */
function joined(parts: string[]): string {
  return parts.filter((p) => p !== '').map((p) => p.replace(/\.$/, '')).join(' · ');
}

interface Source {
  /** The vendor's name; empty when the calendar is not known. */
  vendor: string;
  account: string;
}

interface Written {
  tone?: Tone;
  title: string;
  details: string[];
}

type Data = Record<string, unknown>;

function sourceOf(fact: Fact, naming: Naming): Source {
  const known = naming.provider(text(fact.data['provider_id']));
  const type = known?.type ?? fact.data['type'];
  const vendor = type === 'google' || type === 'microsoft' ? words.vendor(type) : '';
  return {vendor, account: known?.account ?? text(fact.data['account'])};
}

const writers: Record<string, (data: Data, source: Source, naming: Naming) => Written> = {
  SCHEDULE_ENTRY_CREATED: (d, s) => ({tone: 'good', title: factTexts.entry.created(s.vendor), details: entryDetails(d, s)}),
  SCHEDULE_ENTRY_UPDATED: (d, s) => ({title: factTexts.entry.updated(s.vendor), details: entryDetails(d, s)}),
  SCHEDULE_ENTRY_DELETED: (d, s) => ({tone: 'warn', title: factTexts.entry.deleted(s.vendor), details: entryDetails(d, s)}),
  CALENDAR_SYNC_STARTED: (d, s) => ({title: factTexts.run.started(s.vendor), details: [causeOf(d), s.account]}),
  CALENDAR_SYNC_COMPLETED: (d, s) => ({
    tone: 'good', title: factTexts.run.completed(s.vendor), details: [runCounts(d), causeOf(d), s.account],
  }),
  CALENDAR_SYNC_FAILED: (d, s) => ({
    tone: 'bad', title: factTexts.run.failed(s.vendor), details: [failure(d, 'error_'), causeOf(d), s.account],
  }),
  CALENDAR_CONFLICT_DETECTED: (d, s) => ({tone: 'warn', title: factTexts.conflict.detected, details: conflictDetails(d, s)}),
  CALENDAR_CONFLICT_RESOLVED: (d, s) => ({tone: 'good', title: factTexts.conflict.resolved, details: conflictDetails(d, s)}),
  CALENDAR_PROVIDER_CONNECTED: (_, s) => ({tone: 'good', title: factTexts.provider.connected(s.vendor), details: [s.account]}),
  CALENDAR_PROVIDER_DISCONNECTED: (_, s) => ({tone: 'warn', title: factTexts.provider.disconnected(s.vendor), details: [s.account]}),
  CALENDAR_PROVIDER_ERROR: (d, s) => ({
    tone: 'bad',
    title: factTexts.provider.error(s.vendor),
    details: [words.problem(text(d['code']), s.vendor)?.cause ?? failure(d, ''), s.account],
  }),
  CALENDAR_CHANNEL_RENEWED: (d, s, naming) => ({
    title: factTexts.push.renewed(s.vendor), details: [until(d, naming), s.account],
  }),
  CALENDAR_CHANNEL_RENEWAL_FAILED: (d, s) => ({
    tone: 'warn', title: factTexts.push.failed(s.vendor), details: [failure(d, ''), factTexts.push.failedHelp, s.account],
  }),
};

function entryDetails(data: Data, source: Source): string[] {
  const changed = fieldNames(data['changed']);
  const version = data['version'];
  return [
    changed === '' ? '' : factTexts.entry.changed(changed),
    data['cause'] === 'host' ? factTexts.entry.byHost : source.account,
    typeof version === 'number' ? factTexts.entry.version(version) : '',
  ];
}

function conflictDetails(data: Data, source: Source): string[] {
  return [fieldNames(data['groups']), factTexts.conflict.winner(text(data['winner'])), source.account];
}

function runCounts(data: Data): string {
  const say: [string, (n: number) => string][] = [
    ['pulled', factTexts.run.pulled],
    ['entries_changed', factTexts.run.changed],
    ['pushed', factTexts.run.pushed],
    ['refused', factTexts.run.refused],
  ];
  const told = say.flatMap(([name, word]) => {
    const n = data[name];
    return typeof n === 'number' && n > 0 ? [word(n)] : [];
  });
  return told.length > 0 ? told.join(', ') : factTexts.run.nothing;
}

function causeOf(data: Data): string {
  const cause = text(data['cause']);
  return cause === '' ? '' : factTexts.run.cause(cause);
}

function failure(data: Data, prefix: string): string {
  return text(data[`${prefix}detail`]) || text(data[`${prefix}code`]);
}

function until(data: Data, naming: Naming): string {
  const at = Date.parse(text(data['expires_at']));
  return Number.isNaN(at) ? '' : factTexts.push.until(naming.exact(at));
}

function fieldNames(value: unknown): string {
  if (!Array.isArray(value)) return '';
  const names = value.filter((v): v is string => typeof v === 'string').map(factTexts.field);
  return factTexts.list([...new Set(names)]);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
