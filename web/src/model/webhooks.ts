// SPDX-License-Identifier: Apache-2.0
// What can be said of a webhook endpoint's address before the server is asked. Pure.
import type {Schemas} from '../api/shapes';

/** In the order in which a form shows them. */
export const factTypes: readonly Schemas['fact_type'][] = [
  'SCHEDULE_ENTRY_CREATED', 'SCHEDULE_ENTRY_UPDATED', 'SCHEDULE_ENTRY_DELETED', 'CALENDAR_CONFLICT_DETECTED', 'CALENDAR_CONFLICT_RESOLVED',
  'CALENDAR_PROVIDER_CONNECTED', 'CALENDAR_PROVIDER_DISCONNECTED', 'CALENDAR_PROVIDER_ERROR', 'CALENDAR_SYNC_STARTED', 'CALENDAR_SYNC_COMPLETED',
  'CALENDAR_SYNC_FAILED', 'CALENDAR_CHANNEL_RENEWED', 'CALENDAR_CHANNEL_RENEWAL_FAILED', 'HISTORY_RESTORED', 'WEBHOOK_ENDPOINT_DISABLED',
];

const ownMachine = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Null: nothing is wrong as far as can be seen from here. */
export function urlProblem(text: string): 'missing' | 'malformed' | 'insecure' | null {
  if (text.trim() === '') return 'missing';
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return 'malformed';
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '' || url.hostname === '') return 'malformed';
  if (url.protocol === 'https:') return null;
  return url.protocol === 'http:' ? (ownMachine.test(url.hostname) ? null : 'insecure') : 'malformed';
}
