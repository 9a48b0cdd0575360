// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Entry} from '../src/api/shapes';
import {
  asAllDay, asTimed, changeOfAll, changeOfEntry, changeOfFuture, changeOfOne, dateProblem, draftOf, entryOf, instantOf, itemId, itemKey, newDraft, nextHour, scopesFor, shownOf, timesOfMove, wallOf, withStart, worstOf,
  type Draft, type Item, type Standing,
} from '../src/model/schedule';
import {readRule} from '../src/model/recurrence';

const zone = 'Europe/Berlin';
const at = (time: string, offset = '+01:00'): {date_time: string; time_zone: string} => ({date_time: `${time}${offset}`, time_zone: zone});

function item(more: Partial<Item> = {}): Item {
  return {
    id: 'e1', version: 3, title: 'Visit', location: '', start: at('2026-12-08T09:00:00'), end: at('2026-12-08T10:00:00'), all_day: false, time_zone: zone, status: 'scheduled', is_private: false,
    work_item: null, assigned_user_ids: ['u1'], series: false, recurrence_id: null, differs: [], origin_provider_id: null, ...more,
  };
}

function entry(more: Partial<Entry> = {}): Entry {
  const {id, version, title, location, start, end, status, is_private, work_item, assigned_user_ids, origin_provider_id} = item();
  return {id, version, title, notes: 'Bring keys', location, start, end, status, is_private, work_item, assigned_user_ids, attendees: [], recurrence: null, origin_provider_id, created_at: '', updated_at: '', ...more};
}

const series = (rrule: string): Entry => entry({recurrence: {rrule, rdates: [], exdates: [], changed_occurrences: []}});
/** The occurrence of the week after: a Tuesday. */
const second = item({series: true, recurrence_id: '2026-12-15T09:00:00', start: at('2026-12-15T09:00:00'), end: at('2026-12-15T10:00:00')});
const moveTo = (was: Draft, time: string): Draft => withStart(was, {...was.start, time});

test('times are drawn as instants, days as days, and what was moved where it was put', () => {
  const shown = shownOf(item());
  assert.equal((shown.start as Date).toISOString(), '2026-12-08T08:00:00.000Z');
  const days = shownOf(item({all_day: true, start: {date: '2026-12-08'}, end: {date: '2026-12-10'}}));
  assert.deepEqual([days.start, days.end, days.allDay], ['2026-12-08', '2026-12-10', true]);
  const moved = {start: new Date('2026-12-09T08:00:00Z'), end: new Date('2026-12-09T09:00:00Z'), allDay: false};
  assert.equal(shownOf(item(), moved).start, moved.start);
});

test('an occurrence is named by its series and its place in it', () => {
  assert.equal(itemKey(second), 'e1@2026-12-15T09:00:00');
  assert.equal(itemId(second), 'e1-2026-12-15T090000');
  assert.equal(itemKey(item()), 'e1');
});

test('both hours that come twice are different times, and the one that is left out is an hour later', () => {
  const first = shownOf(item({start: at('2026-10-25T02:30:00', '+02:00'), end: at('2026-10-25T02:30:00', '+01:00')}));
  assert.equal((first.end as Date).getTime() - (first.start as Date).getTime(), 3_600_000);
  assert.equal(instantOf({time: '2026-03-29T02:30:00', zone}, zone).toISOString(), '2026-03-29T01:30:00.000Z');
});

test('what is moved keeps the zone of each end, with its offset', () => {
  const flight = item({end: {date_time: '2026-12-08T12:00:00-05:00', time_zone: 'America/New_York'}});
  const times = timesOfMove(flight, {start: new Date('2026-12-09T08:00:00Z'), end: new Date('2026-12-09T17:00:00Z'), allDay: false}, 'Asia/Tokyo');
  assert.deepEqual(times, {start: at('2026-12-09T09:00:00'), end: {date_time: '2026-12-09T12:00:00-05:00', time_zone: 'America/New_York'}});
  const twice = timesOfMove(item(), {start: new Date('2026-10-25T01:30:00Z'), end: new Date('2026-10-25T02:30:00Z'), allDay: false}, zone);
  assert.deepEqual(twice.start, at('2026-10-25T02:30:00', '+01:00'));
});

test('from the hours to the days and back', () => {
  assert.deepEqual(timesOfMove(item(), {start: '2026-12-09', end: '2026-12-10', allDay: true}, zone), {start: {date: '2026-12-09'}, end: {date: '2026-12-10'}});
  const days = item({all_day: true, start: {date: '2026-12-08'}, end: {date: '2026-12-09'}});
  assert.deepEqual(timesOfMove(days, {start: new Date('2026-12-08T08:00:00Z'), end: new Date('2026-12-08T09:00:00Z'), allDay: false}, zone), {start: at('2026-12-08T09:00:00'), end: at('2026-12-08T10:00:00')});
  const draft = draftOf(item(), entry());
  assert.deepEqual([asAllDay(draft).start.time, asAllDay(draft).end.time], ['2026-12-08', '2026-12-09']);
  const night = {...draft, start: {time: '2026-12-08T22:00:00', zone}, end: {time: '2026-12-09T06:00:00', zone}};
  assert.equal(asAllDay(night).end.time, '2026-12-10');
  assert.equal(asAllDay({...night, end: {time: '2026-12-09T00:00:00', zone}}).end.time, '2026-12-09');
  assert.deepEqual(asTimed(asAllDay(draft), zone).end, {time: '2026-12-08T10:00:00', zone});
});

test('the word for all calendars is the one that needs a person first', () => {
  const standing = (state: Standing['state']): Standing => ({provider_id: state, state, reason: null, conflict_id: null});
  assert.equal(worstOf([standing('in_step'), standing('conflict'), standing('waiting')])?.state, 'conflict');
  assert.equal(worstOf([standing('in_step'), standing('waiting')])?.state, 'waiting');
  assert.equal(worstOf([]), null);
  assert.equal(worstOf(undefined), null);
});

test('an occurrence shows its own notes, else those of the series', () => {
  const kept = series('FREQ=WEEKLY');
  assert.equal(draftOf(second, kept).notes, 'Bring keys');
  kept.recurrence!.changed_occurrences.push({recurrence_id: second.recurrence_id!, start: second.start, end: second.end, status: 'scheduled', title: 'x', notes: 'Own', location: '', is_private: false});
  assert.equal(draftOf(second, kept).notes, 'Own');
  assert.deepEqual(draftOf(second, series('FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=-2')).repeat, {rule: 'FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=-2'});
});

test('only what was changed is sent', () => {
  const was = draftOf(item(), entry());
  assert.deepEqual(changeOfEntry(was, {...was, title: 'Long visit'}), {title: 'Long visit'});
  assert.deepEqual(changeOfEntry(was, was), {});
  assert.deepEqual(changeOfOne(was, moveTo(was, '2026-12-08T11:00:00')), {start: {date_time: '2026-12-08T11:00:00', time_zone: zone}, end: {date_time: '2026-12-08T12:00:00', time_zone: zone}});
  assert.deepEqual(changeOfEntry(was, {...was, people: ['u2']}), {assigned_user_ids: ['u2']});
});

test('a single entry becomes a series that begins on the first day of its rule', () => {
  const was = draftOf(item(), entry());
  const change = changeOfEntry(was, {...was, repeat: readRule('FREQ=WEEKLY;BYDAY=TH', was.start.time, zone)!});
  assert.deepEqual(change, {
    start: {date_time: '2026-12-10T09:00:00', time_zone: zone}, end: {date_time: '2026-12-10T10:00:00', time_zone: zone}, recurrence: {rrule: 'FREQ=WEEKLY;BYDAY=TH'},
  });
});

test('the series goes along by as much as one occurrence was moved, over summer time too', () => {
  const kept = series('FREQ=WEEKLY');
  const summer = item({...second, recurrence_id: '2027-04-06T09:00:00', start: at('2027-04-06T09:00:00', '+02:00'), end: at('2027-04-06T10:00:00', '+02:00')});
  const was = draftOf(summer, kept);
  assert.deepEqual(changeOfAll(was, moveTo(was, '2027-04-07T11:30:00'), kept), {start: {date_time: '2026-12-09T11:30:00', time_zone: zone}, end: {date_time: '2026-12-09T12:30:00', time_zone: zone}});
});

test('a rule that names its days is said anew when the series goes to another day', () => {
  const kept = series('FREQ=WEEKLY;BYDAY=TU,TH;COUNT=10');
  const was = draftOf(second, kept);
  assert.deepEqual(changeOfAll(was, moveTo(was, '2026-12-16T09:00:00'), kept).recurrence, {rrule: 'FREQ=WEEKLY;BYDAY=WE,FR;COUNT=10'});
  assert.equal(changeOfAll(was, moveTo(was, '2026-12-15T08:00:00'), kept).recurrence, undefined);
});

test('what follows keeps as many as are left', () => {
  const kept = series('FREQ=WEEKLY;BYDAY=TU,TH;COUNT=10');
  const was = draftOf(second, kept);
  assert.deepEqual(changeOfFuture(was, moveTo(was, '2026-12-16T09:00:00'), kept).recurrence, {rrule: 'FREQ=WEEKLY;BYDAY=WE,FR;COUNT=8'});
  assert.deepEqual(changeOfFuture(was, {...was, title: 'New'}, kept), {title: 'New'});
});

test('another rule is for what follows or for all; everything else for one alone, too', () => {
  const was = draftOf(second, series('FREQ=WEEKLY;BYDAY=TU,TH'));
  assert.deepEqual(scopesFor(was, {...was, title: 'x'}), ['single', 'future', 'all']);
  assert.deepEqual(scopesFor(was, moveTo(was, '2026-12-16T09:00:00')), ['single', 'future', 'all']);
  assert.deepEqual(scopesFor(was, {...was, repeat: null}), ['future', 'all']);
  assert.equal(changeOfAll(was, {...was, repeat: null}, series('FREQ=WEEKLY;BYDAY=TU,TH')).recurrence, null);
});

test('a series can be made all-day, and back', () => {
  const kept = series('FREQ=WEEKLY');
  const was = draftOf(second, kept);
  assert.deepEqual(changeOfAll(was, asAllDay(was), kept), {start: {date: '2026-12-08'}, end: {date: '2026-12-09'}});
});

test('a new entry is all that the form says', () => {
  const draft = {...newDraft({time: '2026-12-08', zone: null}, {time: '2026-12-10', zone: null}, ['u1']), title: 'Fair'};
  assert.deepEqual(entryOf(draft, true), {title: 'Fair', location: '', notes: '', start: {date: '2026-12-08'}, end: {date: '2026-12-10'}, status: 'scheduled', is_private: false, assigned_user_ids: ['u1']});
  assert.equal('assigned_user_ids' in entryOf(draft, false), false);
  assert.deepEqual(wallOf({date: '2026-12-08'}), {time: '2026-12-08', zone: null});
  assert.equal(nextHour(new Date('2026-12-08T08:20:00Z'), zone).time, '2026-12-08T10:00:00');
});

test('single dates are added beside the rule, go along with the start, and are said only if they differ', () => {
  const weekly = {...series('FREQ=WEEKLY'), recurrence: {rrule: 'FREQ=WEEKLY', rdates: ['2026-12-17T09:00:00', '2026-12-30T14:00:00'], exdates: [], changed_occurrences: []}};
  const was = draftOf(second, weekly);
  const first = '2026-12-08T09:00:00';
  assert.deepEqual(was.dates, ['2026-12-17T09:00:00', '2026-12-30T14:00:00']);
  assert.deepEqual(['2026-12-07T09:00:00', first, '2026-12-17T09:00:00', '2026-12-22T09:00:00', '2026-12-22T10:00:00'].map((d) => dateProblem(was, first, d)), ['before', 'twice', 'twice', 'of_rule', null]);
  const moved = moveTo(was, '2026-12-16T10:00:00');
  assert.deepEqual(moved.dates, ['2026-12-18T10:00:00', '2026-12-31T15:00:00']);
  assert.deepEqual(scopesFor(was, moved), ['single', 'future', 'all']);
  assert.equal(changeOfAll(was, moved, weekly).recurrence?.rdates, undefined);
  const more = {...was, dates: [...was.dates, '2027-01-02T09:00:00']};
  assert.deepEqual(scopesFor(was, more), ['future', 'all']);
  assert.deepEqual(changeOfAll(was, more, weekly), {recurrence: {rdates: more.dates}});
  assert.deepEqual(changeOfFuture(draftOf({...second, start: at('2026-12-22T09:00:00')}, weekly), {...more, start: {time: '2026-12-22T09:00:00', zone}, end: {time: '2026-12-22T10:00:00', zone}}, weekly).recurrence, {rdates: ['2026-12-30T14:00:00', '2027-01-02T09:00:00']});
  assert.deepEqual(changeOfAll(was, {...was, dates: []}, weekly), {recurrence: {rdates: []}});
  assert.deepEqual(asAllDay(was).dates, ['2026-12-17', '2026-12-30']);
});

test('guests belong to the whole entry, and a new one takes them along', () => {
  const was = draftOf(second, {...series('FREQ=WEEKLY'), attendees: [{email: 'ann@example.com', name: 'Ann', response: 'accepted', optional: true, organizer: false}]});
  const is = {...was, guests: [...was.guests, {email: 'bob@example.com', name: null, optional: false, organizer: false}]};
  assert.deepEqual(scopesFor(was, is), ['future', 'all']);
  const attendees = [{email: 'ann@example.com', name: 'Ann', optional: true, organizer: false}, {email: 'bob@example.com', name: null, optional: false, organizer: false}];
  assert.deepEqual(changeOfOne(was, is), {attendees});
  assert.deepEqual(changeOfOne(was, {...was, guests: []}), {attendees: []});
  assert.deepEqual(entryOf({...is, repeat: null}, false).attendees, attendees);
});
