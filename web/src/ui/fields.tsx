// SPDX-License-Identifier: Apache-2.0
// Form fields: a label, help, and what is wrong, said where it is. `problem` shows as the field's error; null is fine.
import type {ReactNode} from 'react';
import {
  Button as AriaButton, Checkbox as AriaCheckbox, ComboBox as AriaComboBox, DateInput, DatePicker, DateSegment, Calendar, CalendarCell, CalendarGrid,
  CalendarGridBody, CalendarGridHeader, CalendarHeaderCell, CalendarHeading, Dialog, FieldError, Group, Input, Label, ListBox, ListBoxItem, NumberField as AriaNumberField, Popover,
  Radio, RadioGroup as AriaRadioGroup, Select as AriaSelect, SelectValue, Switch as AriaSwitch, Text, TextArea, TextField as AriaTextField,
  type DateValue,
} from 'react-aria-components';
import {kit} from '../texts/kit';
import {Icon} from './icons';

interface FieldParts {
  /** Unique and stable: `area-thing[-key]`. */
  id: string;
  label: string;
  /** A line below the field that helps to fill it in. */
  help?: ReactNode;
  problem?: string | null;
  required?: boolean;
  disabled?: boolean;
}

function FieldHelp({help}: {help?: ReactNode}): ReactNode {
  return help ? <Text slot="description" className="field-help">{help}</Text> : null;
}

function FieldProblem({problem}: {problem?: string | null}): ReactNode {
  return <FieldError className="field-problem">{problem ? <><Icon name="problem" /><span>{problem}</span></> : undefined}</FieldError>;
}

function FieldLabel({label, required}: {label: string; required?: boolean}): ReactNode {
  return <Label className="field-label">{label}{required ? null : <span className="field-optional"> {kit.optional}</span>}</Label>;
}

export interface TextFieldProps extends FieldParts {
  value: string;
  onChange: (value: string) => void;
  onBlur?: () => void;
  type?: 'text' | 'email' | 'password' | 'search' | 'url' | 'tel';
  placeholder?: string;
  autoComplete?: string;
  inputMode?: 'text' | 'numeric' | 'email' | 'url' | 'search';
  maxLength?: number;
  autoFocus?: boolean;
  lines?: number;
  mono?: boolean;
  name?: string;
}

export function TextField(p: TextFieldProps): ReactNode {
  return (
    <AriaTextField id={p.id} className="field" value={p.value} onChange={p.onChange} onBlur={p.onBlur} type={p.type ?? 'text'} name={p.name}
      autoComplete={p.autoComplete ?? 'off'} inputMode={p.inputMode} maxLength={p.maxLength} autoFocus={p.autoFocus} isRequired={p.required} validationBehavior="aria"
      isDisabled={p.disabled} isInvalid={!!p.problem}>
      <FieldLabel label={p.label} required={p.required} />
      {p.lines ? (
        <TextArea className="input" rows={p.lines} placeholder={p.placeholder} />
      ) : (
        <Input className={`input${p.mono ? ' input-mono' : ''}`} placeholder={p.placeholder} spellCheck={p.mono ? false : undefined} autoCapitalize={p.mono ? 'none' : undefined} />
      )}
      <FieldHelp help={p.help} />
      <FieldProblem problem={p.problem} />
    </AriaTextField>
  );
}

export interface NumberFieldProps extends FieldParts {
  value: number | null;
  onChange: (value: number | null) => void;
  min?: number;
  max?: number;
  step?: number;
}

export function NumberField(p: NumberFieldProps): ReactNode {
  return (
    <AriaNumberField id={p.id} className="field" value={p.value ?? Number.NaN} onChange={(v) => p.onChange(Number.isNaN(v) ? null : v)} minValue={p.min} maxValue={p.max}
      step={p.step} isRequired={p.required} isDisabled={p.disabled} isInvalid={!!p.problem} validationBehavior="aria">
      <FieldLabel label={p.label} required={p.required} />
      <Group className="number">
        <AriaButton slot="decrement" id={`${p.id}-less`} className="icon-button"><Icon name="minus" /></AriaButton>
        <Input className="input" />
        <AriaButton slot="increment" id={`${p.id}-more`} className="icon-button"><Icon name="plus" /></AriaButton>
      </Group>
      <FieldHelp help={p.help} />
      <FieldProblem problem={p.problem} />
    </AriaNumberField>
  );
}

export interface Choice<K extends string = string> {
  key: K;
  label: string;
  detail?: string;
  disabled?: boolean;
}

function Choices<K extends string>({id, choices}: {id: string; choices: readonly Choice<K>[]}): ReactNode {
  return (
    <ListBox id={`${id}-list`} className="listbox" items={choices} disabledKeys={choices.filter((c) => c.disabled).map((c) => c.key)} renderEmptyState={() => <span className="listbox-none">{kit.nothingFound}</span>}>
      {(c) => (
        <ListBoxItem id={c.key} textValue={c.label} className="listbox-item">
          <span className="menu-words">
            <Text slot="label">{c.label}</Text>
            {c.detail ? <Text slot="description" className="menu-detail">{c.detail}</Text> : null}
          </span>
          <Icon name="check" className="listbox-check" />
        </ListBoxItem>
      )}
    </ListBox>
  );
}

export interface SelectProps<K extends string> extends FieldParts {
  choices: readonly Choice<K>[];
  value: K | null;
  onChange: (value: K) => void;
  placeholder?: string;
}

export function Select<K extends string>(p: SelectProps<K>): ReactNode {
  return (
    <AriaSelect className="field" value={p.value} onChange={(k) => k !== null && p.onChange(k as K)} isRequired={p.required}
      isDisabled={p.disabled} isInvalid={!!p.problem} placeholder={p.placeholder ?? kit.choose} validationBehavior="aria">
      <FieldLabel label={p.label} required={p.required} />
      <AriaButton id={p.id} className="input select-button"><SelectValue>{({selectedText, isPlaceholder, defaultChildren}) => (isPlaceholder ? defaultChildren : selectedText)}</SelectValue><Icon name="chevron" /></AriaButton>
      <FieldHelp help={p.help} />
      <FieldProblem problem={p.problem} />
      <Popover className="popover popover-list"><Choices id={p.id} choices={p.choices} /></Popover>
    </AriaSelect>
  );
}

export interface ComboBoxProps<K extends string> extends SelectProps<K> {
  /** What was typed, for lists that the server searches. */
  onType?: (text: string) => void;
}

/** A select that can be typed into: for people, tenants, time zones. */
export function ComboBox<K extends string>(p: ComboBoxProps<K>): ReactNode {
  return (
    <AriaComboBox id={p.id} className="field" value={p.value} onChange={(k) => k !== null && p.onChange(k as K)} onInputChange={p.onType} isRequired={p.required}
      isDisabled={p.disabled} isInvalid={!!p.problem} defaultItems={p.choices} menuTrigger="focus" allowsEmptyCollection validationBehavior="aria">
      <FieldLabel label={p.label} required={p.required} />
      <Group className="combo">
        <Input className="input" placeholder={p.placeholder} />
        <AriaButton id={`${p.id}-open`} className="icon-button"><Icon name="chevron" /></AriaButton>
      </Group>
      <FieldHelp help={p.help} />
      <FieldProblem problem={p.problem} />
      <Popover className="popover popover-list"><Choices id={p.id} choices={p.choices} /></Popover>
    </AriaComboBox>
  );
}

export function Switch({id, label, help, value, onChange, disabled}: {id: string; label: string; help?: ReactNode; value: boolean; onChange: (value: boolean) => void; disabled?: boolean}): ReactNode {
  return (
    <div className="field-check">
      <AriaSwitch id={id} className="switch" isSelected={value} onChange={onChange} isDisabled={disabled} aria-describedby={help ? `${id}-help` : undefined}>
        <span className="switch-track" aria-hidden="true"><span className="switch-thumb" /></span>
        <span>{label}</span>
      </AriaSwitch>
      {help ? <span id={`${id}-help`} className="field-help">{help}</span> : null}
    </div>
  );
}

export function Checkbox({id, label, help, value, onChange, disabled}: {id: string; label: ReactNode; help?: ReactNode; value: boolean; onChange: (value: boolean) => void; disabled?: boolean}): ReactNode {
  return (
    <div className="field-check">
      <AriaCheckbox id={id} className="checkbox" isSelected={value} onChange={onChange} isDisabled={disabled} aria-describedby={help ? `${id}-help` : undefined}>
        <span className="checkbox-box" aria-hidden="true"><Icon name="check" /></span>
        <span>{label}</span>
      </AriaCheckbox>
      {help ? <span id={`${id}-help`} className="field-help">{help}</span> : null}
    </div>
  );
}

export interface RadioGroupProps<K extends string> extends FieldParts {
  choices: readonly Choice<K>[];
  value: K | null;
  onChange: (value: K) => void;
}

export function RadioGroup<K extends string>(p: RadioGroupProps<K>): ReactNode {
  return (
    <AriaRadioGroup id={p.id} className="field" value={p.value} onChange={(k) => p.onChange(k as K)} isRequired={p.required} isDisabled={p.disabled} isInvalid={!!p.problem} validationBehavior="aria">
      <FieldLabel label={p.label} required />
      <FieldHelp help={p.help} />
      <div className="radios">
        {p.choices.map((c) => (
          <Radio key={c.key} id={`${p.id}-${c.key}`} value={c.key} className="radio" isDisabled={c.disabled}>
            <span className="radio-dot" aria-hidden="true" />
            <span className="menu-words">
              <span>{c.label}</span>
              {c.detail ? <span className="menu-detail">{c.detail}</span> : null}
            </span>
          </Radio>
        ))}
      </div>
      <FieldProblem problem={p.problem} />
    </AriaRadioGroup>
  );
}

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
