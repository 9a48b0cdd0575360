// SPDX-License-Identifier: Apache-2.0
import type {ReactNode} from 'react';
import {Radio, RadioGroup as AriaRadioGroup} from 'react-aria-components/RadioGroup';
import {FieldHelp, FieldLabel, FieldProblem, type FieldParts} from './field_parts';
import type {Choice} from './select';

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
