// SPDX-License-Identifier: Apache-2.0
// Deletions that were too many at once wait for a person's yes.
import {useState, type ReactNode} from 'react';
import type {Provider} from '../../api/shapes';
import {useWrite} from '../../data/cache';
import {api, useRights} from '../../session/context';
import {calendars} from '../../texts/calendars';
import {Button} from '../../ui/button';
import {ConfirmDialog} from '../../ui/overlays';
import {Card} from '../../ui/states';
import {toast} from '../../ui/toast';
import {providerRoots, withProblem} from '../calendars/queries';

const words = calendars.held;

export function Held({provider}: {provider: Provider}): ReactNode {
  const {operate} = useRights();
  const [asking, setAsking] = useState(false);
  const held = provider.held_removals;
  const answer = withProblem(useWrite(
    (decision: 'approve' | 'refuse') => api.post('/v1/calendar-providers/{provider_id}/approvals', {path: {provider_id: provider.id}, body: {decision, count: held?.count}}),
    providerRoots,
    (_, decision) => {
      setAsking(false);
      toast({tone: 'good', title: decision === 'approve' ? words.approved : words.refused});
    },
  ), words.failed);
  if (!held) return null;
  return (
    <div className="calendar-panel">
      <Card id="calendar-held" title={words.title} tone="bad">
        <p>{held.approved ? words.waiting : words.explain(held.side, held.count, held.of)}</p>
        {operate && !held.approved ? (
          <div className="panel-actions">
            <Button id="held-refuse" busy={answer.isPending} onPress={() => answer.mutate('refuse')}>{words.refuse}</Button>
            <Button id="held-approve" kind="danger" onPress={() => setAsking(true)}>{words.approve(held.count)}</Button>
          </div>
        ) : null}
      </Card>
      <ConfirmDialog id="held-confirm" title={words.confirm} open={asking} onClose={() => setAsking(false)} confirm={words.approve(held.count)} busy={answer.isPending} onConfirm={() => answer.mutate('approve')}>
        <p>{words.confirmHelp(held.count)}</p>
      </ConfirmDialog>
    </div>
  );
}
