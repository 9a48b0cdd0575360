// SPDX-License-Identifier: Apache-2.0
// Single dates of a series beside those that its rule has.
import {useState, type ReactNode} from 'react';
import {parseDate, parseDateTime} from '@internationalized/date';
import {addDays} from '../../model/recurrence';
import {dateProblem, mostDates, type Draft} from '../../model/schedule';
import {schedule} from '../../texts/schedule';
import {Button, IconButton} from '../../ui/button';
import {DateTimePicker} from '../../ui/date_time_picker';

const words = schedule.dates;

/** `first`: where the series begins, as a wall clock. */
export function DatesField({draft, first, disabled, onChange}: {draft: Draft; first: string; disabled: boolean; onChange: (dates: string[]) => void}): ReactNode {
  const allDay = draft.start.zone === null;
  const dayAfter = addDays(draft.dates.at(-1) ?? draft.start.time, 1);
  const usual = allDay ? dayAfter : `${dayAfter}T${draft.start.time.slice(11)}`;
  const [picked, setPicked] = useState<string | null>(null);
  const [asked, setAsked] = useState(false);
  const fits = picked !== null && (picked.length === 10) === allDay;
  const slot = fits ? picked : usual;
  const wrong = dateProblem(draft, first, slot);
  const add = (): void => {
    setAsked(true);
    if (wrong) return;
    onChange([...draft.dates, slot].sort());
    setAsked(false);
    setPicked(null);
  };
  return (
    <div className="field" role="group" aria-labelledby="entry-dates-label">
      <span className="field-label" id="entry-dates-label">{words.label}</span>
      {draft.dates.length === 0 ? <p className="field-help">{words.none}</p> : (
        <ul className="entry-people" aria-labelledby="entry-dates-label">
          {draft.dates.map((d) => (
            <li key={d} className="entry-person">
              <span>{words.said(d)}</span>
              {disabled ? null : <IconButton id={`entry-date-${d.replaceAll(':', '')}-drop`} icon="close" label={words.drop(words.said(d))} onPress={() => onChange(draft.dates.filter((o) => o !== d))} />}
            </li>
          ))}
        </ul>
      )}
      {disabled || draft.dates.length >= mostDates ? null : (
        <div className="entry-date-add">
          <DateTimePicker id="entry-date-new" label={words.one} required granularity={allDay ? 'day' : 'minute'} value={allDay ? parseDate(slot) : parseDateTime(slot)}
            problem={asked && wrong ? words.problem(wrong) : null} onChange={(v) => { setAsked(false); if (v) setPicked(v.toString()); }} />
          <Button id="entry-date-add" icon="plus" onPress={add}>{words.add}</Button>
        </div>
      )}
    </div>
  );
}
