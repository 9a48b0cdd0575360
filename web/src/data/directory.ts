// SPDX-License-Identifier: Apache-2.0
// The tenants, calendars and people that a session may see.
import type {UseQueryResult} from '@tanstack/react-query';
import {allPages} from '../api/client';
import type {Provider, TenantOverview, User} from '../api/shapes';
import {api, useSessionState} from '../session/context';
import {home} from '../texts/home';
import {useAnswer} from './cache';

export interface Directory {
  tenants: readonly TenantOverview[];
  /** There are more tenants than were fetched. */
  more: boolean;
  users: ReadonlyMap<string, User>;
}

const pageLimit = 200;
const overviewLimit = 50;
const refreshMs = 60_000;

export function useDirectory(): UseQueryResult<Directory, Error> {
  const {session, tenantId} = useSessionState();
  const everything = session?.kind === 'operator' && tenantId === null;
  return useAnswer<Directory>(['overview', everything], (signal) => (everything ? installation(signal) : ownTenant(signal, tenantId ?? '', session?.tenant?.name ?? '')), {everyMs: refreshMs});
}

async function installation(signal: AbortSignal): Promise<Directory> {
  const found = await allPages<TenantOverview>((cursor) => api.get('/v1/admin/overview', {query: {limit: overviewLimit, cursor}, signal}));
  return {tenants: found.items, more: found.more, users: new Map()};
}

async function ownTenant(signal: AbortSignal, id: string, name: string): Promise<Directory> {
  const [providers, users] = await Promise.all([
    allPages<Provider>((cursor) => api.get('/v1/calendar-providers', {query: {limit: pageLimit, cursor}, signal})),
    allPages<User>((cursor) => api.get('/v1/users', {query: {limit: pageLimit, cursor}, signal})).catch(() => ({items: [], more: false})),
  ]);
  const own: TenantOverview = {id, name: name || home.ownSection, created_at: '', release_stage: 'ga', flags: {}, work_stopped: false, work_stopped_at: null, rehearsal_default: false, providers: providers.items, more_providers: providers.more};
  return {tenants: [own], more: false, users: new Map(users.items.map((u) => [u.id, u]))};
}

export const providersOf = (directory: Directory | undefined): Provider[] => directory?.tenants.flatMap((t) => t.providers) ?? [];
