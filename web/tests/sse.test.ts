// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {SseParser} from '../src/model/sse';

const stream = ': hello\n\nid: 7\nevent: A\ndata: {"x":\ndata: 1}\n\nevent: B\ndata:two\n\n';
const expected = [
  {id: '7', event: 'A', data: '{"x":\n1}'},
  {id: null, event: 'B', data: 'two'},
];

test('reads messages whole', () => {
  assert.deepEqual(new SseParser().feed(stream), expected);
});

test('reads the same in pieces of any size', () => {
  for (let size = 1; size < 12; ++size) {
    const parser = new SseParser();
    const out = [];
    for (let at = 0; at < stream.length; at += size) out.push(...parser.feed(stream.slice(at, at + size)));
    assert.deepEqual(out, expected, `pieces of ${size}`);
  }
});

test('knows every line end, also one that is cut in two', () => {
  const parser = new SseParser();
  const out = [...parser.feed('data: a\r'), ...parser.feed('\n\r'), ...parser.feed('\ndata: b\r\r')];
  assert.deepEqual(out.map((m) => m.data), ['a', 'b']);
});

test('drops what has no data and what is left unfinished', () => {
  const parser = new SseParser();
  assert.deepEqual(parser.feed('event: A\n\ndata: x\n'), []);
});

test('drops a message that is too large and reads the next', () => {
  const parser = new SseParser();
  assert.deepEqual(parser.feed('data: ' + 'x'.repeat(2 * 1024 * 1024)), []);
  assert.deepEqual(parser.feed('yyy\n\ndata: next\n\n').map((m) => m.data), ['next']);
});
