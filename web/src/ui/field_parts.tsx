// SPDX-License-Identifier: Apache-2.0
// What every form field has: a label, help, and what is wrong, said where it is.
import type {ReactNode} from 'react';
import {FieldError} from 'react-aria-components/FieldError';
import {Label} from 'react-aria-components/Label';
import {Text} from 'react-aria-components/Text';
import {kit} from '../texts/kit';
import {Icon} from './icons';

export interface FieldParts {
  /** Unique and stable: `area-thing[-key]`. */
  id: string;
  label: string;
  /** A line below the field that helps to fill it in. */
  help?: ReactNode;
  problem?: string | null;
  required?: boolean;
  disabled?: boolean;
}

export function FieldHelp({help}: {help?: ReactNode}): ReactNode {
  return help ? <Text slot="description" className="field-help">{help}</Text> : null;
}

export function FieldProblem({problem}: {problem?: string | null}): ReactNode {
  return <FieldError className="field-problem">{problem ? <><Icon name="problem" /><span>{problem}</span></> : undefined}</FieldError>;
}

export function FieldLabel({label, required}: {label: string; required?: boolean}): ReactNode {
  return <Label className="field-label">{label}{required ? null : <span className="field-optional"> {kit.optional}</span>}</Label>;
}
