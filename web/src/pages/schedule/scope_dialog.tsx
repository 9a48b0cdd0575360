// SPDX-License-Identifier: Apache-2.0
// One occurrence, those that follow, or all: asked before a series is changed or a part of it deleted.
import {useState, type ReactNode} from 'react';
import type {EditScope} from '../../model/schedule';
import {schedule} from '../../texts/schedule';
import {ConfirmDialog} from '../../ui/overlays';
import {RadioGroup} from '../../ui/radio_group';

const words = schedule.scope;

export interface ScopeProps {
  act: 'change' | 'remove';
  /** Those that are possible; the first is offered. */
  scopes: readonly EditScope[];
  busy: boolean;
  onClose: () => void;
  onChosen: (scope: EditScope) => void;
}

export function ScopeDialog({act, scopes, busy, onClose, onChosen}: ScopeProps): ReactNode {
  const [scope, setScope] = useState<EditScope>(scopes[0]!);
  return (
    <ConfirmDialog id="schedule-scope" title={words[act]} open onClose={onClose} busy={busy} kind={act === 'remove' ? 'danger' : 'primary'}
      confirm={act === 'remove' ? words.confirmRemove : words.confirmChange} onConfirm={() => onChosen(scope)}>
      <RadioGroup id="schedule-scope-choice" label={words.label} value={scope} onChange={setScope} choices={scopes.map((s) => ({key: s, ...words.choice(s)}))} />
      {scopes.includes('single') ? null : <p>{words.ruleOnly}</p>}
      {act === 'remove' ? <p>{words.removeSeriesHelp}</p> : null}
    </ConfirmDialog>
  );
}
