// SPDX-License-Identifier: Apache-2.0
// Choosing one of many: from a list, or by typing.
import type {ReactNode} from 'react';
import {Button as AriaButton} from 'react-aria-components/Button';
import {ComboBox as AriaComboBox} from 'react-aria-components/ComboBox';
import {Group} from 'react-aria-components/Group';
import {Input} from 'react-aria-components/Input';
import {ListBox, ListBoxItem} from 'react-aria-components/ListBox';
import {Popover} from 'react-aria-components/Popover';
import {Select as AriaSelect, SelectValue} from 'react-aria-components/Select';
import {Text} from 'react-aria-components/Text';
import {kit} from '../texts/kit';
import {FieldHelp, FieldLabel, FieldProblem, type FieldParts} from './field_parts';
import {Icon} from './icons';

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
