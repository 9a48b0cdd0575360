// SPDX-License-Identifier: Apache-2.0
// The host product: a tenant's key and what is done with it.
import assert from 'node:assert/strict';
import { eventually } from './eventually.mjs';
import { send } from './http.mjs';

export class Host {
  constructor(baseUrl, key) {
    this.baseUrl = baseUrl;
    this.key = key;
  }

  /** Any request; any status is an answer. `body` is sent as JSON unless it is text or bytes already. */
  request(method, path, body, headers = {}) {
    const text = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return send({
      method,
      url: this.baseUrl() + path,
      headers: {
        ...(this.key ? { Authorization: `Bearer ${this.key}` } : {}),
        ...(text === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: text,
    });
  }

  async #ask(method, path, body, headers) {
    const answer = await this.request(method, path, body, headers);
    if (answer.status >= 300)
      throw Object.assign(new Error(`${method} ${path}: ${answer.status} ${answer.text}`), { answer });
    return answer.json;
  }
  get(path) {
    return this.#ask('GET', path);
  }
  post(path, body = {}, headers) {
    return this.#ask('POST', path, body, headers);
  }
  patch(path, body, headers) {
    return this.#ask('PATCH', path, body, headers);
  }
  delete(path, headers) {
    return this.#ask('DELETE', path, undefined, headers);
  }

  /** All pages of a list. */
  async all(path) {
    const items = [];
    for (let cursor = ''; ; ) {
      const page = await this.get(`${path}${path.includes('?') ? '&' : '?'}limit=200${cursor}`);
      items.push(...page.items);
      if (!page.next_cursor) return items;
      cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
  }

  // -- entries --

  createEntry(entry, headers) {
    return this.post('/v1/schedule-entries', entry, headers);
  }
  changeEntry(id, change, headers) {
    return this.patch(`/v1/schedule-entries/${id}`, change, headers);
  }
  removeEntry(id) {
    return this.delete(`/v1/schedule-entries/${id}`);
  }
  entry(id) {
    return this.get(`/v1/schedule-entries/${id}`);
  }
  async entryGone(id) {
    return (await this.request('GET', `/v1/schedule-entries/${id}`)).status === 404;
  }
  /** The entry of this title, or undefined; two of them are one too many. */
  async entryTitled(title, userId) {
    const entries = await this.all(`/v1/schedule-entries${userId ? `?assigned_user_id=${userId}` : ''}`);
    const found = entries.filter((e) => e.title === title);
    assert.ok(found.length <= 1, `"${title}" is there ${found.length} times`);
    return found[0];
  }
  /** Waits until every calendar agrees with the entry, and returns the lines. */
  settled(id, options = {}) {
    return eventually(
      async () => {
        const { providers } = await this.get(`/v1/schedule-entries/${id}/sync-status`);
        const open = providers.filter((p) => !p.linked || p.pending || p.removing);
        assert.deepEqual(open, [], 'calendars that do not agree yet');
        return providers;
      },
      { what: `settling of entry ${id}`, ...options },
    );
  }

  // -- facts --

  async lastSequence() {
    let last = 0;
    for (;;) {
      const page = await this.get(`/v1/events?after=${last}&limit=200`);
      if (page.last_sequence === null || page.last_sequence === last) return last;
      last = page.last_sequence;
    }
  }
  /** Facts after `sequence`, in order. */
  async facts(sequence = 0) {
    const facts = [];
    for (;;) {
      const page = await this.get(`/v1/events?after=${sequence}&limit=200`);
      facts.push(...page.items);
      if (page.last_sequence === null || page.last_sequence === sequence) return facts;
      sequence = page.last_sequence;
    }
  }
  async factsOf(entryId, sequence = 0) {
    return (await this.facts(sequence)).filter((f) => f.data.entry_id === entryId).map((f) => f.type);
  }

  // -- calendars --

  provider(id) {
    return this.get(`/v1/calendar-providers/${id}`);
  }
  /** A manual sync, followed to its end. */
  async sync(providerId) {
    const begun = await this.post(`/v1/calendar-providers/${providerId}/sync`);
    return eventually(
      async () => {
        const run = await this.get(`/v1/sync-runs/${begun.id}`);
        return run.outcome !== 'running' && run;
      },
      { what: `the end of run ${begun.id}`, within: 40_000 },
    );
  }
}
