// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {byArea, needsDoing, worstOf, type Finding} from '../src/model/doctor';
import {doctor as words} from '../src/texts/doctor';

const finding = (more: Partial<Finding>): Finding => ({area: 'database', check: 'fsync', subject: 'PostgreSQL', state: 'ok', found: 'It is so.', consequence: null, remedy: null, copy: null, ...more});

test('keeps the order of areas, and shows the worst of each first', () => {
  const groups = byArea([
    finding({area: 'addresses', check: 'dns', state: 'skipped'}),
    finding({area: 'addresses', check: 'tls', state: 'problem'}),
    finding({area: 'addresses', check: 'public_url', state: 'ok'}),
    finding({area: 'addresses', check: 'webhook_url', state: 'warning'}),
    finding({}),
  ]);
  assert.deepEqual(groups.map((g) => [g.area, g.worst]), [['addresses', 'problem'], ['database', 'ok']]);
  assert.deepEqual(groups[0]?.findings.map((f) => f.check), ['tls', 'webhook_url', 'public_url', 'dns']);
});

test('leaves findings of one state as they came', () => {
  const [group] = byArea(['encoding', 'connections', 'time_zone'].map((check) => finding({check})));
  assert.deepEqual(group?.findings.map((f) => f.check), ['encoding', 'connections', 'time_zone']);
});

test('names each finding by its check and its place, whatever its state', () => {
  const [group] = byArea([finding({check: 'redirect_uri', subject: 'Google'}), finding({check: 'redirect_uri', subject: 'Microsoft', state: 'problem'})]);
  assert.deepEqual(group?.findings.map((f) => [f.key, f.subject]), [['redirect-uri-2', 'Microsoft'], ['redirect-uri-1', 'Google']]);
});

test('knows the worst state, and that nothing was looked at', () => {
  assert.equal(worstOf([finding({}), finding({state: 'warning'}), finding({state: 'skipped'})]), 'warning');
  assert.equal(worstOf([finding({}), finding({state: 'skipped'})]), 'ok');
  assert.equal(worstOf([]), 'skipped');
});

test('asks for work only where something is wrong', () => {
  assert.deepEqual((['ok', 'warning', 'problem', 'skipped'] as const).map((state) => needsDoing(finding({state}))), [false, true, true, false]);
});

test('counts in words, and calls an unknown check by its own name', () => {
  assert.equal(words.wrong(1, 0), '1 problem');
  assert.equal(words.wrong(2, 1), '2 problems, 1 warning');
  assert.equal(words.check('a_check_to_come'), 'a_check_to_come');
  assert.equal(words.took(40), 'took 0.1 s');
});
