// SPDX-License-Identifier: Apache-2.0
import {Client, Problem} from './api/client';
import {EventStream} from './api/event_stream';
import type {Fact, TenantOverview} from './api/shapes';
import {backoffMs} from './model/backoff';
import {mostFacts} from './model/journal';
import type {Session} from './model/session';
import {allProviders, directoryCame, factsCame, streamChanged, type Directory, type State} from './model/state';
import type {Store} from './store';
import {texts} from './texts';

const regularRefreshMs = 30_000;
/** A directory of many tenants is dear: facts hasten its refresh, but not beyond this. */
const shortestRefreshMs = 5_000;
const refreshSoonMs = 800;

/** The tenants, calendars and people that a key may see. */
export async function fetchDirectory(client: Client, session: Session): Promise<Directory> {
  if (session.mode === 'installation') {
    const found = await client.overview();
    return {tenants: found.items, more: found.more, users: new Map()};
  }
  const [providers, users] = await Promise.all([client.providers(), client.users()]);
  const own: TenantOverview = {
    id: session.tenantId ?? '', name: texts.calendars.ownSection, providers: providers.items, more_providers: providers.more,
  };
  return {tenants: [own], more: false, users: new Map(users.items.map((u) => [u.id, u]))};
}

/** The time between signing in and signing out: keeps the store in step with the server. */
export class Visit {
  private readonly client: Client;
  private stream: EventStream | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private dueAtMs = 0;
  private refreshedAtMs = 0;
  private refreshing = false;
  private over = false;

  /** `rejected` is called when the server no longer accepts the key; the visit has ended then. */
  constructor(
    private readonly session: Session,
    private readonly store: Store<State>,
    private readonly rejected: () => void,
  ) {
    this.client = new Client(session.key);
  }

  begin(): void {
    document.addEventListener('visibilitychange', this.onLook);
    addEventListener('online', this.onLook);
    this.refreshIn(this.store.state.directory === null ? 0 : regularRefreshMs);
    if (this.session.mode === 'installation') this.listen(null);
    else void this.readJournal(1);
  }

  end(): void {
    this.over = true;
    document.removeEventListener('visibilitychange', this.onLook);
    removeEventListener('online', this.onLook);
    clearTimeout(this.timer);
    this.stream?.close();
  }

  private readonly onLook = (): void => {
    if (document.hidden) return;
    this.stream?.hurry();
    this.refreshIn(0);
  };

  /** A tenant's own stream is resumable, so it starts where the feed ended. */
  private async readJournal(attempt: number): Promise<void> {
    let facts: Fact[];
    try {
      facts = await this.client.newestFacts(mostFacts);
    } catch (e) {
      if (this.over || this.endsVisit(e)) return;
      this.store.set(streamChanged(this.store.state, attempt < 3 ? 'reconnecting' : 'offline', Date.now()));
      setTimeout(() => void (this.over || this.readJournal(attempt + 1)), backoffMs(attempt, Math.random));
      return;
    }
    if (this.over) return;
    this.store.set({...factsCame(this.store.state, facts), journalLoaded: true});
    this.listen(String(facts.at(-1)?.sequence ?? 0));
  }

  private listen(lastId: string | null): void {
    const path = this.session.mode === 'installation' ? '/v1/admin/events/stream' : '/v1/events/stream';
    this.stream = new EventStream(
      {
        open: (headers, signal) => this.client.open(path, headers, signal),
        onFact: (fact) => this.onFact(fact),
        onState: (state) => this.over || this.store.set(streamChanged(this.store.state, state, Date.now())),
        onConnected: (again) => {
          this.store.set({...this.store.state, journalLoaded: true});
          if (again) this.refreshIn(0);
        },
        judge: (e) => (this.endsVisit(e) ? 'stop' : {waitMs: e instanceof Problem ? e.retryAfterMs : null}),
        random: Math.random,
      },
      lastId,
    );
    this.stream.begin();
  }

  private onFact(fact: Fact): void {
    if (this.over) return;
    const known = this.store.state;
    this.store.set(factsCame(known, [fact]));
    const provider = fact.data['provider_id'];
    const unknownCalendar = typeof provider === 'string' && !allProviders(known.directory).some((p) => p.id === provider);
    if (fact.type.startsWith('CALENDAR_PROVIDER_') || fact.type.startsWith('CALENDAR_SYNC_') || unknownCalendar)
      this.refreshIn(refreshSoonMs);
  }

  private refreshIn(delayMs: number): void {
    const due = Math.max(Date.now() + delayMs, this.refreshedAtMs + (delayMs === 0 ? 1_000 : shortestRefreshMs));
    if (this.over || (this.timer !== undefined && this.dueAtMs <= due)) return;
    clearTimeout(this.timer);
    this.dueAtMs = due;
    this.timer = setTimeout(() => void this.refresh(), due - Date.now());
  }

  private async refresh(): Promise<void> {
    this.timer = undefined;
    if (this.refreshing) return;
    if (document.hidden && this.store.state.directory !== null) return this.refreshIn(regularRefreshMs);
    this.refreshing = true;
    try {
      const directory = await fetchDirectory(this.client, this.session);
      if (!this.over) this.store.set(directoryCame(this.store.state, directory));
    } catch (e) {
      if (!this.over && !this.endsVisit(e)) this.store.set({...this.store.state, stale: true});
    }
    this.refreshing = false;
    this.refreshedAtMs = Date.now();
    this.refreshIn(this.store.state.directory === null ? shortestRefreshMs : regularRefreshMs);
  }

  private endsVisit(e: unknown): boolean {
    if (!(e instanceof Problem) || (e.status !== 401 && e.status !== 403)) return false;
    if (!this.over) {
      this.end();
      this.rejected();
    }
    return true;
  }
}
