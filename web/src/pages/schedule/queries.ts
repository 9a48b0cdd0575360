// SPDX-License-Identifier: Apache-2.0
// What the schedule reads and writes.
import type {UseMutationResult, UseQueryResult} from '@tanstack/react-query';
import {allPages, type Paged, type Some} from '../../api/client';
import type {Entry} from '../../api/shapes';
import {cache, useAnswer, useWrite} from '../../data/cache';
import type {Root} from '../../data/stale';
import {worstOf, type EditScope, type EntryChange, type Item, type NewEntry} from '../../model/schedule';
import {api} from '../../session/context';

const pageLimit = 200;
const mostPages = 10;
/** What is about to be synced is asked for until it is. */
const watchMs = 3_000;
const entryRoots: Root[] = ['entries', 'occurrences', 'sync-status', 'decisions'];

export interface Range {
  from: Date;
  to: Date;
}

export function useSchedule(range: Range | null, person: string): UseQueryResult<Some<Item>, Error> {
  const [from, to] = [range?.from.toISOString() ?? '', range?.to.toISOString() ?? ''];
  return useAnswer<Some<Item>>(
    ['schedule', person, from, to],
    (signal) => allPages<Item>((cursor) => api.get('/v1/schedule-entries', {query: {from, to, expand: 'occurrences', with: 'sync', assigned_user_id: person || undefined, limit: pageLimit, cursor}, signal}) as Promise<Paged<Item>>, mostPages),
    {enabled: range !== null, keep: true, everyMs: (known) => (known?.items.some((i) => worstOf(i.sync)?.state === 'waiting') ? watchMs : false)},
  );
}

/** As it is kept: never an old answer, because a change is made to it. */
export const readEntry = (id: string): Promise<Entry> => api.get('/v1/schedule-entries/{entry_id}', {path: {entry_id: id}});

export interface Target {
  item: Item;
  /** Null: it does not repeat. */
  scope: EditScope | null;
  version: number;
}

const query = ({item, scope}: Target): {scope?: EditScope; occurrence?: string} =>
  scope === null || scope === 'all' || item.recurrence_id === null ? {} : {scope, occurrence: item.recurrence_id};

/** Ends when the schedule shows it. */
async function shown<T>(result: T): Promise<T> {
  await cache.invalidateQueries({queryKey: ['schedule']});
  return result;
}

export const changeEntry = async (target: Target, change: EntryChange): Promise<Entry> =>
  shown(await api.patch('/v1/schedule-entries/{entry_id}', {path: {entry_id: target.item.id}, query: query(target), ifMatch: `"${target.version}"`, body: change}));

export const useAdd = (done: () => void): UseMutationResult<Entry, Error, NewEntry> =>
  useWrite(async (entry: NewEntry) => shown(await api.post('/v1/schedule-entries', {body: entry})), entryRoots, done);

export const useChange = (done: () => void): UseMutationResult<Entry, Error, {target: Target; change: EntryChange}> =>
  useWrite(({target, change}: {target: Target; change: EntryChange}) => changeEntry(target, change), entryRoots, done);

export const useRemoval = (done: () => void): UseMutationResult<void, Error, Target> =>
  useWrite(async (target: Target): Promise<void> => {
    await shown(await api.delete('/v1/schedule-entries/{entry_id}', {path: {entry_id: target.item.id}, query: query(target), ifMatch: `"${target.version}"`}));
  }, entryRoots, done);
