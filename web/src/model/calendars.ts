// SPDX-License-Identifier: Apache-2.0
// What a connected calendar needs next, and what of it may be changed. Pure.
import type {Provider, SyncRun} from '../api/shapes';
import {isAboutPush} from './providers';

/** The one step that mends a calendar. */
export type Mend = 'connect' | 'resume' | 'activate' | 'rehearsal' | 'approval' | 'renew';

const passingCodes = new Set(['provider_parked', 'vendor_unavailable', 'rate_limited', 'timeout']);

export function mendOf(p: Provider): Mend | null {
  if (p.status === 'pending_authorization') return 'connect';
  if (p.status === 'leaving') return p.problem ? 'connect' : null;
  if (p.status === 'action_required') return 'connect';
  if (p.status === 'paused') return 'activate';
  if (p.held_removals && !p.held_removals.approved) return 'approval';
  if (p.rehearsal) return 'rehearsal';
  if (p.problem && isAboutPush(p.problem.code)) return 'renew';
  if (p.problem) return passingCodes.has(p.problem.code) ? 'resume' : null;
  if (p.channel && p.channel.failures > 0) return 'renew';
  return null;
}

/** Whether the account's consent stands. */
export type Consent = 'complete' | 'waiting' | 'lost';

export function consentOf(p: Provider): Consent {
  if (p.status === 'pending_authorization') return 'waiting';
  return p.status === 'action_required' ? 'lost' : 'complete';
}

export const canSync = (p: Provider): boolean => p.status === 'active' && !p.rehearsal;
/** The calendar of an account can be chosen until its first sync has made links. */
export const canChooseCalendar = (p: Provider): boolean => p.last_sync_at === null && consentOf(p) === 'complete' && p.status !== 'leaving';

export type Phase = 'starting' | 'reading' | 'comparing' | 'writing';

export function phaseOf(run: SyncRun): Phase {
  const c = run.counts;
  if (c.pushed > 0) return 'writing';
  if (c.compared > 0) return 'comparing';
  return c.pulled > 0 || c.vendor_calls > 0 ? 'reading' : 'starting';
}

/** The run that is under way for each provider; `runs` is newest first. */
export function runningOf(runs: readonly SyncRun[]): ReadonlyMap<string, SyncRun> {
  const found = new Map<string, SyncRun>();
  for (const run of runs) if (run.outcome === 'running' && !found.has(run.provider_id)) found.set(run.provider_id, run);
  return found;
}
