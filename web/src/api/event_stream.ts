// SPDX-License-Identifier: Apache-2.0
import {readFact, type Fact} from './shapes';
import {backoffMs} from '../model/backoff';
import {SseParser} from '../model/sse';

/** The server sends a comment every 15 seconds; after this much silence the connection is taken for dead. */
const silenceMs = 40_000;
/** From here on, reconnecting is called being offline. */
const attemptsUntilOffline = 3;

export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'offline';

export interface StreamParts {
  open(headers: Record<string, string>, signal: AbortSignal): Promise<Response>;
  onFact(fact: Fact): void;
  onState(state: StreamState): void;
  /** Each time a connection stands; `again` when there was one before. */
  onConnected(again: boolean): void;
  /** How long to wait although the server could be asked again (its Retry-After); `stop` when asking is useless, `afresh` when the place is lost. */
  judge(error: unknown): {waitMs: number | null} | 'stop' | 'afresh';
  random(): number;
}

/**
 * Server-sent events over fetch, because EventSource cannot tell why it was refused, nor name a tenant.
 * Resumes by Last-Event-ID and comes back with growing, jittered delays until closed.
 */
export class EventStream {
  private connection: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private attempts = 0;
  private connectedBefore = false;
  private closed = false;

  /** `lastId` is the id to resume after; null means from now on. */
  constructor(
    private readonly parts: StreamParts,
    private lastId: string | null,
  ) {}

  begin(): void {
    this.parts.onState('connecting');
    void this.run();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.connection?.abort();
  }

  /** Tries at once instead of at the end of the delay: the network is back, or the page is looked at again. */
  hurry(): void {
    if (this.closed || this.connection) return;
    clearTimeout(this.timer);
    void this.run();
  }

  private async run(): Promise<void> {
    const connection = new AbortController();
    this.connection = connection;
    let failure: unknown = null;
    try {
      this.listen(connection);
      const response = await this.parts.open(this.lastId === null ? {} : {'Last-Event-ID': this.lastId}, connection.signal);
      this.stands();
      await this.read(response, connection);
    } catch (e) {
      failure = e;
    }
    clearTimeout(this.silence);
    connection.abort();
    this.connection = null;
    if (!this.closed) this.comeBack(failure);
  }

  private stands(): void {
    if (this.closed) return;
    this.attempts = 0;
    this.parts.onState('live');
    this.parts.onConnected(this.connectedBefore);
    this.connectedBefore = true;
  }

  private async read(response: Response, connection: AbortController): Promise<void> {
    if (!response.body) return;
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const parser = new SseParser();
    for (;;) {
      const {done, value} = await reader.read();
      if (done || this.closed) return;
      this.listen(connection);
      for (const message of parser.feed(decoder.decode(value, {stream: true}))) {
        if (message.id !== null) this.lastId = message.id;
        const fact = readFact(message.data);
        if (fact) this.parts.onFact(fact);
      }
    }
  }

  private listen(connection: AbortController): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => connection.abort(), silenceMs);
  }

  private comeBack(failure: unknown): void {
    const judged = failure === null ? {waitMs: null} : this.parts.judge(failure);
    if (judged === 'stop') {
      this.close();
      return;
    }
    if (judged === 'afresh') this.lastId = null;
    const verdict = judged === 'afresh' ? {waitMs: null} : judged;
    this.attempts += 1;
    this.parts.onState(this.attempts >= attemptsUntilOffline ? 'offline' : 'reconnecting');
    const wait = Math.max(verdict.waitMs ?? 0, backoffMs(this.attempts, this.parts.random));
    this.timer = setTimeout(() => void this.run(), wait);
  }
}
