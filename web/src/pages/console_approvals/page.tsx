// SPDX-License-Identifier: Apache-2.0
// What waits for a person's yes, in every tenant.
import {useState, type ReactNode} from 'react';
import {allPages, type Answer} from '../../api/client';
import {useAnswer, useWrite} from '../../data/cache';
import {usePages} from '../../data/pages';
import {useQueryParam} from '../../router/router';
import {api} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {console_} from '../../texts/console';
import {provider as providerWords} from '../../texts/provider';
import {Button} from '../../ui/button';
import {Dialog} from '../../ui/overlays';
import {ShowMore} from '../../ui/more';
import {EmptyState, QueryError, Skeleton} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {RelativeTime} from '../../ui/time';
import {toast} from '../../ui/toast';
import {providerRoots, withProblem} from '../calendars/queries';
import {clientIn, goIn, TenantFilter, TenantLink} from '../console/shared';

const words = console_.approvals;
type Waiting = Answer<'/v1/admin/approvals', 'get'>['items'][number];
type Decision = 'approve' | 'refuse';
const pageLimit = 200;
const refreshMs = 30_000;

const calendarOf = (a: Waiting): string => a.calendar_name ?? a.account ?? providerWords.vendor(a.type);
const keyOf = (a: Waiting): string => `${a.provider_id}-${a.held_removals?.side ?? a.kind}`;

export default function ApprovalsPage(): ReactNode {
  const [tenant] = useQueryParam('tenant');
  const [asked, setAsked] = useState<Waiting | null>(null);
  const {pages, more} = usePages(tenant);
  const waiting = useAnswer(['approvals', 'all', tenant, pages], (signal) => allPages<Waiting>((cursor) => api.get('/v1/admin/approvals', {query: {tenant_id: tenant || undefined, limit: pageLimit, cursor}, signal}), pages), {everyMs: refreshMs * pages, keep: true});
  const columns: ColumnOf<Waiting>[] = [
    {key: 'calendar', label: console_.calendar, heading: true, minWidth: 190, grow: 2, cell: calendarOf},
    {key: 'tenant', label: console_.tenant, minWidth: 150, cell: (a) => <TenantLink id={`approvals-tenant-${keyOf(a)}`} tenant={a.tenant} />},
    {key: 'what', label: words.columns.what, minWidth: 150, cell: (a) => words.kinds[a.held_removals?.side ?? 'rehearsal']},
    {key: 'count', label: words.columns.count, numeric: true, minWidth: 120, cell: (a) => (a.held_removals ? words.counts(a.held_removals.count, a.held_removals.of) : '')},
    {key: 'since', label: console_.since, minWidth: 130, cell: (a) => <RelativeTime at={a.since} />},
    {key: 'act', action: true, label: console_.letters.columns.act, minWidth: 170, cell: (a) => (a.held_removals
      ? <Button id={`approvals-decide-${keyOf(a)}`} small aria-label={words.decideOf(calendarOf(a))} onPress={() => setAsked(a)}>{words.decide}</Button>
      : <Button id={`approvals-look-${keyOf(a)}`} small onPress={() => goIn(a.tenant.id, `/calendars/${a.provider_id}`)}>{words.look}</Button>)},
  ];
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className="console-filters"><TenantFilter id="approvals-filter-tenant" /></div>
      {!waiting.data ? (waiting.isError ? <QueryError id="approvals-retry" error={waiting.error} retry={() => void waiting.refetch()} /> : <Skeleton lines={5} />)
        : waiting.data.items.length === 0 ? <EmptyState icon="approval" title={words.none} />
          : <DataTable id="approvals-table" label={words.title} columns={columns} rows={waiting.data.items} rowKey={keyOf} />}
      <ShowMore id="approvals-more" shown={waiting.data?.items.length ?? 0} there={waiting.data?.more ?? false} busy={waiting.isFetching} onMore={more} />
      {asked?.held_removals ? <Decide key={keyOf(asked)} asked={asked} side={asked.held_removals.side} onClose={() => setAsked(null)} /> : null}
    </>
  );
}

/** What is decided is what the dialog shows: if the number has changed by then, the server does nothing. */
function Decide({asked, side, onClose}: {asked: Waiting; side: 'entries' | 'events'; onClose: () => void}): ReactNode {
  const path = {provider_id: asked.provider_id};
  const kind = side === 'entries' ? 'entries_would_go' : 'events_would_go';
  const detail = useAnswer(['approvals', 'one', asked.provider_id], (signal) => clientIn(asked.tenant.id).get('/v1/calendar-providers/{provider_id}/approvals', {path, signal}));
  const held = detail.data?.items.find((i) => i.kind === kind);
  const answer = withProblem(useWrite(
    (decision: Decision) => clientIn(asked.tenant.id).post('/v1/calendar-providers/{provider_id}/approvals', {path, body: {decision, kind, count: held?.count}}),
    [...providerRoots, 'summary', 'console', 'tenants', 'audit'],
    (_, decision) => {
      toast({tone: 'good', title: decision === 'approve' ? words.approved : words.refused});
      onClose();
    },
  ), words.failed);
  const canAnswer = held !== undefined && !held.approved;
  const actions = canAnswer ? (
    <>
      <Button id="approval-refuse" isDisabled={answer.isPending} onPress={() => answer.mutate('refuse')}>{words.refuse(held.count)}</Button>
      <Button id="approval-approve" kind="danger" busy={answer.isPending} onPress={() => answer.mutate('approve')}>{words.approve(held.count)}</Button>
    </>
  ) : undefined;
  return (
    <Dialog id="approval" title={words.dialog(calendarOf(asked))} open wide onClose={onClose} actions={actions}>
      {!detail.data ? (detail.isError ? <QueryError id="approval-retry" error={detail.error} retry={() => void detail.refetch()} /> : <Skeleton lines={4} />)
        : !held ? <p>{words.settled}</p>
          : (
            <>
              <p>{words[side](held.count, held.of)}</p>
              {held.approved ? <p>{words.already}</p> : <><p>{words.approveHelp[side]}</p><p>{words.refuseHelp[side]}</p></>}
              <h3>{words.sample(held.sample.length, held.count)}</h3>
              {held.sample.length === 0 ? <p className="console-dim">{words.noSample}</p> : (
                <ul className="console-sample">
                  {held.sample.map((s) => <li key={s.event_id}>{s.title || words.untitled} <span className="console-dim">{'date' in s.start ? s.start.date : s.start.date_time}</span></li>)}
                </ul>
              )}
            </>
          )}
    </Dialog>
  );
}
