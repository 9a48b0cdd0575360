// SPDX-License-Identifier: Apache-2.0
import type {Fact, Provider} from '../src/api/shapes';

export function provider(more: Partial<Provider> = {}): Provider {
  return {
    id: 'p1', type: 'google', scope: 'user', user_id: 'u1', direction: 'both', status: 'active', problem: null,
    account: 'dana@acme.example', calendar_id: null, calendar_name: 'Field work', calendar_time_zone: 'Europe/Berlin',
    created_at: '2026-11-01T08:00:00.000Z', last_sync_at: '2026-12-01T08:00:00.000Z', next_poll_at: '2026-12-01T08:05:00.000Z', channel_expires_at: null,
    conflict_policy: 'newest', deletion_policy: 'unlink', import_policy: 'all', guest_mail: 'nobody',
    channel: {expires_at: null, renews_at: null, failures: 0, silent_since: null, last_attempt: null},
    reconciled: {at: null, compared: 0, drifted: 0, repaired: 0, next_at: null}, held_removals: null, events_left: null, rehearsal: false,
    ...more,
  };
}

export function fact(sequence: number, more: Partial<Fact> = {}): Fact {
  const tenant = more.tenant_id ?? 't1';
  return {
    id: `${tenant}-${sequence}`, type: 'SCHEDULE_ENTRY_UPDATED', tenant_id: tenant, sequence,
    time: '2026-12-01T08:00:00.000Z', data: {}, ...more,
  };
}
