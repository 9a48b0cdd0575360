// SPDX-License-Identifier: Apache-2.0
// One calendar: how it is, what it waits for, and what can be done about it.
import type {ReactNode} from 'react';
import type {Provider, SyncRun, User} from '../../api/shapes';
import {canSync, consentOf, phaseOf} from '../../model/calendars';
import {cardOf} from '../../model/providers';
import {navigate} from '../../router/router';
import {useRights} from '../../session/context';
import {calendars as words} from '../../texts/calendars';
import {provider as providerWords} from '../../texts/provider';
import {Button, Link} from '../../ui/button';
import {Switch} from '../../ui/checks';
import {Icon, VendorMark} from '../../ui/icons';
import {Menu} from '../../ui/overlays';
import {Progress, StatusPill} from '../../ui/states';
import {RelativeTime} from '../../ui/time';
import {toast, toastProblem} from '../../ui/toast';
import {MendButton, waitingFor} from './mend';
import {useChange, useSync} from './queries';

const consentTones = {complete: 'good', waiting: 'wait', lost: 'bad'} as const;

export interface CardProps {
  provider: Provider;
  person: User | null;
  running: SyncRun | null;
  onConnect: (p: Provider) => void;
  onRemove: (p: Provider) => void;
}

export function CalendarCard({provider: p, person, running, onConnect, onRemove}: CardProps): ReactNode {
  const rights = useRights();
  const card = cardOf(p, person, null);
  const consent = consentOf(p);
  const waits = waitingFor(p);
  return (
    <li className="card provider" data-tone={card.tone} id={`calendar-${p.id}`}>
      <div className="provider-head">
        <VendorMark type={p.type} />
        <div className="provider-names">
          <h2><Link id={`calendar-${p.id}-open`} href={`/calendars/${p.id}`} look="plain">{card.name}</Link></h2>
          <p className="provider-vendor">{card.vendor} · {card.account}</p>
        </div>
        {rights.administer ? (
          <Menu id={`calendar-${p.id}-more`} label={words.more(card.name)} entries={[
            {key: 'details', label: words.details, icon: 'info', act: () => navigate(`/calendars/${p.id}`)},
            {key: 'settings', label: words.edit, icon: 'edit', act: () => navigate(`/calendars/${p.id}?tab=settings`)},
            {key: 'connect', label: words.reconnect, icon: 'link', act: () => onConnect(p)},
            {key: 'remove', label: words.remove, icon: 'trash', danger: true, parted: true, act: () => onRemove(p)},
          ]} />
        ) : null}
      </div>
      <div className="provider-pills">
        <StatusPill tone={consentTones[consent]}>{words.consent(consent)}</StatusPill>
        {p.status === 'active' && p.rehearsal ? <StatusPill tone="info" icon="search">{words.rehearsing}</StatusPill> : null}
        {p.status === 'paused' || p.status === 'leaving' ? <StatusPill tone="off">{providerWords.status(p.status)}</StatusPill> : null}
      </div>
      <ul className="provider-facts">
        {card.person === '' ? null : <li><Icon name="person" /><span>{card.person}</span></li>}
        <li><Icon name={p.direction} /><span>{card.direction}</span></li>
        <li><Icon name="conflict" /><span>{words.form.conflictPolicies[p.conflict_policy].label}</span></li>
      </ul>
      {waits ? (
        <div className="provider-problem" data-severe={waits.severe || undefined}>
          <p className="provider-cause">{waits.cause}</p>
          {waits.wayOut ? <p>{waits.wayOut}</p> : null}
          {waits.reason ? <p>{providerWords.said(waits.reason)}</p> : null}
          {waits.sinceMs !== null || waits.code ? <p className="provider-trace">{waits.code ? <code>{waits.code}</code> : null} {waits.sinceMs !== null ? <RelativeTime at={waits.sinceMs} /> : null}</p> : null}
          <MendButton provider={p} onConnect={onConnect} />
        </div>
      ) : null}
      <dl className="provider-times">
        <div><dt>{words.facts.lastSync}</dt><dd><RelativeTime at={p.last_sync_at} none={providerWords.never} /></dd></div>
        {p.status === 'active' ? <div><dt>{words.facts.nextPoll}</dt><dd><RelativeTime at={p.next_poll_at} none={providerWords.unplanned} past={providerWords.due} /></dd></div> : null}
        {p.status === 'active' ? <div><dt>{words.facts.channel}</dt><dd><RelativeTime at={p.channel_expires_at} none={words.facts.noChannel} /></dd></div> : null}
        {p.channel?.last_attempt ? <div><dt>{words.facts.renewed}</dt><dd><RelativeTime at={p.channel.last_attempt.at} /></dd></div> : null}
      </dl>
      <div className="provider-foot">
        <SyncButton provider={p} running={running} />
        {rights.administer && (p.status === 'active' || p.status === 'paused') ? <ActiveSwitch provider={p} /> : null}
      </div>
      {running ? <Progress label={`${words.sync.phase(phaseOf(running))} · ${words.sync.counts(running)}`} /> : null}
    </li>
  );
}

/** Off until the run ends, wherever it was begun: in this tab, before a reload, or in another tab. */
export function SyncButton({provider, running, prefix = 'calendar'}: {provider: Provider; running: SyncRun | null; prefix?: string}): ReactNode {
  const sync = useSync();
  const {operate} = useRights();
  if (!operate) return <span />;
  const busy = running !== null || sync.isPending;
  return (
    <Button id={`${prefix}-${provider.id}-sync`} icon="runs" busy={busy} isDisabled={!canSync(provider)} onPress={() => sync.mutate({id: provider.id, mode: 'changes'})}>
      {busy ? words.sync.running : words.sync.now}
    </Button>
  );
}

export function ActiveSwitch({provider, prefix = 'calendar'}: {provider: Provider; prefix?: string}): ReactNode {
  const change = useChange((now) => toast({tone: 'good', title: providerWords.status(now.status)}));
  const turn = (on: boolean): void =>
    change.mutate({id: provider.id, change: {status: on ? 'active' : 'paused'}}, {onError: (e) => toastProblem(words.form.notSaved, e)});
  return <Switch id={`${prefix}-${provider.id}-active`} label={words.active} value={provider.status === 'active'} onChange={turn} disabled={change.isPending} />;
}
