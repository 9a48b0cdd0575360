// SPDX-License-Identifier: Apache-2.0
// The session of this browser: begun, kept, ended. The cookie is the server's business; nothing secret is kept here but what signs writes against forgery.
import {Problem, problemOf, Unreachable} from '../api/problem';
import type {Method, Signer} from '../api/client';
import type {Credentials} from './link';
import {readSession, type Session} from './shape';

export type Phase = 'asking' | 'out' | 'in' | 'away';
/** Why nobody is signed in, to be said on the sign-in page. */
export type Ending = 'none' | 'expired' | 'signed_out';

export interface SessionState {
  phase: Phase;
  session: Session | null;
  ending: Ending;
  /** The session ended below a change, which was therefore not made. */
  unmade: boolean;
  /** The tenant that an operator works in; null: the whole installation. Others have their own. */
  tenantId: string | null;
}

export interface SessionParts {
  fetch: typeof fetch;
  recall(): string | null;
  remember(tenantId: string | null): void;
  /** Whether this browser may be signed in: who never was need not ask. */
  mayBeIn(): boolean;
  noteIn(is: boolean): void;
}

const tenantPlace = 'kalends.tenant';
const inPlace = 'kalends.signed_in';

/** A browser may forbid its storage: then nothing is remembered, and everything is asked. */
function stored<T>(use: () => T, otherwise: T): T {
  try {
    return use();
  } catch {
    return otherwise;
  }
}

const browser: SessionParts = {
  fetch: (...given) => fetch(...given),
  recall: () => stored(() => sessionStorage.getItem(tenantPlace), null),
  remember: (id) => stored(() => (id === null ? sessionStorage.removeItem(tenantPlace) : sessionStorage.setItem(tenantPlace, id)), undefined),
  mayBeIn: () => stored(() => localStorage.getItem(inPlace) !== null, true),
  noteIn: (is) => stored(() => (is ? localStorage.setItem(inPlace, '1') : localStorage.removeItem(inPlace)), undefined),
};

const path = '/v1/session';

export class Sessions implements Signer {
  state: SessionState = {phase: 'asking', session: null, ending: 'none', unmade: false, tenantId: null};
  private readonly listeners = new Set<() => void>();

  constructor(private readonly parts: SessionParts = browser) {}

  readonly listen = (tell: () => void): (() => void) => {
    this.listeners.add(tell);
    return () => this.listeners.delete(tell);
  };

  /** Asks whether this browser is signed in already. */
  async resume(): Promise<void> {
    if (!this.parts.mayBeIn()) return this.set({phase: 'out', session: null, tenantId: null});
    try {
      const response = await this.ask('GET');
      if (response.ok) return this.enter(readSession(await response.json()));
      if (response.status === 401) return this.leave('expired'); // this browser was signed in when it last looked
      this.set({phase: 'away', session: null, tenantId: null});
    } catch {
      this.set({phase: 'away', session: null, tenantId: null});
    }
  }

  /** Throws Problem or Unreachable. */
  async begin(credentials: Credentials): Promise<void> {
    const response = await this.ask('POST', credentials);
    if (!response.ok) throw await problemOf(response);
    const session = readSession(await response.json().catch(() => null));
    if (!session) throw new Unreachable('no session in the answer');
    this.enter(session);
  }

  async end(): Promise<void> {
    try {
      await this.ask('DELETE');
    } finally {
      this.leave('signed_out');
    }
  }

  enterTenant(tenantId: string | null): void {
    if (this.state.session?.kind !== 'operator') return;
    this.parts.remember(tenantId);
    this.set({tenantId});
  }

  headers(method: Method, to: string): Record<string, string> {
    const {session, tenantId} = this.state;
    const headers: Record<string, string> = {};
    if (session && method !== 'get') headers['X-CSRF-Token'] = session.csrf_token;
    if (session?.kind === 'operator' && tenantId !== null && !to.startsWith('/v1/admin/')) headers['X-Kalends-Tenant'] = tenantId;
    return headers;
  }

  /** A read may have found out first: the change that follows it is not made either. */
  ended(problem: Problem, writing: boolean): void {
    if (problem.status !== 401) return;
    if (this.state.phase === 'in') this.leave('expired');
    if (writing && this.state.ending === 'expired') this.set({unmade: true});
  }

  /** The reader knows that the change was not made. */
  admitted(): void {
    this.set({unmade: false});
  }

  private enter(session: Session | null): void {
    if (!session) return this.set({phase: 'away', session: null, tenantId: null});
    this.parts.noteIn(true);
    const tenantId = session.kind === 'operator' ? this.parts.recall() : (session.tenant?.id ?? null);
    this.set({phase: 'in', session, ending: 'none', tenantId});
  }

  private leave(ending: Ending): void {
    // Who signs in again goes on in the tenant that they worked in.
    if (ending === 'signed_out') this.parts.remember(null);
    this.parts.noteIn(false);
    this.set({phase: 'out', session: null, ending, unmade: false, tenantId: null});
  }

  private set(step: Partial<SessionState>): void {
    this.state = {...this.state, ...step};
    for (const tell of this.listeners) tell();
  }

  private ask(method: 'GET' | 'POST' | 'DELETE', body?: unknown): Promise<Response> {
    const headers: Record<string, string> = {Accept: 'application/json'};
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (method === 'DELETE' && this.state.session) headers['X-CSRF-Token'] = this.state.session.csrf_token;
    return this.parts
      .fetch(path, {method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', credentials: 'same-origin', redirect: 'error'})
      .catch((e: unknown) => {
        throw new Unreachable(String(e));
      });
  }
}
