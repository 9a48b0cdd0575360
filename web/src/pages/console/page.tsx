// SPDX-License-Identifier: Apache-2.0
// The health of the installation: its figures, its last day, and every calendar of every tenant.
import {useState, type ReactNode} from 'react';
import {allPages} from '../../api/client';
import type {Schemas} from '../../api/shapes';
import {useAnswer} from '../../data/cache';
import {useQueryParam} from '../../router/router';
import {api} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {console_} from '../../texts/console';
import {numberWord} from '../../texts/language';
import {provider as providerWords} from '../../texts/provider';
import {Button} from '../../ui/button';
import {EmptyState, Notice, QueryError, Skeleton, StatusPill, type Tone} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {TextField} from '../../ui/text_field';
import {RelativeTime} from '../../ui/time';
import {AddressFilter, goIn, TenantFilter, TenantLink} from './shared';
import {Timeline} from './timeline';

const words = console_.health;
type Standing = Schemas['provider_standing'];
type Health = Schemas['provider_health'];

const pageLimit = 200;
const pagesAtFirst = 1;
const pagesAtMost = 50;
const tones: Record<Health, Tone> = {idle: 'off', needs_person: 'bad', stopped: 'off', failing: 'bad', waiting: 'wait', late: 'wait', well: 'good'};
const healths: Health[] = ['well', 'late', 'waiting', 'failing', 'needs_person', 'stopped', 'idle'];
const states: Standing['status'][] = ['active', 'action_required', 'pending_authorization', 'paused', 'leaving'];

const nameOfStanding = (p: Standing): string => p.account ?? p.calendar_name ?? p.user_email ?? words.unnamed;

const columns: ColumnOf<Standing>[] = [
  {key: 'name', label: words.columns.name, heading: true, sortable: true, minWidth: 220, grow: 2, cell: (p) => (
    <Button id={`health-open-${p.id}`} kind="quiet" small aria-label={words.open(nameOfStanding(p), p.tenant.name)} onPress={() => goIn(p.tenant.id, `/calendars/${p.id}`)}>{nameOfStanding(p)}</Button>
  )},
  {key: 'tenant', label: words.columns.tenant, sortable: true, minWidth: 150, cell: (p) => <TenantLink id={`health-tenant-${p.id}`} tenant={p.tenant} />},
  {key: 'health', label: words.columns.health, minWidth: 160, cell: (p) => <StatusPill tone={tones[p.health]}>{words.of(p.health)}</StatusPill>},
  {key: 'state', label: words.columns.state, sortable: true, minWidth: 150, cell: (p) => words.stateOf(p.status)},
  {key: 'last_sync', label: words.columns.lastSync, sortable: true, minWidth: 130, cell: (p) => <RelativeTime at={p.last_sync_at} none={words.never} />},
  {key: 'next_poll', label: words.columns.nextPoll, sortable: true, minWidth: 130, cell: (p) => <RelativeTime at={p.next_poll_at} past={providerWords.due} />},
  {key: 'channel_expiry', label: words.columns.channel, sortable: true, minWidth: 130, cell: (p) => <RelativeTime at={p.channel_expires_at} none={words.noChannel} />},
  {key: 'failures', label: words.columns.failures, sortable: true, numeric: true, minWidth: 140, cell: (p) => numberWord(p.channel?.failures ?? 0)},
  {key: 'waiting', label: words.columns.waiting, numeric: true, minWidth: 100, cell: (p) => numberWord(p.outbox_waiting)},
  {key: 'letters', label: words.columns.letters, numeric: true, minWidth: 130, cell: (p) => numberWord(p.open_dead_letters)},
];

export default function HealthPage(): ReactNode {
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <Summary />
      <Timeline />
      <Calendars />
    </>
  );
}

function Summary(): ReactNode {
  const summary = useAnswer(['summary', 'installation'], (signal) => api.get('/v1/admin/summary', {signal}), {everyMs: 30_000, keep: true});
  const s = summary.data;
  if (!s) return summary.isError ? <QueryError id="health-summary-retry" error={summary.error} retry={() => void summary.refetch()} /> : <Skeleton cards={4} lines={1} />;
  const by = (h: Health): number => s.providers.by_health[h] ?? 0;
  const figures: [string, number, boolean][] = [
    [words.calendars, s.providers.total, false],
    [words.well, by('well'), false],
    [words.failing, by('failing') + by('late'), true],
    [words.person, by('needs_person'), true],
    [words.fresh, s.freshness.within_5_minutes + s.freshness.within_1_hour, false],
    [words.backlog, s.backlog.outbox, false],
    [words.approvals, s.approvals_waiting, true],
    [words.letters, s.open_dead_letters, true],
    [words.conflicts, s.open_conflicts, true],
  ];
  return (
    <section aria-label={words.summary}>
      {s.work_stopped ? <Notice id="health-stopped" tone="bad">{words.stoppedAll}</Notice> : s.tenants.stopped > 0 ? <Notice id="health-stopped" tone="wait">{words.stoppedSome(s.tenants.stopped)}</Notice> : null}
      {s.notices_refused.last_24_hours > 0 ? (
        <Notice id="health-refused" tone="wait">
          <p>{words.refused(s.notices_refused.last_24_hours)} <RelativeTime id="health-refused-at" at={s.notices_refused.last_at} />. <code>{s.notices_refused.last_code}</code></p>
          <p>{words.refusedHelp}</p>
        </Notice>
      ) : null}
      <dl className="figures">
        {figures.map(([label, n, trouble]) => <div key={label} className="figure" data-status={trouble && n > 0 ? 'action_required' : undefined} data-none={n === 0 || undefined}><dt>{label}</dt><dd>{numberWord(n)}</dd></div>)}
      </dl>
    </section>
  );
}

function Calendars(): ReactNode {
  const [sort, setSort] = useQueryParam('sort', 'name');
  const [q, setQ] = useQueryParam('q');
  const [tenant] = useQueryParam('tenant');
  const [state] = useQueryParam('state');
  const [health] = useQueryParam('health');
  const [type] = useQueryParam('type');
  const [pages, setPages] = useState(pagesAtFirst);
  const query = {
    sort, limit: pageLimit, q: q.trim() || undefined, tenant_id: tenant || undefined,
    state: states.find((s) => s === state), health: healths.find((h) => h === health), type: type === 'google' || type === 'microsoft' ? type : undefined,
  } as const;
  const found = useAnswer(['console', 'providers', query, pages], (signal) => allPages<Standing>((cursor) => api.get('/v1/admin/providers', {query: {...query, cursor}, signal}), pages), {everyMs: 60_000, keep: true});
  const filtered = [q, tenant, state, health, type].some((f) => f !== '');
  return (
    <section aria-labelledby="health-list-title">
      <div className="console-head"><h2 id="health-list-title">{words.list}</h2></div>
      <div className="console-filters">
        <TextField id="health-search" label={words.search} required type="search" placeholder={words.searchHint} value={q} onChange={setQ} maxLength={200} />
        <TenantFilter id="health-filter-tenant" />
        <AddressFilter id="health-filter-health" name="health" label={words.healthFilter} anyLabel={words.anyHealth} choices={healths.map((key) => ({key, label: words.of(key)}))} />
        <AddressFilter id="health-filter-state" name="state" label={words.state} anyLabel={words.anyState} choices={states.map((key) => ({key, label: words.stateOf(key)}))} />
        <AddressFilter id="health-filter-type" name="type" label={words.vendor} anyLabel={words.anyVendor} choices={(['google', 'microsoft'] as const).map((key) => ({key, label: providerWords.vendor(key)}))} />
      </div>
      {!found.data ? (found.isError ? <QueryError id="health-retry" error={found.error} retry={() => void found.refetch()} /> : <Skeleton lines={8} />)
        : found.data.items.length === 0 ? <EmptyState icon={filtered ? 'search' : 'calendars'} title={filtered ? words.noMatch : words.none} />
          : <DataTable id="health-calendars" label={words.list} columns={columns} rows={found.data.items} rowKey={(p) => p.id} sort={sort} onSort={setSort} />}
      {found.data?.more ? (
        <div className="console-more">
          <span>{console_.moreThere(found.data.items.length)}</span>
          {pages < pagesAtMost ? <Button id="health-more" small busy={found.isFetching} onPress={() => setPages(Math.min(pagesAtMost, pages * 5))}>{console_.more}</Button> : null}
        </div>
      ) : null}
    </section>
  );
}
