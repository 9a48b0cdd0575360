// SPDX-License-Identifier: Apache-2.0
import {useState, type ReactNode} from 'react';
import type {Provider} from '../../api/shapes';
import {useWrite} from '../../data/cache';
import {consentOf} from '../../model/calendars';
import {nameOf} from '../../model/providers';
import {api} from '../../session/context';
import {calendars} from '../../texts/calendars';
import {RadioGroup} from '../../ui/radio_group';
import {ConfirmDialog} from '../../ui/overlays';
import {toast} from '../../ui/toast';
import {providerRoots, withProblem} from './queries';

const words = calendars.removal;

export function RemoveDialog({provider, onClose, onRemoved}: {provider: Provider; onClose: () => void; onRemoved?: () => void}): ReactNode {
  const [fate, setFate] = useState<'keep' | 'erase'>('keep');
  const canErase = consentOf(provider) === 'complete';
  const remove = withProblem(useWrite(
    () => api.delete('/v1/calendar-providers/{provider_id}', {path: {provider_id: provider.id}, query: {remove_events: fate === 'erase' ? 'true' : 'false'}}),
    providerRoots,
    (leaving) => {
      toast({tone: 'good', title: leaving ? words.leaving : words.done});
      onClose();
      if (!leaving) onRemoved?.();
    },
  ), words.failed);
  return (
    <ConfirmDialog id="remove-calendar" title={words.title(nameOf(provider))} open onClose={onClose} confirm={words.confirm} busy={remove.isPending} onConfirm={() => remove.mutate(undefined)}>
      <RadioGroup id="remove-calendar-fate" label={words.choice} value={fate} onChange={setFate}
        choices={[{key: 'keep', ...words.keep}, {key: 'erase', ...words.erase, disabled: !canErase}]} />
      <p className="field-help">{words.always}</p>
    </ConfirmDialog>
  );
}
