// SPDX-License-Identifier: Apache-2.0
// From when to when, in the entry's own zone, which is said.
import {useState, type ReactNode} from 'react';
import {parseDate, parseDateTime} from '@internationalized/date';
import {addDays, dateOf} from '../../model/recurrence';
import {asAllDay, asTimed, instantOf, inZone, withStart, type Draft, type Wall} from '../../model/schedule';
import {schedule} from '../../texts/schedule';
import {Button} from '../../ui/button';
import {Switch} from '../../ui/checks';
import {DateTimePicker, type DateTimePickerProps} from '../../ui/date_time_picker';
import {ComboBox} from '../../ui/select';

const words = schedule.form;

/** Fields whose figures were deleted. */
export interface Blank {
  start?: boolean;
  end?: boolean;
}

export interface WhenProps {
  draft: Draft;
  set: (draft: Draft) => void;
  reader: string;
  disabled: boolean;
  blank: Blank;
  setBlank: (blank: Blank) => void;
  asked: boolean;
  problemOf: (field: string) => string | null;
}

export function WhenFields({draft, set, reader, disabled, blank, setBlank, asked, problemOf}: WhenProps): ReactNode {
  const allDay = draft.start.zone === null;
  const picked = (which: 'start' | 'end', take: (time: string) => Draft): DateTimePickerProps['onChange'] => (value) => {
    setBlank({...blank, [which]: value === null});
    if (value) set(take(value.toString()));
  };
  const problem = (which: 'start' | 'end'): string | null => (asked && blank[which] ? words.timeMissing : problemOf(which));
  return (
    <>
      <div className="form-pairs entry-when">
        <DateTimePicker id="entry-start" label={words.start} required granularity={allDay ? 'day' : 'minute'} value={valueOf(draft.start)} disabled={disabled} problem={problem('start')}
          onChange={picked('start', (time) => withStart(draft, {...draft.start, time}))} />
        <DateTimePicker id="entry-end" label={allDay ? words.lastDay : words.end} required granularity={allDay ? 'day' : 'minute'} disabled={disabled} problem={problem('end')}
          value={allDay ? parseDate(addDays(draft.end.time, -1)) : valueOf(draft.end)}
          onChange={picked('end', (time) => ({...draft, end: {...draft.end, time: allDay ? addDays(time, 1) : time}}))} />
      </div>
      <div className="entry-zone">
        <Switch id="entry-all-day" label={words.allDay} value={allDay} disabled={disabled} onChange={(on) => set(on ? asAllDay(draft) : asTimed(draft, reader))} />
        {allDay ? null : <ZoneLine draft={draft} set={set} reader={reader} disabled={disabled} problem={problemOf('time_zone')} />}
      </div>
    </>
  );
}

const valueOf = (w: Wall): DateTimePickerProps['value'] => (w.zone === null ? parseDate(dateOf(w.time)) : parseDateTime(w.time));

function ZoneLine({draft, set, reader, disabled, problem}: {draft: Draft; set: (draft: Draft) => void; reader: string; disabled: boolean; problem: string | null}): ReactNode {
  const [open, setOpen] = useState(false);
  const zone = draft.start.zone!;
  const away = zone !== reader || draft.end.zone !== reader;
  return (
    <>
      <p className="field-help" id="entry-zone-said">
        {draft.end.zone !== zone && draft.end.zone !== null ? `${words.zoneTwo(zone, draft.end.zone)} ` : ''}
        {away ? <>{words.zoneOfEntry(zone, reader)} <span className="entry-zone-here">{hereWords(draft, reader)}</span>.</> : words.zoneHere(zone)}
      </p>
      {disabled ? null : open || problem ? (
        <ComboBox id="entry-zone" label={words.zone} required value={zone} onChange={(z) => set(inZone(draft, z))} choices={zonesWith(zone)} problem={problem} />
      ) : (
        <Button id="entry-zone-change" small onPress={() => setOpen(true)}>{words.zoneChange}</Button>
      )}
    </>
  );
}

function hereWords(draft: Draft, reader: string): string {
  const format = new Intl.DateTimeFormat(undefined, {weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: reader});
  const [from, to] = [instantOf(draft.start, reader), instantOf(draft.end, reader)];
  return to > from ? format.formatRange(from, to) : format.format(from);
}

function zonesWith(zone: string): {key: string; label: string}[] {
  const known = (Intl as unknown as {supportedValuesOf?: (what: string) => string[]}).supportedValuesOf?.('timeZone') ?? [];
  return [...new Set([zone, 'UTC', ...known])].sort().map((key) => ({key, label: key.replaceAll('_', ' ')}));
}
