// SPDX-License-Identifier: Apache-2.0
// The sync runs of every tenant: those that failed, or all.
import type {ReactNode} from 'react';
import {allPages, type Answer} from '../../api/client';
import {useAnswer} from '../../data/cache';
import {usePages} from '../../data/pages';
import {useQueryParam} from '../../router/router';
import {api} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {calendars} from '../../texts/calendars';
import {console_} from '../../texts/console';
import {Button} from '../../ui/button';
import {ShowMore} from '../../ui/more';
import {Select} from '../../ui/select';
import {EmptyState, QueryError, Skeleton, StatusPill, type Tone} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {RelativeTime} from '../../ui/time';
import {goIn, TenantFilter, TenantLink} from '../console/shared';

const words = console_.runs;
const run = calendars.detail.run;
type Run = Answer<'/v1/admin/sync-runs', 'get'>['items'][number];
const pageLimit = 200;
const refreshMs = 30_000;
const tones: Record<Run['outcome'], Tone> = {running: 'wait', succeeded: 'good', failed: 'bad'};

const columns: ColumnOf<Run>[] = [
  {key: 'started', label: run.started, heading: true, minWidth: 130, cell: (r) => <RelativeTime at={r.started_at} />},
  {key: 'outcome', label: run.outcome, minWidth: 130, cell: (r) => <StatusPill tone={tones[r.outcome]} icon={r.outcome === 'running' ? 'runs' : undefined}>{run[r.outcome]}</StatusPill>},
  {key: 'tenant', label: console_.tenant, minWidth: 150, cell: (r) => <TenantLink id={`runs-tenant-${r.id}`} tenant={r.tenant} />},
  {key: 'calendar', label: console_.calendar, minWidth: 120, cell: (r) => <Button id={`runs-calendar-${r.id}`} small kind="quiet" onPress={() => goIn(r.tenant.id, `/calendars/${r.provider_id}?tab=runs`)}>{calendars.details}</Button>},
  {key: 'cause', label: run.cause, minWidth: 130, cell: (r) => calendars.detail.causes[r.cause] ?? r.cause},
  {key: 'counts', label: run.counts, minWidth: 240, grow: 2, cell: (r) => r.error?.detail ?? calendars.sync.counts(r)},
];

export default function RunsPage(): ReactNode {
  const [tenant] = useQueryParam('tenant');
  const [outcome, setOutcome] = useQueryParam('outcome', 'failed');
  const shown = outcome === 'all' ? 'all' : 'failed';
  const {pages, more} = usePages(`${tenant} ${shown}`);
  const runs = useAnswer(['runs', 'console', tenant, shown, pages], (signal) => allPages<Run>((cursor) => api.get('/v1/admin/sync-runs', {query: {tenant_id: tenant || undefined, outcome: shown, limit: pageLimit, cursor}, signal}), pages), {everyMs: refreshMs * pages, keep: true});
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className="console-filters">
        <TenantFilter id="runs-filter-tenant" />
        <Select id="runs-filter-outcome" label={words.show} required value={shown} onChange={setOutcome} choices={[{key: 'failed', label: words.failed}, {key: 'all', label: words.all}]} />
      </div>
      {!runs.data ? (runs.isError ? <QueryError id="runs-retry" error={runs.error} retry={() => void runs.refetch()} /> : <Skeleton lines={6} />)
        : runs.data.items.length === 0 ? <EmptyState icon="runs" title={shown === 'all' ? words.noneAll : words.none} />
          : <DataTable id="runs-table" label={words.title} columns={columns} rows={runs.data.items} rowKey={(r) => r.id} />}
      <ShowMore id="runs-more" shown={runs.data?.items.length ?? 0} there={runs.data?.more ?? false} busy={runs.isFetching} onMore={more} />
    </>
  );
}
