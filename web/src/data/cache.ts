// SPDX-License-Identifier: Apache-2.0
// Answers of the server, kept while they are fresh. Facts say when they are not (data/live.ts).
import {QueryClient, useMutation, useQuery, type UseMutationResult, type UseQueryResult} from '@tanstack/react-query';
import {mayPass, Problem} from '../api/problem';
import {useTenantId} from '../session/context';
import type {Root} from './stale';

const freshMs = 30_000;
const readAttempts = 3;

export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: freshMs,
      networkMode: 'always',
      retry: (failed, e) => mayPass(e) && failed < readAttempts - 1,
      retryDelay: (attempt, e) => Math.max(e instanceof Problem ? (e.retryAfterMs ?? 0) : 0, Math.min(8_000, 500 * 2 ** attempt)),
    },
    mutations: {networkMode: 'always', retry: false},
  },
});

export type Key = readonly [Root, ...unknown[]];

/** `key` begins with what the answer tells of; the tenant is added to it. `everyMs` asks again by itself, always or as the answer has it. */
export function useAnswer<T>(key: Key, ask: (signal: AbortSignal) => Promise<T>, more: {enabled?: boolean; everyMs?: number | false | ((known: T | undefined) => number | false); keep?: boolean} = {}): UseQueryResult<T, Error> {
  const tenant = useTenantId();
  const [root, ...rest] = key;
  return useQuery<T, Error>({
    queryKey: [root, tenant, ...rest],
    queryFn: ({signal}) => ask(signal),
    enabled: more.enabled ?? true,
    refetchInterval: typeof more.everyMs === 'function' ? (query: {state: {data: T | undefined}}) => (more.everyMs as (known: T | undefined) => number | false)(query.state.data) : (more.everyMs ?? false),
    ...(more.keep ? {placeholderData: (before: T | undefined) => before} : {}),
  } as Parameters<typeof useQuery<T, Error>>[0]);
}

/** A write; `stales` names what has to be read again once it is done. */
export function useWrite<Given, T>(write: (given: Given) => Promise<T>, stales: readonly Root[] = [], done?: (result: T, given: Given) => void): UseMutationResult<T, Error, Given> {
  return useMutation<T, Error, Given>({
    mutationFn: write,
    onSuccess: (result, given) => {
      makeStale(stales);
      done?.(result, given);
    },
  });
}

export function makeStale(stales: readonly Root[]): void {
  for (const root of stales) void cache.invalidateQueries({queryKey: [root]});
}
