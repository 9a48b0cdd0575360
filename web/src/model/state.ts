// SPDX-License-Identifier: Apache-2.0
// Everything the page shows, as one value, and the steps from one value to the next. Pure.
import type {Fact, Provider, TenantOverview, User} from '../api/shapes';
import type {StreamState} from '../api/event_stream';
import type {FactKind} from './facts';
import {emptyJournal, take, type Journal} from './journal';
import type {Session} from './session';

export interface Directory {
  tenants: readonly TenantOverview[];
  /** There are more tenants than were fetched. */
  more: boolean;
  users: ReadonlyMap<string, User>;
}

export interface State {
  session: Session | null;
  signingIn: boolean;
  /** Why the last attempt to sign in failed, for people. */
  signInProblem: string;
  /** Null until the first answer. */
  directory: Directory | null;
  /** The last refresh failed; the directory is from before. */
  stale: boolean;
  journal: Journal;
  journalLoaded: boolean;
  /** Empty: all kinds. */
  kinds: ReadonlySet<FactKind>;
  stream: StreamState;
  /** When the stream was last heard, once it is lost. */
  lostAtMs: number | null;
  /** Learnt from facts: the expiry of each provider's push channel. */
  channels: ReadonlyMap<string, number>;
  exactTimes: boolean;
}

export const initialState: State = {
  session: null,
  signingIn: false,
  signInProblem: '',
  directory: null,
  stale: false,
  journal: emptyJournal,
  journalLoaded: false,
  kinds: new Set(),
  stream: 'connecting',
  lostAtMs: null,
  channels: new Map(),
  exactTimes: false,
};

export function signedOut(state: State, problem: string): State {
  return {...initialState, exactTimes: state.exactTimes, signInProblem: problem};
}

export function streamChanged(state: State, stream: StreamState, nowMs: number): State {
  const lost = stream === 'reconnecting' || stream === 'offline';
  return {...state, stream, lostAtMs: lost ? (state.lostAtMs ?? nowMs) : null};
}

/** Facts came: the list grows, and cards show at once what a fact tells about them. */
export function factsCame(state: State, facts: readonly Fact[]): State {
  const journal = take(state.journal, facts);
  if (journal === state.journal) return state;
  const channels = new Map(state.channels);
  const synced = new Map<string, string>();
  for (const f of facts) {
    const provider = f.data['provider_id'];
    if (typeof provider !== 'string') continue;
    if (f.type === 'CALENDAR_SYNC_COMPLETED') synced.set(provider, f.time);
    const expires = f.type === 'CALENDAR_CHANNEL_RENEWED' ? Date.parse(String(f.data['expires_at'])) : Number.NaN;
    if (!Number.isNaN(expires)) channels.set(provider, expires);
  }
  return {...state, journal, channels, directory: withSyncTimes(state.directory, synced)};
}

/** A fresh directory replaces the old one, but never takes back a sync that a fact has already told of. */
export function directoryCame(state: State, directory: Directory): State {
  const known = new Map<string, string>();
  for (const p of allProviders(state.directory)) if (p.last_sync_at !== null) known.set(p.id, p.last_sync_at);
  return {...state, directory: withSyncTimes(directory, known), stale: false};
}

export function toggleKind(state: State, kind: FactKind): State {
  const kinds = new Set(state.kinds);
  if (!kinds.delete(kind)) kinds.add(kind);
  return {...state, kinds};
}

export function allProviders(directory: Directory | null): Provider[] {
  return directory?.tenants.flatMap((t) => t.providers) ?? [];
}

function withSyncTimes<D extends Directory | null>(directory: D, synced: ReadonlyMap<string, string>): D {
  if (directory === null || synced.size === 0) return directory;
  const later = (p: Provider): Provider => {
    const at = synced.get(p.id);
    if (at === undefined || (p.last_sync_at !== null && Date.parse(p.last_sync_at) >= Date.parse(at))) return p;
    return {...p, last_sync_at: at};
  };
  return {...directory, tenants: directory.tenants.map((t) => ({...t, providers: t.providers.map(later)}))};
}
