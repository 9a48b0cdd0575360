// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {EventStream, type StreamParts, type StreamState} from '../src/api/event_stream';
import {fact} from './samples';

/** Answers each opening with the next of `answers`; a text is a whole stream that ends, an Error a refusal. */
function scripted(answers: (string | Error)[], judge: StreamParts['judge'] = () => ({waitMs: null})) {
  const seen = {facts: [] as number[], states: [] as StreamState[], ids: [] as (string | undefined)[], again: [] as boolean[]};
  let finished: () => void;
  const over = new Promise<void>((resolve) => (finished = resolve));
  const stream: EventStream = new EventStream(
    {
      open(headers) {
        seen.ids.push(headers['Last-Event-ID']);
        const answer = answers.shift();
        if (answer instanceof Error) return Promise.reject(answer);
        if (answer !== undefined) return Promise.resolve(new Response(answer));
        stream.close();
        finished();
        return Promise.reject(new Error('the script is over'));
      },
      onFact: (f) => seen.facts.push(f.sequence),
      onState: (s) => seen.states.push(s),
      onConnected: (a) => seen.again.push(a),
      judge: (e) => {
        const verdict = judge(e);
        if (verdict === 'stop') setTimeout(() => finished());
        return verdict;
      },
      random: () => 0,
    },
    null,
  );
  return {stream, seen, over};
}

const message = (n: number) => `id: ${n}\ndata: ${JSON.stringify(fact(n))}\n\n`;

test('comes back after the last fact it has seen', async () => {
  const {stream, seen, over} = scripted([message(1) + message(2), message(3)]);
  stream.begin();
  await over;
  assert.deepEqual(seen.facts, [1, 2, 3]);
  assert.deepEqual(seen.ids, [undefined, '2', '3']);
  assert.deepEqual(seen.again, [false, true]);
  assert.deepEqual(seen.states.slice(0, 4), ['connecting', 'live', 'reconnecting', 'live']);
});

test('says that it is offline when reconnecting keeps failing', async () => {
  const away = new Error('away');
  const {stream, seen, over} = scripted([message(1), away, away]);
  stream.begin();
  await over;
  assert.deepEqual(seen.states, ['connecting', 'live', 'reconnecting', 'reconnecting', 'offline']);
});

test('stops for good when asking again is useless', async () => {
  const {stream, seen, over} = scripted([new Error('refused'), message(1)], () => 'stop');
  stream.begin();
  await over;
  assert.deepEqual(seen.facts, []);
  assert.deepEqual(seen.ids, [undefined]);
});

test('passes over what is no fact', async () => {
  const {stream, seen, over} = scripted(['data: nonsense\n\n' + message(1)]);
  stream.begin();
  await over;
  assert.deepEqual(seen.facts, [1]);
});
