// SPDX-License-Identifier: Apache-2.0
// One fact as one line for people. Pure: who is named by which id is passed in.
import type {Fact, Provider} from '../api/shapes';
import {texts} from '../texts';

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
  if (!write) return {kind, tone: 'plain', title: texts.fact.unknown(fact.type), detail: source.account};
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
  const vendor = type === 'google' || type === 'microsoft' ? texts.provider.vendor(type) : '';
  return {vendor, account: known?.account ?? text(fact.data['account'])};
}

const writers: Record<string, (data: Data, source: Source, naming: Naming) => Written> = {
  SCHEDULE_ENTRY_CREATED: (d, s) => ({tone: 'good', title: texts.fact.entry.created(s.vendor), details: entryDetails(d, s)}),
  SCHEDULE_ENTRY_UPDATED: (d, s) => ({title: texts.fact.entry.updated(s.vendor), details: entryDetails(d, s)}),
  SCHEDULE_ENTRY_DELETED: (d, s) => ({tone: 'warn', title: texts.fact.entry.deleted(s.vendor), details: entryDetails(d, s)}),
  CALENDAR_SYNC_STARTED: (d, s) => ({title: texts.fact.run.started(s.vendor), details: [causeOf(d), s.account]}),
  CALENDAR_SYNC_COMPLETED: (d, s) => ({
    tone: 'good', title: texts.fact.run.completed(s.vendor), details: [runCounts(d), causeOf(d), s.account],
  }),
  CALENDAR_SYNC_FAILED: (d, s) => ({
    tone: 'bad', title: texts.fact.run.failed(s.vendor), details: [failure(d, 'error_'), causeOf(d), s.account],
  }),
  CALENDAR_CONFLICT_DETECTED: (d, s) => ({tone: 'warn', title: texts.fact.conflict.detected, details: conflictDetails(d, s)}),
  CALENDAR_CONFLICT_RESOLVED: (d, s) => ({tone: 'good', title: texts.fact.conflict.resolved, details: conflictDetails(d, s)}),
  CALENDAR_PROVIDER_CONNECTED: (_, s) => ({tone: 'good', title: texts.fact.provider.connected(s.vendor), details: [s.account]}),
  CALENDAR_PROVIDER_DISCONNECTED: (_, s) => ({tone: 'warn', title: texts.fact.provider.disconnected(s.vendor), details: [s.account]}),
  CALENDAR_PROVIDER_ERROR: (d, s) => ({
    tone: 'bad',
    title: texts.fact.provider.error(s.vendor),
    details: [texts.provider.problem(text(d['code']), s.vendor)?.cause ?? failure(d, ''), s.account],
  }),
  CALENDAR_CHANNEL_RENEWED: (d, s, naming) => ({
    title: texts.fact.push.renewed(s.vendor), details: [until(d, naming), s.account],
  }),
  CALENDAR_CHANNEL_RENEWAL_FAILED: (d, s) => ({
    tone: 'warn', title: texts.fact.push.failed(s.vendor), details: [failure(d, ''), texts.fact.push.failedHelp, s.account],
  }),
};

function entryDetails(data: Data, source: Source): string[] {
  const changed = fieldNames(data['changed']);
  const version = data['version'];
  return [
    changed === '' ? '' : texts.fact.entry.changed(changed),
    data['cause'] === 'host' ? texts.fact.entry.byHost : source.account,
    typeof version === 'number' ? texts.fact.entry.version(version) : '',
  ];
}

function conflictDetails(data: Data, source: Source): string[] {
  return [fieldNames(data['groups']), texts.fact.conflict.winner(text(data['winner'])), source.account];
}

function runCounts(data: Data): string {
  const say: [string, (n: number) => string][] = [
    ['pulled', texts.fact.run.pulled],
    ['entries_changed', texts.fact.run.changed],
    ['pushed', texts.fact.run.pushed],
    ['refused', texts.fact.run.refused],
  ];
  const told = say.flatMap(([name, word]) => {
    const n = data[name];
    return typeof n === 'number' && n > 0 ? [word(n)] : [];
  });
  return told.length > 0 ? told.join(', ') : texts.fact.run.nothing;
}

function causeOf(data: Data): string {
  const cause = text(data['cause']);
  return cause === '' ? '' : texts.fact.run.cause(cause);
}

function failure(data: Data, prefix: string): string {
  return text(data[`${prefix}detail`]) || text(data[`${prefix}code`]);
}

function until(data: Data, naming: Naming): string {
  const at = Date.parse(text(data['expires_at']));
  return Number.isNaN(at) ? '' : texts.fact.push.until(naming.exact(at));
}

function fieldNames(value: unknown): string {
  if (!Array.isArray(value)) return '';
  const names = value.filter((v): v is string => typeof v === 'string').map(texts.fact.field);
  return texts.fact.list([...new Set(names)]);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
