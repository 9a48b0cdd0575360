// SPDX-License-Identifier: Apache-2.0
// What stands before several nodes: one address, each request to the next of them; one that cannot be reached is passed over.
import http from 'node:http';

export class Front {
  /** `nodes()` answers the base URLs of the nodes, as they are now. */
  static async open(nodes) {
    const f = new Front();
    f.nodes = nodes;
    f.turn = 0;
    f.server = http.createServer((request, response) => f.#pass(request, response));
    await new Promise((done) => f.server.listen(0, '127.0.0.1', done));
    f.url = `http://127.0.0.1:${f.server.address().port}`;
    return f;
  }

  /** All requests go to this node; without one, to all in turn. */
  only(base) {
    this.chosen = base;
  }

  async #pass(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const all = this.chosen ? [this.chosen] : this.nodes();
    for (let i = 0; i < all.length; ++i) {
      if (await this.#send(all[this.turn++ % all.length], request, body, response)) return;
    }
    response.writeHead(502).end();
  }

  /** False when nothing of the request reached the node. */
  #send(base, request, body, response) {
    return new Promise((done) => {
      const onward = http.request(base + request.url, { method: request.method, headers: request.headers, agent: false });
      onward.on('response', (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
        answer.on('end', () => done(true));
        answer.on('error', () => (response.destroy(), done(true)));
      });
      onward.on('error', (failure) => {
        if (failure.code === 'ECONNREFUSED') return done(false);
        if (!response.headersSent) response.writeHead(502);
        response.end();
        done(true);
      });
      onward.setTimeout(60_000, () => onward.destroy());
      onward.end(body);
    });
  }

  close() {
    this.server.closeAllConnections?.();
    return new Promise((done) => this.server.close(done));
  }
}
