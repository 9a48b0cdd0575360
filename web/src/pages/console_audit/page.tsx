// SPDX-License-Identifier: Apache-2.0
// Who did what, in every tenant.
import type {ReactNode} from 'react';
import {allPages, type Answer} from '../../api/client';
import {useAnswer} from '../../data/cache';
import {usePages} from '../../data/pages';
import {useQueryParam} from '../../router/router';
import {api} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {console_} from '../../texts/console';
import {ShowMore} from '../../ui/more';
import {EmptyState, QueryError, Skeleton} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {TextField} from '../../ui/text_field';
import {RelativeTime} from '../../ui/time';
import {TenantFilter, TenantLink} from '../console/shared';

const words = console_.audit;
type Line = Answer<'/v1/admin/audit-log', 'get'>['items'][number];
const pageLimit = 200;
const refreshMs = 60_000;

const detailOf = (detail: object): string => Object.entries(detail).map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(', ');

const columns: ColumnOf<Line>[] = [
  {key: 'time', label: words.columns.time, minWidth: 130, cell: (l) => <RelativeTime at={l.time} />},
  {key: 'action', label: words.columns.action, heading: true, minWidth: 190, cell: (l) => <code>{l.action}</code>},
  {key: 'actor', label: words.columns.actor, minWidth: 190, cell: (l) => l.actor},
  {key: 'tenant', label: console_.tenant, minWidth: 150, cell: (l) => <TenantLink id={`audit-tenant-${l.id}`} tenant={l.tenant} />},
  {key: 'subject', label: words.columns.subject, minWidth: 220, cell: (l) => l.subject},
  {key: 'detail', label: words.columns.detail, minWidth: 240, grow: 2, cell: (l) => detailOf(l.detail)},
  {key: 'peer', label: words.columns.peer, minWidth: 130, cell: (l) => l.peer ?? ''},
];

export default function AuditPage(): ReactNode {
  const [tenant] = useQueryParam('tenant');
  const [action, setAction] = useQueryParam('action');
  const {pages, more} = usePages(`${tenant} ${action.trim()}`);
  const lines = useAnswer(['audit', 'console', tenant, action.trim(), pages], (signal) => allPages<Line>((cursor) => api.get('/v1/admin/audit-log', {query: {tenant_id: tenant || undefined, action: action.trim() || undefined, limit: pageLimit, cursor}, signal}), pages), {everyMs: refreshMs * pages, keep: true});
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className="console-filters">
        <TenantFilter id="audit-filter-tenant" />
        <TextField id="audit-filter-action" label={words.search} required type="search" placeholder={words.searchHint} maxLength={64} value={action} onChange={setAction} />
      </div>
      {!lines.data ? (lines.isError ? <QueryError id="audit-retry" error={lines.error} retry={() => void lines.refetch()} /> : <Skeleton lines={6} />)
        : lines.data.items.length === 0 ? <EmptyState icon="audit" title={words.none} />
          : <DataTable id="audit-table" label={words.title} columns={columns} rows={lines.data.items} rowKey={(l) => l.id} />}
      <ShowMore id="audit-more" shown={lines.data?.items.length ?? 0} there={lines.data?.more ?? false} busy={lines.isFetching} onMore={more} />
    </>
  );
}
