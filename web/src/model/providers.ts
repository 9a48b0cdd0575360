// SPDX-License-Identifier: Apache-2.0
// One provider as one card for people.
import type {Direction, Provider, ProviderType, User} from '../api/shapes';
import {provider as words} from '../texts/provider';

export type BadgeTone = 'good' | 'bad' | 'wait' | 'off';

/** A time on a card: told relative or exact by the view; `none` is said when there is none. */
export interface CardTime {
  label: string;
  atMs: number | null;
  none: string;
  /** Said instead of a time that has passed. */
  past: string | null;
}

export interface CardProblem {
  cause: string;
  wayOut: string;
  code: string;
  sinceMs: number | null;
  /** What the vendor said about it. */
  reason?: string;
  /** Somebody has to act; otherwise it passes or is as expected. */
  severe: boolean;
}

export interface ProviderCard {
  id: string;
  type: ProviderType;
  vendor: string;
  name: string;
  account: string;
  person: string;
  direction: string;
  way: Direction;
  badge: string;
  tone: BadgeTone;
  times: CardTime[];
  problem: CardProblem | null;
}

const tones: Record<Provider['status'], BadgeTone> = {
  active: 'good',
  action_required: 'bad',
  pending_authorization: 'wait',
  paused: 'off',
  leaving: 'off',
};

export function cardOf(p: Provider, person: User | null, channelExpiresAt: number | null): ProviderCard {
  const vendor = words.vendor(p.type);
  return {
    id: p.id,
    type: p.type,
    vendor,
    name: nameOf(p),
    account: p.account ?? words.accountUnknown,
    person: p.scope === 'tenant' ? words.wholeTenant : (person?.name ?? ''),
    direction: words.direction(p.direction, vendor),
    way: p.direction,
    badge: words.status(p.status),
    tone: tones[p.status],
    times: timesOf(p, channelExpiresAt),
    problem: problemOf(p, vendor),
  };
}

/** An account's main calendar often bears the account's address, which stands on the card anyway. */
export function nameOf(p: Provider): string {
  if (p.calendar_name === null || p.calendar_name === p.account) return words.primary;
  return p.calendar_name;
}

function timesOf(p: Provider, channelExpiresAt: number | null): CardTime[] {
  const times: CardTime[] = [{label: words.lastSync, atMs: moment(p.last_sync_at), none: words.never, past: null}];
  if (p.status !== 'active') return times;
  times.push({label: words.nextPoll, atMs: moment(p.next_poll_at), none: words.unplanned, past: words.due});
  const until = channelExpiresAt ?? moment(p.channel_expires_at);
  if (until !== null) times.push({label: words.channel, atMs: until, none: '', past: null});
  return times;
}

/** Only push is wrong: changes are found by the checks meanwhile. */
export const isAboutPush = (code: string): boolean => code.startsWith('channel_');

function problemOf(p: Provider, vendor: string): CardProblem | null {
  if (p.problem) {
    const known = words.problem(p.problem.code, vendor);
    return {
      cause: known?.cause ?? (p.problem.detail || p.problem.code),
      wayOut: known?.wayOut ?? words.otherWayOut,
      code: p.problem.code,
      sinceMs: moment(p.problem.since),
      severe: p.status === 'action_required',
      ...(isAboutPush(p.problem.code) ? {reason: p.channel?.last_attempt?.error?.detail ?? ''} : {}),
    };
  }
  if (p.status === 'pending_authorization') return {cause: words.waiting, wayOut: '', code: '', sinceMs: null, severe: false};
  return null;
}

function moment(text: string | null): number | null {
  const at = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

export type StatusCounts = Record<Provider['status'], number>;

export function countStatuses(providers: Iterable<Provider>): StatusCounts {
  const counts: StatusCounts = {active: 0, action_required: 0, pending_authorization: 0, paused: 0, leaving: 0};
  for (const p of providers) counts[p.status] += 1;
  return counts;
}

const urgency: Provider['status'][] = ['action_required', 'pending_authorization', 'active', 'paused', 'leaving'];

/** What needs a person first; otherwise in a stable order, so that cards do not wander. */
export function inOrder(providers: Provider[]): Provider[] {
  return [...providers].sort(
    (a, b) => urgency.indexOf(a.status) - urgency.indexOf(b.status) || compare(a.created_at, b.created_at) || compare(a.id, b.id),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
