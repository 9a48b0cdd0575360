// SPDX-License-Identifier: Apache-2.0
import type {ReactNode} from 'react';
import {Input} from 'react-aria-components/Input';
import {TextArea} from 'react-aria-components/TextArea';
import {TextField as AriaTextField} from 'react-aria-components/TextField';
import {FieldHelp, FieldLabel, FieldProblem, type FieldParts} from './field_parts';

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
