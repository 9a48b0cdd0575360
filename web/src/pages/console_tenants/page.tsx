// SPDX-License-Identifier: Apache-2.0
// Every tenant, and how it stands.
import type {ReactNode} from 'react';
import type {Tenant} from '../../api/shapes';
import {useQueryParam} from '../../router/router';
import {PageHead} from '../../shell/page_head';
import {console_} from '../../texts/console';
import {numberWord} from '../../texts/language';
import {EmptyState, Notice, QueryError, Skeleton, StatusPill} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {RelativeTime} from '../../ui/time';
import {TenantLink, useTenants} from '../console/shared';

const words = console_.tenants;

const trouble = (t: Tenant): number => ['failing', 'late', 'needs_person'].reduce((n, h) => n + (t.summary?.providers.by_health[h] ?? 0), 0);
const figures: Record<string, (t: Tenant) => number> = {
  calendars: (t) => t.summary?.providers.total ?? 0,
  trouble,
  approvals: (t) => t.summary?.approvals_waiting ?? 0,
  letters: (t) => t.summary?.open_dead_letters ?? 0,
  conflicts: (t) => t.summary?.open_conflicts ?? 0,
};

const figure = (key: keyof typeof words.columns): ColumnOf<Tenant> => ({key, label: words.columns[key], numeric: true, sortable: true, minWidth: 125, cell: (t) => numberWord(figures[key]!(t))});

const columns: ColumnOf<Tenant>[] = [
  {key: 'name', label: words.columns.name, heading: true, sortable: true, minWidth: 180, grow: 2, cell: (t) => <TenantLink id={`tenants-open-${t.id}`} tenant={t} />},
  {key: 'stage', label: words.columns.stage, sortable: true, minWidth: 110, cell: (t) => words.stages[t.release_stage]},
  {key: 'work', label: words.columns.work, minWidth: 130, cell: (t) => (t.work_stopped ? <StatusPill tone="bad" icon="pause">{words.stopped}</StatusPill> : <StatusPill tone="good">{words.running}</StatusPill>)},
  figure('calendars'), figure('trouble'), figure('approvals'), figure('letters'), figure('conflicts'),
  {key: 'created', label: words.columns.created, sortable: true, minWidth: 140, cell: (t) => <RelativeTime at={t.created_at} />},
];

function sorted(tenants: readonly Tenant[], sort: string): Tenant[] {
  const key = sort.replace(/^-/, '');
  const value = (t: Tenant): string | number => figures[key]?.(t) ?? (key === 'stage' ? t.release_stage : key === 'created' ? t.created_at : t.name.toLowerCase());
  const sign = sort.startsWith('-') ? -1 : 1;
  return [...tenants].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return sign * (x < y ? -1 : x > y ? 1 : 0) || (a.id < b.id ? -1 : 1);
  });
}

export default function TenantsPage(): ReactNode {
  const [sort, setSort] = useQueryParam('sort', 'name');
  const tenants = useTenants();
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      {!tenants.data ? (tenants.isError ? <QueryError id="tenants-retry" error={tenants.error} retry={() => void tenants.refetch()} /> : <Skeleton lines={6} />)
        : tenants.data.items.length === 0 ? <EmptyState icon="tenants" title={words.none} />
          : <DataTable id="tenants-table" label={words.title} columns={columns} rows={sorted(tenants.data.items, sort)} rowKey={(t) => t.id} sort={sort} onSort={setSort} />}
      {tenants.data?.more ? <Notice tone="info">{console_.moreThere(tenants.data.items.length)}</Notice> : null}
    </>
  );
}
