// SPDX-License-Identifier: Apache-2.0
// What the server says, as far as the pages read it. schema/openapi.yaml is the truth.

export type ProviderType = 'google' | 'microsoft';
export type Direction = 'both' | 'to_provider' | 'from_provider';
export type ProviderStatus = 'pending_authorization' | 'active' | 'action_required' | 'paused' | 'leaving';

export interface ProviderProblem {
  code: string;
  detail: string;
  since: string;
}

export interface Provider {
  id: string;
  type: ProviderType;
  scope: 'user' | 'tenant';
  user_id: string;
  direction: Direction;
  status: ProviderStatus;
  problem: ProviderProblem | null;
  account: string | null;
  calendar_id: string | null;
  calendar_name: string | null;
  calendar_time_zone: string | null;
  created_at: string;
  last_sync_at: string | null;
  next_poll_at: string | null;
  channel_expires_at: string | null;
}

export interface Tenant {
  id: string;
  name: string;
}

export interface TenantOverview extends Tenant {
  providers: Provider[];
  more_providers: boolean;
}

export interface User {
  id: string;
  email: string;
  name: string;
}

export interface Fact {
  id: string;
  type: string;
  tenant_id: string;
  sequence: number;
  time: string;
  data: Record<string, unknown>;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** RFC 9457, as every failure is told. */
export interface ProblemBody {
  title: string;
  status: number;
  code: string;
  detail: string;
}

/** One fact out of JSON text, or nothing if it is none. */
export function readFact(text: string): Fact | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const v = value as Record<string, unknown>;
  if (typeof v['id'] !== 'string' || typeof v['type'] !== 'string' || typeof v['tenant_id'] !== 'string') return null;
  if (typeof v['sequence'] !== 'number' || !Number.isSafeInteger(v['sequence'])) return null;
  if (typeof v['time'] !== 'string' || Number.isNaN(Date.parse(v['time']))) return null;
  const data = typeof v['data'] === 'object' && v['data'] !== null ? (v['data'] as Record<string, unknown>) : {};
  return {id: v['id'], type: v['type'], tenant_id: v['tenant_id'], sequence: v['sequence'], time: v['time'], data};
}
