// SPDX-License-Identifier: Apache-2.0
// The facts as they happen: they fill the journal, and make stale what they are about. One connection a page.
import {useSyncExternalStore} from 'react';
import type {Client} from '../api/client';
import {EventStream, type StreamState} from '../api/event_stream';
import {Problem} from '../api/problem';
import type {Fact} from '../api/shapes';
import {backoffMs} from '../model/backoff';
import {emptyJournal, mostFacts, pause, resume, take, type Journal} from '../model/journal';
import {findTail} from '../model/tail';
import {api} from '../session/context';
import {makeStale} from './cache';
import {roots, staleAfter, type Root} from './stale';

const pageLimit = 200;
/** Facts come in bursts: answers are read again at most this often. */
const gatherMs = 400;

export interface LiveState {
  stream: StreamState;
  /** When the stream was last heard, once it is lost. */
  lostAtMs: number | null;
  journal: Journal;
  journalLoaded: boolean;
}

const quiet: LiveState = {stream: 'connecting', lostAtMs: null, journal: emptyJournal, journalLoaded: false};

/** What is listened to: a tenant's facts, or (operators) those of all tenants. */
export interface Station {
  everything: boolean;
  tenantId: string | null;
  /** A person hears only what concerns them: what is missing between two facts was not for them. */
  partial: boolean;
}

/** The newest facts, oldest first. The feed runs from the oldest, so the end is searched for. */
export async function newestFacts(client: Client, count: number): Promise<Fact[]> {
  const page = (after: number, limit: number) => client.get('/v1/events', {query: {after, limit}});
  const first = await page(0, pageLimit);
  if (first.last_sequence === null) return [];
  if (first.next_cursor === null) return (first.items as Fact[]).slice(-count);
  const last = await findTail(first.last_sequence, async (after) => (await page(after, 1)).last_sequence !== null);
  return (await page(Math.max(0, last - Math.min(count, pageLimit)), pageLimit)).items as Fact[];
}

export class Live {
  state: LiveState = quiet;
  private readonly listeners = new Set<() => void>();
  private readonly factListeners = new Set<(fact: Fact) => void>();
  private stream: EventStream | null = null;
  private station: Station | null = null;
  private visit = 0;
  private due = new Set<Root>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  readonly listen = (tell: () => void): (() => void) => {
    this.listeners.add(tell);
    return () => this.listeners.delete(tell);
  };

  /** Each fact as it comes, for progress that is shown while it happens. */
  onFact(tell: (fact: Fact) => void): () => void {
    this.factListeners.add(tell);
    return () => this.factListeners.delete(tell);
  }

  tune(station: Station | null): void {
    if (JSON.stringify(station) === JSON.stringify(this.station)) return;
    this.station = station;
    this.visit += 1;
    this.stream?.close();
    this.stream = null;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.due.clear();
    this.set(quiet);
    if (!station) return;
    if (station.everything) this.connect(station, null);
    else void this.readJournal(station, this.visit, 1);
  }

  hurry(): void {
    this.stream?.hurry();
  }

  togglePause(): void {
    const {journal} = this.state;
    this.set({journal: journal.paused ? resume(journal) : pause(journal)});
  }

  /** A tenant's own stream is resumable, so it starts where the feed ended. */
  private async readJournal(station: Station, visit: number, attempt: number): Promise<void> {
    let facts: Fact[] = [];
    try {
      facts = await newestFacts(api, mostFacts);
    } catch (e) {
      if (visit !== this.visit) return;
      if (e instanceof Problem && e.status === 401) return;
      if (e instanceof Problem && e.status === 403) return this.connect(station, null);
      this.streamChanged(attempt < 3 ? 'reconnecting' : 'offline');
      setTimeout(() => void (visit === this.visit && this.readJournal(station, visit, attempt + 1)), backoffMs(attempt, Math.random));
      return;
    }
    if (visit !== this.visit) return;
    this.set({journal: take(this.state.journal, facts, station.partial), journalLoaded: true});
    this.connect(station, String(facts.at(-1)?.sequence ?? 0));
  }

  private connect(station: Station, lastId: string | null): void {
    const visit = this.visit;
    const path = station.everything ? '/v1/admin/events/stream' : '/v1/events/stream';
    this.stream = new EventStream(
      {
        open: (headers, signal) => api.open(path, headers, signal),
        onFact: (fact) => visit === this.visit && this.heard(fact),
        onState: (state) => visit === this.visit && this.streamChanged(state),
        onConnected: (again) => {
          if (visit !== this.visit) return;
          this.set({journalLoaded: true});
          // What happened meanwhile without being told is read again.
          if (again) makeStale(roots);
        },
        judge: (e) => this.judge(e),
        random: Math.random,
      },
      lastId,
    );
    this.stream.begin();
  }

  private judge(e: unknown): {waitMs: number | null} | 'stop' | 'afresh' {
    if (!(e instanceof Problem)) return {waitMs: null};
    if (e.code === 'cursor_expired') return 'afresh';
    if (e.status === 401 || e.status === 403) return 'stop';
    return {waitMs: e.retryAfterMs};
  }

  private heard(fact: Fact): void {
    const journal = take(this.state.journal, [fact], this.station?.partial);
    if (journal === this.state.journal) return;
    this.set({journal});
    for (const tell of this.factListeners) tell(fact);
    for (const root of staleAfter(fact)) this.due.add(root);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const due = [...this.due];
      this.due.clear();
      makeStale(due);
    }, gatherMs);
  }

  private streamChanged(stream: StreamState): void {
    const lost = stream === 'reconnecting' || stream === 'offline';
    this.set({stream, lostAtMs: lost ? (this.state.lostAtMs ?? Date.now()) : null});
  }

  private set(step: Partial<LiveState>): void {
    this.state = {...this.state, ...step};
    for (const tell of this.listeners) tell();
  }
}

export const live = new Live();

export function useLive(): LiveState {
  return useSyncExternalStore(live.listen, () => live.state);
}
