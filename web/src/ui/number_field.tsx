// SPDX-License-Identifier: Apache-2.0
import type {ReactNode} from 'react';
import {Button as AriaButton} from 'react-aria-components/Button';
import {Group} from 'react-aria-components/Group';
import {Input} from 'react-aria-components/Input';
import {NumberField as AriaNumberField} from 'react-aria-components/NumberField';
import {FieldHelp, FieldLabel, FieldProblem, type FieldParts} from './field_parts';
import {Icon} from './icons';

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
