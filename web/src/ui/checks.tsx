// SPDX-License-Identifier: Apache-2.0
// On or off.
import type {ReactNode} from 'react';
import {Checkbox as AriaCheckbox} from 'react-aria-components/Checkbox';
import {Switch as AriaSwitch} from 'react-aria-components/Switch';
import {Icon} from './icons';

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
