// SPDX-License-Identifier: Apache-2.0
// What is used of what the vendors allow.
import type {ReactNode} from 'react';
import {allPages, type Answer} from '../../api/client';
import {useAnswer} from '../../data/cache';
import {usePages} from '../../data/pages';
import {api} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {console_} from '../../texts/console';
import {numberWord} from '../../texts/language';
import {provider as providerWords} from '../../texts/provider';
import {ShowMore} from '../../ui/more';
import {EmptyState, Notice, QueryError, Skeleton, StatusPill} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {RelativeTime} from '../../ui/time';
import {useTenants} from '../console/shared';

const words = console_.quota;
type Budget = Answer<'/v1/admin/quota', 'get'>['items'][number];
const refreshMs = 10_000;
const pageLimit = 200;

const keyOf = (b: Budget): string => [b.kind, b.vendor, b.project, b.tenant_id, b.mailbox].join('-');
/** Budgets are sorted anew for each page: one may stand on two. */
const eachOnce = (items: Budget[]): Budget[] => [...new Map(items.map((b) => [keyOf(b), b])).values()];

async function readBudgets(pages: number, signal: AbortSignal): Promise<Pick<Answer<'/v1/admin/quota', 'get'>, 'items' | 'circuits' | 'nodes'> & {more: boolean}> {
  const first = await api.get('/v1/admin/quota', {query: {limit: pageLimit}, signal});
  const rest = await allPages<Budget>((cursor) => (cursor === undefined ? Promise.resolve(first) : api.get('/v1/admin/quota', {query: {limit: pageLimit, cursor}, signal})), pages);
  return {circuits: first.circuits, nodes: first.nodes, items: eachOnce(rest.items), more: rest.more};
}

export default function QuotaPage(): ReactNode {
  const tenants = useTenants();
  const {pages, more} = usePages('');
  const quota = useAnswer(['quota', pages], (signal) => readBudgets(pages, signal), {everyMs: refreshMs * pages, keep: true});
  const names = new Map((tenants.data?.items ?? []).map((t) => [t.id, t.name]));
  const whose = (b: Budget): string => [b.mailbox ?? b.project ?? '', b.tenant_id ? (names.get(b.tenant_id) ?? b.tenant_id) : ''].filter((s) => s !== '').join(' · ');
  const columns: ColumnOf<Budget>[] = [
    {key: 'what', label: words.columns.what, heading: true, minWidth: 240, grow: 2, cell: (b) => `${words.kinds[b.kind]}: ${whose(b)}`},
    {key: 'vendor', label: words.columns.vendor, minWidth: 130, cell: (b) => providerWords.vendor(b.vendor)},
    {key: 'used', label: words.columns.used, numeric: true, minWidth: 190, cell: (b) => words.used(b.used, b.limit, b.window_seconds)},
    {key: 'flight', label: words.columns.flight, numeric: true, minWidth: 110, cell: (b) => numberWord(b.in_flight)},
    {key: 'waiting', label: words.columns.waiting, numeric: true, minWidth: 100, cell: (b) => numberWord(b.waiting)},
    {key: 'state', label: words.columns.state, minWidth: 200, cell: (b) => (b.paused_until
      ? <StatusPill tone="bad">{words.paused} <RelativeTime at={b.paused_until} /></StatusPill>
      : b.waiting > 0 ? <StatusPill tone="wait">{words.waits}</StatusPill> : <StatusPill tone="good">{words.free}</StatusPill>)},
  ];
  const q = quota.data;
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      {(q?.circuits ?? []).filter((c) => c.state === 'open').map((c) => <Notice key={c.vendor} tone="bad">{words.circuit(providerWords.vendor(c.vendor))}</Notice>)}
      {q && q.nodes > 1 ? <Notice tone="info">{words.node(q.nodes)}</Notice> : null}
      {!q ? (quota.isError ? <QueryError id="quota-retry" error={quota.error} retry={() => void quota.refetch()} /> : <Skeleton lines={6} />)
        : q.items.length === 0 ? <EmptyState icon="quota" title={words.none}>{words.noneHelp}</EmptyState>
          : <DataTable id="quota-table" label={words.title} columns={columns} rows={q.items} rowKey={keyOf} />}
      <ShowMore id="quota-more" shown={q?.items.length ?? 0} there={q?.more ?? false} busy={quota.isFetching} onMore={more} />
    </>
  );
}
