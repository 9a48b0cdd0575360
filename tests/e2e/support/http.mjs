// SPDX-License-Identifier: Apache-2.0
// One HTTP request, with a certificate authority of our own; and a browser without pictures.
import http from 'node:http';
import https from 'node:https';

const plain = new http.Agent({ keepAlive: true });
const secure = new Map(); // by CA

function agentFor(url, ca) {
  if (url.protocol === 'http:') return plain;
  if (!secure.has(ca)) secure.set(ca, new https.Agent({ keepAlive: true, ca }));
  return secure.get(ca);
}

/** Ends all kept connections, so that the process can end. */
export function closeConnections() {
  plain.destroy();
  for (const agent of secure.values()) agent.destroy();
  secure.clear();
}

function once({ method = 'GET', url, headers = {}, body, ca, timeout = 30_000 }) {
  const to = new URL(url);
  const bytes = body === undefined ? undefined : Buffer.from(body);
  return new Promise((resolve, reject) => {
    const request = (to.protocol === 'http:' ? http : https).request(
      to,
      {
        method,
        agent: agentFor(to, ca),
        timeout,
        headers: bytes ? { 'Content-Length': bytes.length, ...headers } : headers,
      },
      (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          resolve({ status: response.statusCode, headers: response.headers, text });
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error(`${method} ${url} took too long`)));
    request.on('error', (failure) => {
      failure.reused = request.reusedSocket;
      reject(failure);
    });
    request.end(bytes);
  });
}

/**
 * Sends and answers `{status, headers, text, json}`; any status is an answer. A kept connection that the other
 * side had closed meanwhile is replaced once.
 */
export async function send(request) {
  let answer;
  try {
    answer = await once(request);
  } catch (failure) {
    if (!failure.reused || !['ECONNRESET', 'EPIPE'].includes(failure.code)) throw failure;
    answer = await once(request);
  }
  const type = answer.headers['content-type'] ?? '';
  answer.json = /\bjson\b/.test(type) && answer.text ? JSON.parse(answer.text) : undefined;
  return answer;
}

/** A browser: follows redirects and keeps cookies by host and port. */
export class Browser {
  #cookies = new Map();

  constructor(ca) {
    this.ca = ca;
  }

  /** Follows redirects until `stop(location)` says so or a page comes; answers the last answer, with `url`. */
  async open(url, { stop = () => false, hops = 12 } = {}) {
    for (let hop = 0; hop < hops; ++hop) {
      const jar = this.#jar(url);
      const headers = jar.size ? { Cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') } : {};
      const answer = await send({ url, headers, ca: this.ca });
      for (const line of answer.headers['set-cookie'] ?? []) {
        const [pair] = line.split(';');
        jar.set(pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1).trim());
      }
      if (answer.status < 300 || answer.status >= 400) return { ...answer, url };
      const next = new URL(answer.headers.location, url).href;
      if (stop(next)) return { ...answer, url: next };
      url = next;
    }
    throw new Error(`the pages lead in circles at ${url}`);
  }

  #jar(url) {
    const { host } = new URL(url);
    if (!this.#cookies.has(host)) this.#cookies.set(host, new Map());
    return this.#cookies.get(host);
  }
}
