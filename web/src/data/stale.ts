// SPDX-License-Identifier: Apache-2.0
// Which cached answers a fact makes stale. Pure.
import type {Fact} from '../api/shapes';

/** The first part of every query's key: what kind of thing the answer tells of. */
export const roots = [
  'providers', 'runs', 'rehearsal', 'approvals', 'entries', 'occurrences', 'conflicts', 'dead-letters', 'decisions', 'sync-status',
  'schedule', 'users', 'tenants', 'overview', 'summary', 'console', 'audit', 'calendars', 'oauth-clients', 'webhooks', 'quota', 'doctor', 'notifications',
] as const;
export type Root = (typeof roots)[number];

const calendarRoots: Root[] = ['providers', 'overview', 'summary', 'console'];

const byPrefix: [string, Root[]][] = [
  ['SCHEDULE_ENTRY_', ['entries', 'occurrences', 'schedule', 'decisions', 'sync-status']],
  ['CALENDAR_SYNC_', [...calendarRoots, 'runs', 'rehearsal', 'approvals', 'sync-status', 'schedule', 'decisions', 'dead-letters']],
  ['CALENDAR_CONFLICT_', ['notifications', 'conflicts', 'entries', 'schedule', 'decisions', 'sync-status', 'summary', 'console']],
  ['CALENDAR_PROVIDER_', [...calendarRoots, 'notifications', 'runs', 'rehearsal', 'approvals', 'calendars', 'schedule']],
  ['CALENDAR_CHANNEL_', calendarRoots],
  ['WEBHOOK_', ['webhooks', 'audit']],
  ['HISTORY_', [...roots]],
];

export function staleAfter(fact: Pick<Fact, 'type'>): readonly Root[] {
  return byPrefix.find(([prefix]) => fact.type.startsWith(prefix))?.[1] ?? roots;
}
