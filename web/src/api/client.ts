// SPDX-License-Identifier: Apache-2.0
import type {Fact, Page, ProblemBody, Provider, TenantOverview, User} from './shapes';
import {findTail} from '../model/tail';

const requestTimeoutMs = 20_000;
const pageLimit = 200;
/** More pages than this are not asked for; what is missing is said on the page. */
const mostPages = 10;

/** The server said no. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly retryAfterMs: number | null,
  ) {
    super(`${code}: ${detail}`);
  }
}

/** The server did not answer. */
export class Unreachable extends Error {}

export async function problemOf(response: Response): Promise<Problem> {
  let body: Partial<ProblemBody> = {};
  if (/^application\/(problem\+)?json\b/.test(response.headers.get('Content-Type') ?? ''))
    body = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return new Problem(
    response.status,
    body.code ?? '',
    body.title ?? '',
    body.detail ?? '',
    Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null,
  );
}

export interface Some<T> {
  items: T[];
  /** There are more than were fetched. */
  more: boolean;
}

/** Asks the server as the bearer of one key. Throws Problem or Unreachable. */
export class Client {
  constructor(private readonly key: string) {}

  /** A stream is not bound by the request timeout; its reader watches over it. */
  async open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const response = await this.send(path, {Accept: 'text/event-stream', ...headers}, signal);
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  overview(): Promise<Some<TenantOverview>> {
    return this.all('/v1/admin/overview?limit=50');
  }

  providers(): Promise<Some<Provider>> {
    return this.all(`/v1/calendar-providers?limit=${pageLimit}`);
  }

  users(): Promise<Some<User>> {
    return this.all(`/v1/users?limit=${pageLimit}`);
  }

  /** The tenant's newest facts, oldest first. The feed runs from the oldest, so the end is searched for. */
  async newestFacts(count: number): Promise<Fact[]> {
    const page = (after: number, limit: number) =>
      this.get<Page<Fact>>(`/v1/events?after=${after}&limit=${limit}`).then((p) => p.items);
    const first = await page(0, pageLimit);
    if (first.length < pageLimit) return first.slice(-count);
    const known = first[first.length - 1]!.sequence;
    const last = await findTail(known, async (after) => (await page(after, 1)).length > 0);
    return page(Math.max(0, last - Math.min(count, pageLimit)), pageLimit);
  }

  private async all<T>(path: string): Promise<Some<T>> {
    const items: T[] = [];
    let cursor: string | null = null;
    for (let n = 0; n < mostPages; ++n) {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page<T> = await this.get(path + query);
      items.push(...page.items);
      cursor = page.next_cursor;
      if (cursor === null) break;
    }
    return {items, more: cursor !== null};
  }

  private async get<T>(path: string): Promise<T> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), requestTimeoutMs);
    try {
      const response = await this.send(path, {Accept: 'application/json'}, patience.signal);
      if (!response.ok) throw await problemOf(response);
      return (await response.json()) as T;
    } catch (e) {
      throw e instanceof Problem ? e : new Unreachable(String(e));
    } finally {
      clearTimeout(timer);
    }
  }

  private send(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    return fetch(path, {
      headers: {...headers, Authorization: `Bearer ${this.key}`},
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal,
    }).catch((e: unknown) => {
      throw new Unreachable(String(e));
    });
  }
}
