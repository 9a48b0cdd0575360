// SPDX-License-Identifier: Apache-2.0
// Words of the schedule.
import type {Guest, GuestProblem} from '../model/guests';
import {mostGuests} from '../model/guests';
import type {DateProblem, EditScope, EntryStatus, StandingState} from '../model/schedule';
import {weekdays, type Frequency, type MonthDay, type Repeat, type Weekday} from '../model/recurrence';
import {count, language, listOf, numberWord} from './language';

/** A Monday: the names of the days come from the language. */
const monday = Date.UTC(2024, 0, 1);
const named = (d: Weekday, weekday: 'long' | 'short'): string => new Intl.DateTimeFormat(language, {weekday, timeZone: 'UTC'}).format(monday + weekdays.indexOf(d) * 86_400_000);
const monthName = (month: number): string => new Intl.DateTimeFormat(language, {month: 'long', timeZone: 'UTC'}).format(Date.UTC(2024, month - 1, 1));
const dayWords = (date: string): string => new Intl.DateTimeFormat(`${language}-GB`, {day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC'}).format(Date.parse(`${date}T00:00:00Z`));

const places: Record<string, string> = {1: 'first', 2: 'second', 3: 'third', 4: 'fourth', '-1': 'last'};
const units: Record<Frequency, [string, string]> = {DAILY: ['day', 'days'], WEEKLY: ['week', 'weeks'], MONTHLY: ['month', 'months'], YEARLY: ['year', 'years']};
const workdays = weekdays.slice(0, 5).join();

function monthDay(on: MonthDay): string {
  if (on.kind === 'last') return 'on the last day';
  return on.kind === 'day' ? `on day ${on.day}` : `on the ${places[on.place]} ${named(on.weekday, 'long')}`;
}

function days(r: Repeat): string {
  if (r.frequency === 'DAILY') return '';
  if (r.frequency === 'WEEKLY') return r.weekdays.join() === workdays ? ' from Monday to Friday' : r.weekdays.length === 7 ? ' on every day' : ` on ${listOf(r.weekdays.map((d) => named(d, 'long')))}`;
  if (r.frequency === 'MONTHLY') return ` ${monthDay(r.on)}${r.on.kind === 'day' && r.on.day > 28 ? ', in months that have it' : ''}`;
  return r.on.kind === 'day' ? ` on ${r.on.day} ${monthName(r.month)}` : ` ${monthDay(r.on)} of ${monthName(r.month)}`;
}

function ending(r: Repeat): string {
  if (r.ending.kind === 'never') return ', without end';
  return r.ending.kind === 'on' ? `, until ${dayWords(r.ending.date)}` : `, ${count(r.ending.count, 'time', 'times')}`;
}

const slotWords = (slot: string): string => new Intl.DateTimeFormat(`${language}-GB`, {weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', ...(slot.length > 10 ? {hour: '2-digit', minute: '2-digit'} : {}), timeZone: 'UTC'}).format(Date.parse(slot.length > 10 ? `${slot}Z` : `${slot}T00:00:00Z`));
const responses: Record<NonNullable<Guest['response']>, string> = {needs_action: 'No answer yet', declined: 'Declined', tentative: 'Perhaps', accepted: 'Accepted'};
const guestProblems: Record<GuestProblem['kind'], (text: string) => string> = {
  malformed: (text) => `“${text}” is not an address. It looks like name@example.com.`,
  twice: (text) => `${text} is in the list already.`,
  assigned: (text) => `${text} is one of the people of this entry already.`,
  too_many: () => `An entry has ${numberWord(mostGuests)} guests at most.`,
};
const dateProblems: Record<DateProblem, string> = {
  before: 'This is before the series begins.',
  twice: 'This date is there already.',
  of_rule: 'The rule has this date already.',
};

const states: Record<StandingState, string> = {
  in_step: 'In step', waiting: 'About to be synced', conflict: 'Conflict', refused: 'Not taken by the calendar', held: 'Waits for an approval', off: 'Calendar is not synced just now',
};
const statuses: Record<EntryStatus, string> = {scheduled: 'Scheduled', tentative: 'Tentative', in_progress: 'In progress', completed: 'Completed', cancelled: 'Cancelled'};
const scopes: Record<EditScope, {label: string; detail: string}> = {
  single: {label: 'Only this one', detail: 'The others stay as they are.'},
  future: {label: 'This and all that follow', detail: 'The series ends before it; what follows is another series.'},
  all: {label: 'The whole series', detail: 'Occurrences that were changed keep what they have of their own.'},
};

export const schedule = {
  title: 'Schedule',
  own: 'Your schedule',
  lead: (zone: string) => `Times are shown in ${zone.replaceAll('_', ' ')}, your time zone.`,
  add: 'New entry',
  calendar: 'Schedule',
  today: 'Today',
  before: {day: 'The day before', days: 'The three days before', week: 'The week before', month: 'The month before'},
  after: {day: 'The day after', days: 'The three days after', week: 'The week after', month: 'The month after'},
  views: 'Days shown',
  view: {day: 'Day', days: '3 days', week: 'Week', month: 'Month'},
  person: 'Whose entries',
  everybody: 'Everybody',
  allDay: 'All day',
  more: (n: number) => `${n} more`,
  moreHint: (n: number) => `Show ${count(n, 'more entry', 'more entries')} of this day`,
  none: 'Nothing is planned here.',
  tooMany: 'There is more in this range than can be shown. Choose a person or fewer days.',
  untitled: '(no title)',
  private: 'Private',
  repeats: 'Part of a series',
  changedOne: 'Differs from its series',
  state: (state: StandingState) => states[state],
  saved: 'Saved',
  added: 'Entry added',
  removed: 'Deleted',
  moved: 'Moved',
  notSaved: 'It could not be saved',
  notMoved: 'It could not be moved',
  notMovedHelp: 'It is where it was.',
  notRemoved: 'It could not be deleted',
  conflictOpen: 'See the conflict',
  asOnlyViewer: 'You may look at this, but not change it.',
  form: {
    newTitle: 'New entry',
    editTitle: 'Entry',
    title: 'Title',
    titleMissing: 'Give it a title.',
    allDay: 'All day',
    start: 'Start',
    end: 'End',
    lastDay: 'Last day',
    timeMissing: 'Give a day and a time.',
    zone: 'Time zone',
    zoneHere: (zone: string) => `Times are in ${zone.replaceAll('_', ' ')}.`,
    zoneOfEntry: (zone: string, reader: string) => `Times are in ${zone.replaceAll('_', ' ')}, the entry’s own zone. In ${reader.replaceAll('_', ' ')}, where you are:`,
    zoneTwo: (start: string, end: string) => `The start is in ${start.replaceAll('_', ' ')}, the end in ${end.replaceAll('_', ' ')}.`,
    zoneChange: 'Change the zone',
    location: 'Location',
    notes: 'Notes',
    people: 'People',
    addPerson: 'Add a person',
    personHint: 'Name or e-mail',
    dropPerson: (name: string) => `Take ${name} off`,
    unknownPerson: 'Somebody who is gone',
    nobody: 'Nobody yet: it goes into no personal calendar.',
    status: 'Status',
    statuses,
    isPrivate: 'Private',
    isPrivateHelp: 'In the calendars, others see only that the time is taken.',
    sync: 'In the calendars',
    noCalendars: 'It is in no calendar.',
    remove: 'Delete…',
    save: 'Save',
    create: 'Add',
    gone: 'It is no longer there. Somebody deleted it in the meantime.',
    stale: 'Somebody changed it in the meantime. Load it again to see what it says now; what you typed here is lost then.',
    again: 'Load it again',
    leave: 'Leave without saving?',
    leaveHelp: 'What you typed here is lost then.',
    leaveConfirm: 'Leave',
  },
  repeat: {
    label: 'Repeats',
    never: 'Does not repeat',
    frequency: {DAILY: 'Daily', WEEKLY: 'Weekly', MONTHLY: 'Monthly', YEARLY: 'Yearly'} as Record<Frequency, string>,
    other: 'By another rule',
    otherHelp: 'This rule cannot be put into words here. It is kept as it is unless you choose another.',
    addedDates: 'On single dates that were given one by one.',
    every: 'Every',
    unit: (f: Frequency, n: number) => (n === 1 ? units[f][0] : units[f][1]),
    everyLabel: (f: Frequency) => `Every how many ${units[f][1]}`,
    on: 'On',
    onDays: 'On which days',
    weekday: (d: Weekday) => named(d, 'long'),
    weekdayShort: (d: Weekday) => named(d, 'short'),
    monthDay: (r: Repeat, on: MonthDay) => (r.frequency === 'YEARLY' && on.kind === 'day' ? `on ${on.day} ${monthName(r.month)}` : r.frequency === 'YEARLY' ? `${monthDay(on)} of ${monthName(r.month)}` : monthDay(on)),
    ends: 'Ends',
    ending: {never: 'Never', on: 'On a day', after: 'After so many times'},
    lastDay: 'Last day',
    times: 'How many times',
    /** The rule in one sentence; `from` when it begins on another day than the start says. */
    sentence: (r: Repeat, from: string | null) => {
      const [one, many] = units[r.frequency];
      return `Every ${r.every === 1 ? one : `${r.every} ${many}`}${days(r)}${from ? `, from ${dayWords(from)}` : ''}${ending(r)}.`;
    },
  },
  dates: {
    label: 'Further single dates',
    none: 'None. Those of the rule alone.',
    one: 'One more date',
    add: 'Add this date',
    said: slotWords,
    drop: (date: string) => `Take ${date} out`,
    problem: (p: DateProblem) => dateProblems[p],
    and: (n: number) => `And on ${count(n, 'further date', 'further dates')}.`,
  },
  guests: {
    label: 'Guests',
    none: 'Nobody from outside.',
    add: 'E-mail address of a guest',
    addOne: 'Add',
    drop: (who: string) => `Take ${who} off the guests`,
    response: (r: NonNullable<Guest['response']>) => responses[r],
    organizer: 'Organiser',
    optional: 'Need not come',
    problem: (p: GuestProblem) => guestProblems[p.kind](p.text),
    mailed: (calendar: string) => `Guests are mailed: ${calendar} is set to invite them, and to tell them of changes and of a cancellation.`,
    notMailed: (calendar: string) => `Nobody is mailed, and no calendar shows the guests: ${calendar}, which would invite them, is not set to mail.`,
    noCalendar: 'Nobody is mailed: none of its people has a calendar that would invite them.',
  },
  scope: {
    change: 'This entry repeats. What do you mean to change?',
    remove: 'This entry repeats. What do you mean to delete?',
    label: 'It applies to',
    choice: (s: EditScope) => scopes[s],
    ruleOnly: 'How it repeats and who its guests are belongs to the series, so that it cannot be changed for one alone.',
    confirmChange: 'Change',
    confirmRemove: 'Delete',
    removeOne: 'Delete this entry?',
    removeHelp: 'It leaves the calendars of everybody who has it. This cannot be taken back.',
    removeSeriesHelp: 'What you choose leaves the calendars of everybody who has it. This cannot be taken back.',
  },
};
