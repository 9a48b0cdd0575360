// SPDX-License-Identifier: Apache-2.0
// What the pages of calendars read and write.
import {useEffect, useRef} from 'react';
import type {UseMutationResult, UseQueryResult} from '@tanstack/react-query';
import {allPages, type Body, type Some} from '../../api/client';
import type {Provider, SyncRun, User} from '../../api/shapes';
import {makeStale, useAnswer, useWrite} from '../../data/cache';
import type {Root} from '../../data/stale';
import {runningOf} from '../../model/calendars';
import {nameOf} from '../../model/providers';
import {api} from '../../session/context';
import {calendars as words} from '../../texts/calendars';
import {toast, toastProblem} from '../../ui/toast';

const pageLimit = 200;
const recentRuns = 100;
const watchMs = 1_000;
export const providerRoots: Root[] = ['providers', 'overview', 'runs', 'rehearsal', 'approvals'];

export const useProviders = (): UseQueryResult<Some<Provider>, Error> =>
  useAnswer(['providers', 'all'], (signal) => allPages<Provider>((cursor) => api.get('/v1/calendar-providers', {query: {limit: pageLimit, cursor}, signal})), {everyMs: 60_000});

export const useProvider = (id: string): UseQueryResult<Provider, Error> =>
  useAnswer(['providers', 'one', id], (signal) => api.get('/v1/calendar-providers/{provider_id}', {path: {provider_id: id}, signal}), {everyMs: 30_000});

export const useUsers = (): UseQueryResult<Some<User>, Error> =>
  useAnswer(['users', 'all'], (signal) => allPages<User>((cursor) => api.get('/v1/users', {query: {limit: pageLimit, cursor}, signal})));

/** The latest runs, of one calendar or of all; while one is under way they are asked for every second, in every tab. */
export const useRuns = (providerId?: string): UseQueryResult<SyncRun[], Error> =>
  useAnswer<SyncRun[]>(
    ['runs', providerId ?? 'all'],
    async (signal) => (await api.get('/v1/sync-runs', {query: {provider_id: providerId, limit: recentRuns}, signal})).items,
    {everyMs: (known) => (known?.some((r) => r.outcome === 'running') ? watchMs : false)},
  );

/** The runs that were asked for here: a short one has ended before it is ever seen under way. */
const askedHere = new Set<string>();

/** Says what came of the runs that a person asked for, once they end. */
export function useRunEnds(runs: readonly SyncRun[] | undefined, providers: readonly Provider[]): void {
  const watched = useRef(new Set<string>());
  useEffect(() => {
    for (const run of runs ?? []) {
      if (run.outcome === 'running') {
        if (run.cause === 'manual' || run.cause === 'reconcile') watched.current.add(run.id);
        continue;
      }
      const seen = watched.current.delete(run.id);
      if (!askedHere.delete(run.id) && !seen) continue;
      const provider = providers.find((p) => p.id === run.provider_id);
      const name = provider ? nameOf(provider) : words.title;
      if (run.outcome === 'succeeded') toast({tone: 'good', title: words.sync.done(name), detail: words.sync.counts(run)});
      else toast({tone: 'bad', title: words.sync.failed(name), detail: run.error?.detail});
      makeStale(providerRoots);
    }
  }, [runs, providers]);
}

export const runsUnderWay = runningOf;

export type SyncMode = 'changes' | 'reconcile';

export function useSync(): UseMutationResult<SyncRun, Error, {id: string; mode: SyncMode}> {
  const write = useWrite(({id, mode}: {id: string; mode: SyncMode}) => api.post('/v1/calendar-providers/{provider_id}/sync', {path: {provider_id: id}, body: {mode}}), ['runs'], (run) => {
    askedHere.add(run.id);
    toast({tone: 'info', title: words.sync.begun});
  });
  return withProblem(write, words.sync.refused);
}

export type Change = Body<'/v1/calendar-providers/{provider_id}', 'patch'>;

export const useChange = (done?: (p: Provider) => void): UseMutationResult<Provider, Error, {id: string; change: Change}> =>
  useWrite(({id, change}: {id: string; change: Change}) => api.patch('/v1/calendar-providers/{provider_id}', {path: {provider_id: id}, body: change}), providerRoots, done);

export const useResume = (): UseMutationResult<Provider, Error, string> =>
  withProblem(useWrite((id: string) => api.post('/v1/calendar-providers/{provider_id}/resume', {path: {provider_id: id}}), providerRoots, () => toast({tone: 'info', title: words.mended.resume})), words.sync.refused);

export const useRenewal = (): UseMutationResult<unknown, Error, string> =>
  withProblem(useWrite((id: string) => api.post('/v1/calendar-providers/{provider_id}/channel/renewal', {path: {provider_id: id}}), providerRoots, () => toast({tone: 'good', title: words.mended.renew})), words.renewalFailed);

/** A write whose failure is told in a toast. */
export function withProblem<T, Given>(write: UseMutationResult<T, Error, Given>, title: string): UseMutationResult<T, Error, Given> {
  const {error} = write;
  useEffect(() => {
    if (error) toastProblem(title, error);
  }, [error, title]);
  return write;
}
