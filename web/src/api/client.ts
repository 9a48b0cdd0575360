// SPDX-License-Identifier: Apache-2.0
// Asks the server. Paths, parameters, bodies and answers are typed by the contract (schema.d.ts); a path that it does not have does not compile.
import {backoffMs} from '../model/backoff';
import {mayPass, Problem, problemOf, Unreachable} from './problem';
import type {paths} from './schema';

const requestTimeoutMs = 20_000;
/** A write is repeated with its idempotency key; a read is repeated by the cache that asked. */
const writeAttempts = 3;

export type Method = 'get' | 'put' | 'post' | 'patch' | 'delete';

/** The paths that have this method. */
export type PathOf<M extends Method> = {[P in keyof paths]: paths[P] extends {[K in M]: object} ? P : never}[keyof paths] & string;
type Operation<P extends keyof paths, M extends Method> = paths[P] extends {[K in M]: infer O} ? O : never;

type JsonOf<R> = R extends {content: {'application/json': infer J}} ? J : undefined;
type Good = 200 | 201 | 202 | 204;
/** What a successful answer holds; undefined where there is no body. */
export type Answer<P extends keyof paths, M extends Method> =
  Operation<P, M> extends {responses: infer R} ? {[S in keyof R & Good]: JsonOf<R[S]>}[keyof R & Good] : never;

type Part<A, In extends string> = A extends {[K in In]?: infer V} ? ([NonNullable<V>] extends [never] ? unknown : NonNullable<V>) : unknown;
type Parameters<P extends keyof paths, M extends Method, In extends 'path' | 'query'> =
  (Operation<P, M> extends {parameters: infer A} ? Part<A, In> : unknown) & (paths[P] extends {parameters: infer A} ? Part<A, In> : unknown);
export type Body<P extends keyof paths, M extends Method> =
  Operation<P, M> extends {requestBody?: infer B} ? (NonNullable<B> extends {content: {'application/json': infer J}} ? J : never) : never;

export interface Options<P extends keyof paths, M extends Method> {
  path?: Parameters<P, M, 'path'>;
  query?: Parameters<P, M, 'query'>;
  body?: Body<P, M>;
  /** The version that the change is meant for. */
  ifMatch?: string;
  /** One key for one wish of the reader: give your own to keep it over several attempts of theirs. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface Plain {
  method: Method;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** How requests are signed and what becomes of a session that ended; src/session sets it. */
export interface Signer {
  headers(method: Method, path: string): Record<string, string>;
  /** `writing`: what was asked for has not been done. */
  ended(problem: Problem, writing: boolean): void;
}

export interface Parts {
  fetch: typeof fetch;
  wait(ms: number): Promise<void>;
  random(): number;
  newKey(): string;
}

const browser: Parts = {
  fetch: (...given) => fetch(...given),
  wait: (ms) => new Promise((done) => setTimeout(done, ms)),
  random: Math.random,
  newKey: () => crypto.randomUUID(),
};

/** Throws Problem or Unreachable. */
export class Client {
  constructor(
    private readonly signer: Signer,
    private readonly parts: Parts = browser,
  ) {}

  get<P extends PathOf<'get'>>(path: P, options: Options<P, 'get'> = {}): Promise<Answer<P, 'get'>> {
    return this.ask('get', path, options);
  }
  post<P extends PathOf<'post'>>(path: P, options: Options<P, 'post'> = {}): Promise<Answer<P, 'post'>> {
    return this.ask('post', path, options);
  }
  put<P extends PathOf<'put'>>(path: P, options: Options<P, 'put'> = {}): Promise<Answer<P, 'put'>> {
    return this.ask('put', path, options);
  }
  patch<P extends PathOf<'patch'>>(path: P, options: Options<P, 'patch'> = {}): Promise<Answer<P, 'patch'>> {
    return this.ask('patch', path, options);
  }
  delete<P extends PathOf<'delete'>>(path: P, options: Options<P, 'delete'> = {}): Promise<Answer<P, 'delete'>> {
    return this.ask('delete', path, options);
  }

  /** A stream is not bound by the request timeout; its reader watches over it. */
  async open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const response = await this.send({method: 'get', path, headers: {Accept: 'text/event-stream', ...headers}, signal});
    if (!response.ok) throw this.noted(await problemOf(response));
    return response;
  }

  private async ask<P extends keyof paths & string, M extends Method>(method: M, path: P, o: Options<P, M>): Promise<Answer<P, M>> {
    const headers: Record<string, string> = {Accept: 'application/json'};
    if (method !== 'get') headers['Idempotency-Key'] = o.idempotencyKey ?? this.parts.newKey();
    if (o.ifMatch !== undefined) headers['If-Match'] = o.ifMatch;
    const plain: Plain = {method, path: addressOf(path, o.path, o.query), body: o.body, headers, signal: o.signal};
    return (await this.persist(plain)) as Answer<P, M>;
  }

  private async persist(plain: Plain): Promise<unknown> {
    const attempts = plain.method === 'get' ? 1 : writeAttempts;
    for (let attempt = 1; ; ++attempt) {
      try {
        return await this.once(plain);
      } catch (e) {
        if (attempt >= attempts || !mayPass(e) || plain.signal?.aborted) throw e;
        const told = e instanceof Problem ? (e.retryAfterMs ?? 0) : 0;
        if (told > requestTimeoutMs) throw e;
        await this.parts.wait(Math.max(told, backoffMs(attempt, this.parts.random)));
      }
    }
  }

  private async once(plain: Plain): Promise<unknown> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), requestTimeoutMs);
    const give = (): void => patience.abort();
    plain.signal?.addEventListener('abort', give);
    try {
      const response = await this.send({...plain, signal: patience.signal});
      if (!response.ok) throw this.noted(await problemOf(response), plain.method !== 'get');
      if (response.status === 204) return undefined;
      return await response.json();
    } catch (e) {
      throw e instanceof Problem ? e : new Unreachable(String(e));
    } finally {
      clearTimeout(timer);
      plain.signal?.removeEventListener('abort', give);
    }
  }

  private noted(problem: Problem, writing = false): Problem {
    if (problem.status === 401) this.signer.ended(problem, writing);
    return problem;
  }

  private send({method, path, body, headers, signal}: Plain): Promise<Response> {
    const content: Record<string, string> = body === undefined ? {} : {'Content-Type': 'application/json'};
    return this.parts.fetch(path, {
      method: method.toUpperCase(),
      headers: {...headers, ...content, ...this.signer.headers(method, path)},
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'error',
      signal,
    }).catch((e: unknown) => {
      throw new Unreachable(String(e));
    });
  }
}

/** Fills `{names}` of a path in, and adds the query without what is undefined or null. */
export function addressOf(path: string, inPath: unknown, query: unknown): string {
  const values = (inPath ?? {}) as Record<string, unknown>;
  const filled = path.replace(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>))
    if (value !== undefined && value !== null) asked.set(name, String(value));
  const tail = asked.toString();
  return tail === '' ? filled : `${filled}?${tail}`;
}

export interface Paged<T> {
  items: T[];
  next_cursor?: string | null;
}

export interface Some<T> {
  items: T[];
  /** There are more than were fetched. */
  more: boolean;
}

/** Reads page after page, but no more than `mostPages`. */
export async function allPages<T>(ask: (cursor: string | undefined) => Promise<Paged<T>>, mostPages = 10): Promise<Some<T>> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let n = 0; n < mostPages; ++n) {
    const page = await ask(cursor);
    items.push(...page.items);
    cursor = page.next_cursor ?? undefined;
    if (cursor === undefined) break;
  }
  return {items, more: cursor !== undefined};
}
