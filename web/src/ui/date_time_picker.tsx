// SPDX-License-Identifier: Apache-2.0
import type {ReactNode} from 'react';
import {Button as AriaButton} from 'react-aria-components/Button';
import {Calendar, CalendarCell, CalendarGrid, CalendarGridBody, CalendarGridHeader, CalendarHeaderCell, CalendarHeading} from 'react-aria-components/Calendar';
import {DateInput, DatePicker, DateSegment, type DateValue} from 'react-aria-components/DatePicker';
import {Dialog} from 'react-aria-components/Dialog';
import {Group} from 'react-aria-components/Group';
import {Popover} from 'react-aria-components/Popover';
import {FieldHelp, FieldLabel, FieldProblem, type FieldParts} from './field_parts';
import {Icon} from './icons';

export interface DateTimePickerProps extends FieldParts {
  /** A CalendarDate, CalendarDateTime or ZonedDateTime of @internationalized/date. */
  value: DateValue | null;
  onChange: (value: DateValue | null) => void;
  granularity?: 'day' | 'minute';
  min?: DateValue;
}

export function DateTimePicker(p: DateTimePickerProps): ReactNode {
  return (
    <DatePicker id={p.id} className="field" value={p.value} onChange={p.onChange} granularity={p.granularity ?? 'minute'} minValue={p.min} isRequired={p.required}
      isDisabled={p.disabled} isInvalid={!!p.problem} validationBehavior="aria" hideTimeZone>
      <FieldLabel label={p.label} required={p.required} />
      <Group className="combo">
        <DateInput className="input date-input">{(segment) => <DateSegment segment={segment} className="date-segment" />}</DateInput>
        <AriaButton id={`${p.id}-open`} className="icon-button"><Icon name="calendar" /></AriaButton>
      </Group>
      <FieldHelp help={p.help} />
      <FieldProblem problem={p.problem} />
      <Popover className="popover">
        <Dialog className="popover-body" aria-label={p.label}>
          <Calendar className="month">
            <header className="month-head">
              <AriaButton slot="previous" id={`${p.id}-month-before`} className="icon-button"><Icon name="left" /></AriaButton>
              <CalendarHeading />
              <AriaButton slot="next" id={`${p.id}-month-after`} className="icon-button"><Icon name="right" /></AriaButton>
            </header>
            <CalendarGrid>
              <CalendarGridHeader>{(day) => <CalendarHeaderCell className="month-day">{day}</CalendarHeaderCell>}</CalendarGridHeader>
              <CalendarGridBody>{(date) => <CalendarCell date={date} className="month-cell" />}</CalendarGridBody>
            </CalendarGrid>
          </Calendar>
        </Dialog>
      </Popover>
    </DatePicker>
  );
}
