// SPDX-License-Identifier: Apache-2.0
// One calendar: how it is, what it waits for, its rules, and what its syncs did.
import {useEffect, useState, type ReactNode} from 'react';
import {Problem} from '../../api/problem';
import type {Provider} from '../../api/shapes';
import {makeStale} from '../../data/cache';
import {phaseOf} from '../../model/calendars';
import {cardOf, nameOf} from '../../model/providers';
import {navigate, useQueryParam} from '../../router/router';
import type {PageProps} from '../../routes';
import {useRights} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {calendars as words} from '../../texts/calendars';
import {decisions} from '../../texts/decisions';
import {provider as providerWords} from '../../texts/provider';
import {Link} from '../../ui/button';
import {Menu} from '../../ui/overlays';
import {Card, EmptyState, ErrorState, Progress, QueryError, Skeleton, StatusPill} from '../../ui/states';
import {Tabs} from '../../ui/tabs';
import {RelativeTime} from '../../ui/time';
import {toast} from '../../ui/toast';
import {ActiveSwitch, SyncButton} from '../calendars/card';
import {ConnectDialog} from '../calendars/connect_dialog';
import {MendButton, waitingFor} from '../calendars/mend';
import {providerRoots, runsUnderWay, useProvider, useRunEnds, useRuns, useSync, useUsers} from '../calendars/queries';
import {RemoveDialog} from '../calendars/remove_dialog';
import {Held} from './held';
import {Rehearsal} from './rehearsal';
import {Runs} from './runs';
import {Settings} from './settings';

const back = {id: 'calendar-back', href: '/calendars', label: words.detail.back};

export default function CalendarPage({params}: PageProps): ReactNode {
  const provider = useProvider(params['id'] ?? '');
  if (provider.data) return <Calendar provider={provider.data} />;
  const gone = provider.error instanceof Problem && provider.error.status === 404;
  return (
    <>
      <PageHead title={words.title} back={back} />
      {gone ? <EmptyState icon="calendars" title={words.detail.gone} action={<Link id="calendar-gone-back" href="/calendars" look="button">{words.title}</Link>} />
        : provider.isError ? <QueryError id="calendar-retry" error={provider.error} retry={() => void provider.refetch()} /> : <Skeleton lines={8} />}
    </>
  );
}

function Calendar({provider: p}: {provider: Provider}): ReactNode {
  const rights = useRights();
  const runs = useRuns(p.id);
  const sync = useSync();
  const [tab, setTab] = useQueryParam('tab', 'overview');
  const [connected, setConnected] = useQueryParam('connected');
  const [dialog, setDialog] = useState<'connect' | 'remove' | null>(null);
  const running = runsUnderWay(runs.data ?? []).get(p.id) ?? null;
  useRunEnds(runs.data, [p]);
  useEffect(() => {
    if (connected === '') return;
    setConnected('');
    makeStale(providerRoots);
    toast({tone: 'good', title: words.connect.done, detail: words.connect.doneDetail(nameOf(p))});
  }, [connected, setConnected, p]);
  const card = cardOf(p, null, null);
  return (
    <>
      <PageHead title={card.name} back={back} lead={`${card.vendor} · ${card.account}`} actions={
        <>
          <SyncButton provider={p} running={running} prefix="detail" />
          <Link id="calendar-decisions" look="button" icon="decision" href={`/console/decisions?calendar=${p.id}`}>{decisions.whyShort}</Link>
          {rights.administer ? (
            <Menu id="calendar-more" label={words.more(card.name)} entries={[
              {key: 'compare', label: words.sync.full, icon: 'search', disabled: running !== null || p.status !== 'active' || p.rehearsal, act: () => sync.mutate({id: p.id, mode: 'reconcile'})},
              {key: 'connect', label: words.reconnect, icon: 'link', act: () => setDialog('connect')},
              {key: 'remove', label: words.remove, icon: 'trash', danger: true, parted: true, act: () => setDialog('remove')},
            ]} />
          ) : null}
        </>} />
      {running ? <div className="calendar-progress"><Progress label={`${words.sync.phase(phaseOf(running))} · ${words.sync.counts(running)}`} /></div> : null}
      <Waiting provider={p} onConnect={() => setDialog('connect')} />
      <Held provider={p} />
      <Rehearsal provider={p} />
      <Tabs id="calendar-tab" label={card.name} value={tab} onChange={setTab} parts={[
        {key: 'overview', label: words.detail.tabs.overview, body: <Overview provider={p} />},
        {key: 'settings', label: words.detail.tabs.settings, body: <Settings key={p.id} provider={p} />},
        {key: 'runs', label: words.detail.tabs.runs, body: <Runs runs={runs} />},
      ]} />
      {dialog === 'connect' ? <ConnectDialog provider={p} onClose={() => setDialog(null)} /> : null}
      {dialog === 'remove' ? <RemoveDialog provider={p} onClose={() => setDialog(null)} onRemoved={() => navigate('/calendars')} /> : null}
    </>
  );
}

function Waiting({provider: p, onConnect}: {provider: Provider; onConnect: () => void}): ReactNode {
  const waits = waitingFor(p);
  if (!waits || p.rehearsal && p.status === 'active' || p.held_removals && !p.problem) return null;
  const action = <MendButton provider={p} onConnect={onConnect} prefix="detail" />;
  return <div className="calendar-waits"><ErrorState cause={waits.cause} consequence={waits.reason ? `${waits.wayOut} ${providerWords.said(waits.reason)}` : waits.wayOut} code={waits.code || null} action={action} quiet={!waits.severe} /></div>;
}

function Overview({provider: p}: {provider: Provider}): ReactNode {
  const {administer} = useRights();
  const users = useUsers();
  const card = cardOf(p, users.data?.items.find((u) => u.id === p.user_id) ?? null, null);
  const f = words.facts;
  const attempt = p.channel?.last_attempt;
  return (
    <div className="calendar-columns">
      <Card id="calendar-status" title={words.detail.status} actions={administer && (p.status === 'active' || p.status === 'paused') ? <ActiveSwitch provider={p} prefix="detail" /> : null}>
        <dl className="pairs">
          <Pair label={words.detail.status}><StatusPill tone={card.tone}>{card.badge}</StatusPill></Pair>
          <Pair label={f.account}>{card.account}</Pair>
          <Pair label={f.calendar}>{p.calendar_name ?? providerWords.primary}</Pair>
          {p.calendar_time_zone ? <Pair label={f.zone}>{p.calendar_time_zone}</Pair> : null}
          {card.person === '' ? null : <Pair label={f.person}>{card.person}</Pair>}
          <Pair label={f.connected}><RelativeTime id="calendar-added-at" at={p.created_at} /></Pair>
        </dl>
      </Card>
      <Card id="calendar-push" title={words.detail.push}>
        <dl className="pairs">
          <Pair label={f.lastSync}><RelativeTime id="calendar-synced-at" at={p.last_sync_at} none={providerWords.never} /></Pair>
          <Pair label={f.nextPoll}><RelativeTime id="calendar-polls-at" at={p.next_poll_at} none={providerWords.unplanned} past={providerWords.due} /></Pair>
          <Pair label={f.channel}><RelativeTime id="calendar-channel-until" at={p.channel_expires_at} none={f.noChannel} /></Pair>
          <Pair label={f.renewed}>{attempt ? <><RelativeTime id="calendar-renewed-at" at={attempt.at} />{attempt.outcome === 'failed' ? <> · {attempt.error?.detail ?? f.failed}</> : null}</> : f.neverRenewed}</Pair>
          {p.channel?.renews_at ? <Pair label={f.renews}><RelativeTime id="calendar-renews-at" at={p.channel.renews_at} past={providerWords.due} /></Pair> : null}
          <Pair label={f.compared}><RelativeTime id="calendar-compared-at" at={p.reconciled.at} none={f.notCompared} /></Pair>
        </dl>
      </Card>
      <Card id="calendar-rules" title={words.detail.policies}>
        <dl className="pairs">
          <Pair label={f.direction}>{card.direction}</Pair>
          <Pair label={f.conflicts}>{words.form.conflictPolicies[p.conflict_policy].label}</Pair>
          <Pair label={f.imports}>{words.form.importPolicies[p.import_policy].label}</Pair>
          <Pair label={f.deletions}>{words.form.deletionPolicies[p.deletion_policy].label}</Pair>
          <Pair label={f.mail}>{words.form.guestMail[p.guest_mail].label}</Pair>
        </dl>
      </Card>
    </div>
  );
}

function Pair({label, children}: {label: string; children: ReactNode}): ReactNode {
  return <div><dt>{label}</dt><dd>{children}</dd></div>;
}
