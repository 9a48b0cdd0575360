// SPDX-License-Identifier: Apache-2.0
// The host's side of webhooks: a server on this machine that keeps what it is sent, and answers as a test wants.
import { createHmac } from 'node:crypto';
import http from 'node:http';

/** What a receiver computes by itself, as Standard Webhooks has it. */
export function signatureOf(secret, id, timestamp, body) {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return 'v1,' + createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
}

export class Receiver {
  static async open() {
    const r = new Receiver();
    r.server = http.createServer((request, response) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => r.#take(request, Buffer.concat(parts).toString('utf8'), response));
    });
    await new Promise((done) => r.server.listen(0, '127.0.0.1', done));
    r.url = `http://127.0.0.1:${r.server.address().port}/hook`;
    return r;
  }

  constructor() {
    this.messages = [];
    this.answer = () => 204;
  }

  /** `answer(message)`: a status, `{status, headers, body}`, or nothing to leave the caller waiting. */
  async #take(request, body, response) {
    const message = {
      at: Date.now(),
      path: request.url,
      headers: request.headers,
      id: request.headers['webhook-id'],
      timestamp: request.headers['webhook-timestamp'],
      signatures: (request.headers['webhook-signature'] ?? '').split(' '),
      body,
      json: JSON.parse(body),
    };
    this.messages.push(message);
    const told = await this.answer(message, this.messages.length);
    message.answered = typeof told === 'object' ? told?.status : told;
    if (told === undefined) return;
    const { status, headers = {}, body: words = '' } = typeof told === 'object' ? told : { status: told };
    response.writeHead(status, headers).end(words);
  }

  /** Those that were taken, in the order in which they came. */
  get taken() {
    return this.messages.filter((m) => m.answered >= 200 && m.answered < 300);
  }
  /** The sequences of the facts that were taken. */
  get sequences() {
    return this.taken.filter((m) => m.json.sequence).map((m) => m.json.sequence);
  }
  async close() {
    this.server.closeAllConnections?.();
    await new Promise((done) => this.server.close(done));
  }
}
