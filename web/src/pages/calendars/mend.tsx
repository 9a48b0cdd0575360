// SPDX-License-Identifier: Apache-2.0
// What a calendar waits for, in words, and the one button that mends it.
import type {ReactNode} from 'react';
import type {Provider} from '../../api/shapes';
import {mendOf} from '../../model/calendars';
import {cardOf, type CardProblem} from '../../model/providers';
import {useRights} from '../../session/context';
import {calendars as words} from '../../texts/calendars';
import {Button, Link} from '../../ui/button';
import {toastProblem} from '../../ui/toast';
import {useChange, useRenewal, useResume} from './queries';

const plain = (cause: string, severe = false): CardProblem => ({cause, wayOut: '', code: '', sinceMs: null, severe});

export function waitingFor(p: Provider): CardProblem | null {
  const told = cardOf(p, null, null).problem;
  if (told) return told;
  if (p.held_removals && !p.held_removals.approved) return plain(words.waits.approval(p.held_removals.side, p.held_removals.count), true);
  if (p.status === 'leaving') return plain(words.waits.leaving);
  if (p.status === 'paused') return plain(words.waits.paused);
  if (p.rehearsal && p.status === 'active') return plain(words.waits.rehearsal);
  if (p.channel && p.channel.failures > 0) return plain(words.waits.channel(p.channel.failures));
  return null;
}

export function MendButton({provider: p, onConnect, prefix = 'calendar'}: {provider: Provider; onConnect: (p: Provider) => void; prefix?: string}): ReactNode {
  const rights = useRights();
  const change = useChange();
  const resume = useResume();
  const renew = useRenewal();
  const mend = mendOf(p);
  if (!mend || !rights.operate) return null;
  const id = `${prefix}-${p.id}-mend`;
  if (mend === 'rehearsal' || mend === 'approval') {
    return prefix === 'calendar' ? <Link id={id} href={`/calendars/${p.id}`} look="button">{words.mend(mend)}</Link> : null;
  }
  if ((mend === 'connect' || mend === 'activate') && !rights.administer) return null;
  const acts = {
    connect: () => onConnect(p),
    activate: () => change.mutate({id: p.id, change: {status: 'active'}}, {onError: (e) => toastProblem(words.form.notSaved, e)}),
    resume: () => resume.mutate(p.id),
    renew: () => renew.mutate(p.id),
  };
  const label = mend === 'connect' && p.status !== 'pending_authorization' ? words.reconnect : words.mend(mend);
  return <Button id={id} small kind={mend === 'connect' ? 'primary' : 'secondary'} busy={change.isPending || resume.isPending || renew.isPending} onPress={acts[mend]}>{label}</Button>;
}
