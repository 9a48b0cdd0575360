// SPDX-License-Identifier: Apache-2.0
// A mail server on the machine itself (RFC 5321, as much as a client of ours says): keeps what it takes, and refuses on request.
import { createServer } from 'node:net';

export class MailServer {
  /** What was taken: { from, to, raw, headers, text, html }. */
  mails = [];
  /** Answers to RCPT TO instead of 250, first in first out; null for a 250. */
  refusals = [];

  static async start(port = 0) {
    const s = new this();
    s.sockets = new Set();
    s.server = createServer((socket) => s.serve(socket));
    await new Promise((done) => s.server.listen(port, '127.0.0.1', done));
    s.port = s.server.address().port;
    return s;
  }
  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }
  to(address) {
    return this.mails.filter((m) => m.to.includes(address));
  }

  serve(socket) {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => {});
    let held = '';
    let data = null;
    let mail = { from: '', to: [] };
    const say = (line) => socket.write(`${line}\r\n`);
    const line = (text) => {
      if (data !== null) {
        if (text !== '.') return data.push(text.startsWith('.') ? text.slice(1) : text);
        this.mails.push({ ...mail, ...readMail(data) });
        data = null;
        mail = { from: '', to: [] };
        return say('250 kept');
      }
      const [verb] = text.split(/[ :]/);
      const address = /<(.*)>/.exec(text)?.[1] ?? '';
      switch (verb.toUpperCase()) {
        case 'EHLO': case 'HELO': return say('250 receiver');
        case 'MAIL': mail.from = address; return say('250 yes');
        case 'RCPT': {
          const refusal = this.refusals.shift();
          if (refusal) return say(refusal);
          mail.to.push(address);
          return say('250 yes');
        }
        case 'DATA': data = []; return say('354 go on');
        case 'QUIT': say('221 bye'); return socket.end();
        default: return say('250 yes');
      }
    };
    say('220 receiver');
    socket.on('data', (part) => {
      held += part.toString('latin1');
      for (let end; (end = held.indexOf('\r\n')) >= 0; ) {
        const text = held.slice(0, end);
        held = held.slice(end + 2);
        line(text);
      }
    });
  }
}

function decodeQuoted(text) {
  return Buffer.from(text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1').toString('utf8');
}

function decodeHeader(value) {
  return value.replace(/\?=\s+=\?/g, '?==?').replace(/=\?UTF-8\?Q\?(.*?)\?=/g, (_, word) => decodeQuoted(word.replaceAll('_', ' ')));
}

function readMail(lines) {
  const raw = lines.join('\r\n');
  const [head, ...rest] = raw.split('\r\n\r\n');
  const headers = Object.fromEntries(head.replace(/\r\n[ \t]+/g, ' ').split('\r\n').map((h) => [h.slice(0, h.indexOf(':')).toLowerCase(), decodeHeader(h.slice(h.indexOf(':') + 2))]));
  const boundary = /boundary="(.*?)"/.exec(headers['content-type'])?.[1];
  const parts = rest.join('\r\n\r\n').split(`--${boundary}`).filter((p) => p.includes('Content-Type'));
  const bodyOf = (type) => {
    const part = parts.find((p) => p.includes(type)) ?? '';
    return decodeQuoted(part.slice(part.indexOf('\r\n\r\n') + 4));
  };
  return { raw, headers, text: bodyOf('text/plain'), html: bodyOf('text/html') };
}
