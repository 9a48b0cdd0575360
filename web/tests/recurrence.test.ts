// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {countBefore, firstDay, follow, isDate, monthDaysOf, namesDays, readRule, usualRepeat, weekdayOf, writeRule, type Repeat} from '../src/model/recurrence';
import {schedule} from '../src/texts/schedule';

const zone = 'Europe/Berlin';
/** A Tuesday, the second of its month. */
const tuesday = '2026-12-08T09:00:00';
const read = (rule: string, start = tuesday): Repeat => {
  const found = readRule(rule, start, zone);
  assert.ok(found, rule);
  return found;
};
const said = (rule: string, start = tuesday): string => schedule.repeat.sentence(read(rule, start), null);

test('rules are said in a sentence', () => {
  assert.equal(said('FREQ=DAILY'), 'Every day, without end.');
  assert.equal(said('FREQ=DAILY;INTERVAL=3;COUNT=1'), 'Every 3 days, 1 time.');
  assert.equal(said('FREQ=WEEKLY'), 'Every week on Tuesday, without end.');
  assert.equal(said('FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,TU;COUNT=10'), 'Every 2 weeks on Tuesday and Thursday, 10 times.');
  assert.equal(said('FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'), 'Every week from Monday to Friday, without end.');
  assert.equal(said('FREQ=MONTHLY'), 'Every month on day 8, without end.');
  assert.equal(said('FREQ=MONTHLY', '2026-12-31'), 'Every month on day 31, in months that have it, without end.');
  assert.equal(said('FREQ=MONTHLY;BYMONTHDAY=-1', '2026-12-31'), 'Every month on the last day, without end.');
  assert.equal(said('FREQ=MONTHLY;BYDAY=2TU'), 'Every month on the second Tuesday, without end.');
  assert.equal(said('FREQ=YEARLY;UNTIL=20301208T225959Z'), 'Every year on 8 December, until 8 December 2030.');
  assert.equal(said('FREQ=YEARLY;BYMONTH=12;BYDAY=2TU'), 'Every year on the second Tuesday of December, without end.');
  assert.equal(schedule.repeat.sentence(read('FREQ=WEEKLY;BYDAY=TH'), '2026-12-10'), 'Every week on Thursday, from 10 December 2026, without end.');
});

test('what has no words is not read, so that it is kept', () => {
  for (const rule of ['FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=-2', 'FREQ=MONTHLY;BYMONTHDAY=8,9', 'FREQ=YEARLY;BYYEARDAY=100', 'FREQ=WEEKLY;BYDAY=TU;BYHOUR=9', 'FREQ=HOURLY', 'FREQ=MONTHLY;BYDAY=5TU', 'FREQ=YEARLY;BYMONTH=3', 'FREQ=DAILY;INTERVAL=0', ''])
    assert.equal(readRule(rule, tuesday, zone), null, rule);
});

test('what is read is written as it was', () => {
  for (const rule of ['FREQ=DAILY;INTERVAL=3;COUNT=5', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;WKST=SU', 'FREQ=MONTHLY', 'FREQ=MONTHLY;BYDAY=2TU;COUNT=4', 'FREQ=YEARLY;BYMONTH=12;BYDAY=2TU'])
    assert.equal(writeRule(read(rule), tuesday, zone), rule);
});

test('the last day ends with its day: in UTC for a clock, as a day for days, and is read back as the same day', () => {
  const winter: Repeat = {...usualRepeat('DAILY', tuesday), ending: {kind: 'on', date: '2027-01-31'}};
  assert.equal(writeRule(winter, tuesday, zone), 'FREQ=DAILY;UNTIL=20270131T225959Z');
  assert.equal(writeRule({...winter, ending: {kind: 'on', date: '2027-07-31'}}, tuesday, zone), 'FREQ=DAILY;UNTIL=20270731T215959Z');
  assert.equal(writeRule(winter, '2026-12-08', 'UTC'), 'FREQ=DAILY;UNTIL=20270131');
  assert.deepEqual(read('FREQ=DAILY;UNTIL=20270131T225959Z').ending, {kind: 'on', date: '2027-01-31'});
  assert.deepEqual(readRule('FREQ=DAILY;UNTIL=20270131', '2026-12-08', 'UTC')?.ending, {kind: 'on', date: '2027-01-31'});
});

test('a day is offered in all the ways in which it can be said', () => {
  assert.deepEqual(monthDaysOf('2026-12-08'), [{kind: 'day', day: 8}, {kind: 'place', place: 2, weekday: 'TU'}]);
  assert.deepEqual(monthDaysOf('2026-12-31'), [{kind: 'day', day: 31}, {kind: 'place', place: -1, weekday: 'TH'}, {kind: 'last'}]);
  assert.equal(weekdayOf('2026-12-13'), 'SU');
});

test('a series begins on the first day that its rule has', () => {
  assert.equal(firstDay(read('FREQ=WEEKLY;BYDAY=MO'), tuesday), '2026-12-14');
  assert.equal(firstDay(read('FREQ=WEEKLY;BYDAY=TU'), tuesday), '2026-12-08');
  assert.equal(firstDay({...read('FREQ=MONTHLY'), on: {kind: 'place', place: 1, weekday: 'MO'}}, tuesday), '2027-01-04');
  assert.equal(firstDay({...read('FREQ=MONTHLY'), on: {kind: 'last'}}, tuesday), '2026-12-31');
});

test('a rule goes along with its start', () => {
  const weekly = follow(read('FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20270131T225959Z'), tuesday, '2026-12-10T09:00:00');
  assert.deepEqual([weekly.weekdays, weekly.ending], [['WE', 'TH'], {kind: 'on', date: '2027-02-02'}]);
  assert.deepEqual(follow(read('FREQ=WEEKLY;BYDAY=SU,MO'), tuesday, '2026-12-09').weekdays, ['MO', 'TU']);
  assert.deepEqual(follow(read('FREQ=MONTHLY;BYDAY=2TU'), tuesday, '2026-12-16').on, {kind: 'place', place: 3, weekday: 'WE'});
  assert.equal(follow(read('FREQ=YEARLY'), tuesday, '2027-01-08').month, 1);
  assert.equal(namesDays(read('FREQ=WEEKLY;BYDAY=TU')), false);
  assert.equal(namesDays(read('FREQ=WEEKLY;BYDAY=TU,WE')), true);
  assert.equal(namesDays(read('FREQ=MONTHLY;BYDAY=2TU')), true);
});

test('what lies before an occurrence is counted as the rule has it', () => {
  assert.equal(countBefore(read('FREQ=WEEKLY;BYDAY=TU,TH'), tuesday, '2026-12-22'), 4);
  assert.equal(countBefore(read('FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH'), tuesday, '2026-12-22'), 2);
  assert.equal(countBefore(read('FREQ=MONTHLY;BYDAY=2TU'), tuesday, '2027-03-09'), 3);
  assert.equal(countBefore(read('FREQ=DAILY;INTERVAL=2'), tuesday, '2026-12-14'), 3);
});

test('only days that there are, are days', () => {
  assert.deepEqual(['2026-12-08', '2028-02-29', '2026-02-29', '2026-13-01', '2026-1-1', ''].map(isDate), [true, true, false, false, false, false]);
});
