// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {morePages} from '../src/data/pages';
import {beginOf, fieldsOf, notesOf, searchOf, textOf} from '../src/model/decisions';
import {decisions, reasonNames} from '../src/texts/decisions';

test('every reason code that is documented has a name, and no other', () => {
  const page = readFileSync('../docs/reason-codes.md', 'utf8');
  const documented = [...page.matchAll(/^\| `([a-z_]+)` \|/gm)].map((m) => m[1]!);
  assert.ok(documented.length > 40);
  assert.deepEqual(Object.keys(reasonNames).sort(), documented.sort());
  assert.equal(new Set(Object.values(reasonNames)).size, documented.length, 'two reasons share a name');
  assert.equal(decisions.reasonName('a_new_one'), 'A new one');
});

test('an id is looked for as one, everything else in titles', () => {
  assert.deepEqual(searchOf('  '), {});
  assert.deepEqual(searchOf(' Site visit '), {title: 'Site visit'});
  assert.deepEqual(searchOf('01980000-0000-7000-8000-00000000000A'), {entry_id: '01980000-0000-7000-8000-00000000000a'});
});

test('a period begins at a full hour, and all has no beginning', () => {
  const now = Date.parse('2026-12-08T10:47:12.345Z');
  assert.equal(beginOf('7', now), '2026-12-01T10:00:00.000Z');
  assert.equal(beginOf('all', now), undefined);
  assert.equal(beginOf('-1', now), undefined);
});

test('what was looked at is put side by side, field by field', () => {
  const inputs = {
    entry_version: 3, changed: ['title'], policy: 'external', weighed: {changed: 1},
    base_entry: {title: 'Base'}, entry: {title: 'Ours', is_private: true}, event: {title: 'Theirs', start: {date: '2026-12-01'}},
  };
  assert.deepEqual(fieldsOf(inputs, 'en-GB', 'UTC'), [
    {field: 'title', sides: [{side: 'base_entry', text: 'Base'}, {side: 'entry', text: 'Ours'}, {side: 'event', text: 'Theirs'}]},
    {field: 'is_private', sides: [{side: 'entry', text: 'yes'}]},
    {field: 'start', sides: [{side: 'event', text: '1 Dec 2026'}]},
  ]);
  assert.deepEqual(notesOf(inputs), [{name: 'entry_version', text: '3'}, {name: 'changed', text: 'title'}, {name: 'policy', text: 'external'}]);
  assert.deepEqual(fieldsOf('text'), []);
  assert.deepEqual(notesOf(null), []);
  assert.equal(textOf([]), 'empty');
});

test('a list grows page by page, then faster, up to a limit', () => {
  let pages = 1;
  const seen = [pages];
  while (seen.length < 9) seen.push((pages = morePages(pages)));
  assert.deepEqual(seen, [1, 2, 3, 4, 8, 16, 32, 50, 50]);
});
