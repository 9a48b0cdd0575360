// SPDX-License-Identifier: Apache-2.0
// How an entry repeats, in plain words. A rule that has none is shown as it is, and kept.
import type {ReactNode} from 'react';
import {parseDate} from '@internationalized/date';
import {ToggleButton} from 'react-aria-components/ToggleButton';
import {addDays, dateOf, firstDay, monthDaysOf, sameMonthDay, usualRepeat, weekdays, type Ending, type Frequency, type MonthDay, type Repeat, type Weekday} from '../../model/recurrence';
import {isWorded, type Draft} from '../../model/schedule';
import {schedule} from '../../texts/schedule';
import {DateTimePicker} from '../../ui/date_time_picker';
import {NumberField} from '../../ui/number_field';
import {Select, type Choice} from '../../ui/select';
import {DatesField} from './dates_field';

const words = schedule.repeat;
type Kind = Frequency | 'never' | 'other';
const frequencies: Frequency[] = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'];
const mostEvery = 999;
const mostTimes = 10_000;
const usualTimes = 10;
/** Ten weeks: what is offered first as the end. */
const usualDays = 70;

/** `first`: where the series begins. */
export function RepeatFields({draft, set, first, disabled, problem}: {draft: Draft; set: (draft: Draft) => void; first: string; disabled: boolean; problem: string | null}): ReactNode {
  const repeat = draft.repeat;
  const kind: Kind = repeat === null ? 'never' : isWorded(repeat) ? repeat.frequency : 'other';
  const choices: Choice<Kind>[] = [{key: 'never', label: words.never}, ...frequencies.map((key) => ({key, label: words.frequency[key]})), ...(kind === 'other' ? [{key: 'other' as const, label: words.other}] : [])];
  const choose = (k: Kind): void => {
    if (k === kind || k === 'other') return;
    set({...draft, dates: k === 'never' ? [] : draft.dates, repeat: k === 'never' ? null : {...usualRepeat(k, draft.start.time), ending: isWorded(repeat) ? repeat.ending : {kind: 'never'}}});
  };
  const change = (more: Partial<Repeat>): void => {
    if (isWorded(repeat)) set({...draft, repeat: {...repeat, ...more}});
  };
  return (
    <fieldset className="entry-repeat">
      <legend className="unseen">{words.label}</legend>
      <div className="form-pairs">
        <Select id="entry-repeat" label={words.label} required choices={choices} value={kind} onChange={choose} disabled={disabled} problem={problem} />
        {isWorded(repeat) ? <Every repeat={repeat} disabled={disabled} change={change} /> : null}
      </div>
      {isWorded(repeat) ? (
        <>
          {repeat.frequency === 'WEEKLY' ? <Weekdays chosen={repeat.weekdays} disabled={disabled} onChange={(days) => change({weekdays: days})} /> : null}
          {repeat.frequency === 'MONTHLY' || repeat.frequency === 'YEARLY' ? <MonthDays repeat={repeat} start={draft.start.time} disabled={disabled} onChange={(on) => change({on})} /> : null}
          <Ends repeat={repeat} start={draft.start.time} disabled={disabled} onChange={(ending) => change({ending})} />
          <p className="entry-sentence" id="entry-repeat-sentence" aria-live="polite">{sentenceOf(repeat, draft.start.time)}{draft.dates.length > 0 ? ` ${schedule.dates.and(draft.dates.length)}` : ''}</p>
        </>
      ) : repeat ? <p className="field-help">{repeat.rule === '' ? words.addedDates : <><code>{repeat.rule}</code> {words.otherHelp}</>}</p> : null}
      {repeat ? <DatesField draft={draft} first={first} disabled={disabled} onChange={(dates) => set({...draft, dates})} /> : null}
    </fieldset>
  );
}

function sentenceOf(repeat: Repeat, start: string): string {
  const first = firstDay(repeat, start);
  return words.sentence(repeat, first === dateOf(start) ? null : first);
}

interface PartProps {
  repeat: Repeat;
  disabled: boolean;
}

function Every({repeat, disabled, change}: PartProps & {change: (more: Partial<Repeat>) => void}): ReactNode {
  return (
    <NumberField id="entry-repeat-every" label={words.everyLabel(repeat.frequency)} required min={1} max={mostEvery} value={repeat.every} disabled={disabled} onChange={(n) => change({every: n ?? 1})} />
  );
}

function Weekdays({chosen, disabled, onChange}: {chosen: readonly Weekday[]; disabled: boolean; onChange: (days: Weekday[]) => void}): ReactNode {
  const toggled = (d: Weekday, on: boolean): void => {
    const next = weekdays.filter((w) => (w === d ? on : chosen.includes(w)));
    if (next.length > 0) onChange(next);
  };
  return (
    <div className="field">
      <span className="field-label" id="entry-weekdays-label">{words.onDays}</span>
      <div className="chips entry-weekdays" role="group" aria-labelledby="entry-weekdays-label">
        {weekdays.map((d) => (
          <ToggleButton key={d} id={`entry-weekday-${d.toLowerCase()}`} className="chip" isDisabled={disabled} isSelected={chosen.includes(d)} onChange={(on) => toggled(d, on)}><span aria-hidden="true">{words.weekdayShort(d)}</span><span className="unseen">{words.weekday(d)}</span></ToggleButton>
        ))}
      </div>
    </div>
  );
}

const keyOf = (on: MonthDay): string => (on.kind === 'place' ? `place-${on.place}-${on.weekday}` : on.kind === 'day' ? `day-${on.day}` : 'last');

function MonthDays({repeat, start, disabled, onChange}: PartProps & {start: string; onChange: (on: MonthDay) => void}): ReactNode {
  const offered = monthDaysOf(start);
  const all = offered.some((o) => sameMonthDay(o, repeat.on)) ? offered : [repeat.on, ...offered];
  return (
    <Select id="entry-repeat-on" label={words.on} required disabled={disabled} value={keyOf(repeat.on)} choices={all.map((on) => ({key: keyOf(on), label: words.monthDay(repeat, on)}))}
      onChange={(key) => { const on = all.find((o) => keyOf(o) === key); if (on) onChange(on); }} />
  );
}

function Ends({repeat, start, disabled, onChange}: PartProps & {start: string; onChange: (ending: Ending) => void}): ReactNode {
  const {ending} = repeat;
  const choose = (kind: Ending['kind']): void => onChange(kind === 'never' ? {kind} : kind === 'on' ? {kind, date: addDays(start, usualDays)} : {kind, count: usualTimes});
  return (
    <div className="form-pairs">
      <Select id="entry-repeat-ends" label={words.ends} required disabled={disabled} value={ending.kind} onChange={choose} choices={(['never', 'on', 'after'] as const).map((key) => ({key, label: words.ending[key]}))} />
      {ending.kind === 'on' ? (
        <DateTimePicker id="entry-repeat-until" label={words.lastDay} required granularity="day" disabled={disabled} min={parseDate(dateOf(start))} value={parseDate(ending.date)} onChange={(v) => v && onChange({kind: 'on', date: dateOf(v.toString())})} />
      ) : null}
      {ending.kind === 'after' ? <NumberField id="entry-repeat-times" label={words.times} required min={1} max={mostTimes} disabled={disabled} value={ending.count} onChange={(n) => onChange({kind: 'after', count: n ?? 1})} /> : null}
    </div>
  );
}
