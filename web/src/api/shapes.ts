// SPDX-License-Identifier: Apache-2.0
// Names for what the contract describes, and the one shape that is read from a stream.
import type {components} from './schema';

export type Schemas = components['schemas'];
export type Provider = Schemas['provider'];
export type ProviderType = Schemas['provider_type'];
export type Direction = Schemas['direction'];
export type ProviderStatus = Provider['status'];
export type Tenant = Schemas['tenant'];
export type TenantOverview = Tenant & {providers: Provider[]; more_providers: boolean};
export type User = Schemas['user'];
export type Entry = Schemas['entry'];
export type Conflict = Schemas['conflict'];
export type SyncRun = Schemas['sync_run'];
export type Role = Schemas['role'];

/** A fact; its type is not checked, because types may come that this page does not know. */
export interface Fact {
  id: string;
  type: string;
  tenant_id: string;
  sequence: number;
  time: string;
  data: Record<string, unknown>;
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
