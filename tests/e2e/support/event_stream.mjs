// SPDX-License-Identifier: Apache-2.0
import http from 'node:http';

/** Facts after a sequence as they come over an event stream, until `end()`. */
export function follow(base, key, after) {
  const facts = [];
  const request = http.get(`${base}/v1/events/stream`, {
    agent: false,
    headers: { Authorization: `Bearer ${key}`, 'Last-Event-ID': String(after) },
  });
  request.on('error', () => {});
  request.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part) => {
      text += part;
      for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end));
        if (data) facts.push(JSON.parse(data[1]));
      }
    });
    response.on('error', () => {});
  });
  return { facts, end: () => request.destroy() };
}
