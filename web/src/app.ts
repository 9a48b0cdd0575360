// SPDX-License-Identifier: Apache-2.0
// What a reader can do. Views call these; the store tells them what came of it.
import {Client, Problem, Unreachable} from './api/client';
import type {FactKind} from './model/facts';
import {pause, resume} from './model/journal';
import {sessionOf} from './model/session';
import {directoryCame, initialState, signedOut, toggleKind, type State} from './model/state';
import {Store} from './store';
import {texts} from './texts';
import {fetchDirectory, Visit} from './visit';

const keyPlace = 'kalends.key';

export class App {
  readonly store = new Store<State>(initialState);
  private visit: Visit | null = null;

  /** Goes on with the key of this tab, if it has one. */
  resume(): void {
    const session = sessionOf(sessionStorage.getItem(keyPlace) ?? '');
    if (!session) return;
    this.store.set({...this.store.state, session});
    this.enter();
  }

  async signIn(text: string): Promise<void> {
    if (this.store.state.signingIn) return;
    const session = sessionOf(text);
    if (!session) return this.refuse(text.trim() === '' ? texts.signIn.empty : texts.signIn.malformed);
    this.leave();
    this.store.set({...signedOut(this.store.state, ''), signingIn: true});
    try {
      const directory = await fetchDirectory(new Client(session.key), session);
      sessionStorage.setItem(keyPlace, session.key);
      this.store.set({...directoryCame(this.store.state, directory), session, signingIn: false});
      this.enter();
    } catch (e) {
      this.refuse(reasonOf(e));
    }
  }

  signOut(): void {
    this.leave();
    this.store.set(signedOut(this.store.state, ''));
  }

  toggleKind(kind: FactKind): void {
    this.store.set(toggleKind(this.store.state, kind));
  }

  showAllKinds(): void {
    this.store.set({...this.store.state, kinds: new Set()});
  }

  togglePause(): void {
    const {journal} = this.store.state;
    this.store.set({...this.store.state, journal: journal.paused ? resume(journal) : pause(journal)});
  }

  toggleExactTimes(): void {
    this.store.set({...this.store.state, exactTimes: !this.store.state.exactTimes});
  }

  private enter(): void {
    const {session} = this.store.state;
    if (!session) return;
    this.visit = new Visit(session, this.store, () => {
      this.leave();
      this.store.set(signedOut(this.store.state, texts.signIn.ended));
    });
    this.visit.begin();
  }

  private leave(): void {
    this.visit?.end();
    this.visit = null;
    sessionStorage.removeItem(keyPlace);
  }

  private refuse(problem: string): void {
    this.store.set(signedOut(this.store.state, problem));
  }
}

function reasonOf(e: unknown): string {
  if (e instanceof Unreachable) return texts.signIn.unreachable;
  if (!(e instanceof Problem)) return texts.signIn.other('', '');
  if (e.code === 'unauthenticated') return texts.signIn.refused;
  if (e.code === 'role_too_low') return texts.signIn.roleTooLow;
  return texts.signIn.other(e.title, e.detail);
}
