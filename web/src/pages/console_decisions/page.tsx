// SPDX-License-Identifier: Apache-2.0
// The ledger of decisions: why something was synced, or was not.
import type {ReactNode} from 'react';
import {allPages, type Answer} from '../../api/client';
import {useAnswer} from '../../data/cache';
import {usePages} from '../../data/pages';
import {beginOf, searchOf} from '../../model/decisions';
import {nameOf} from '../../model/providers';
import {navigate, useQueryParam} from '../../router/router';
import {api} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {decisions as words, reasonNames} from '../../texts/decisions';
import {Button} from '../../ui/button';
import {ShowMore} from '../../ui/more';
import {Select} from '../../ui/select';
import {EmptyState, Notice, QueryError, Skeleton} from '../../ui/states';
import {TextField} from '../../ui/text_field';
import {useNow} from '../../ui/time';
import {useProviders} from '../calendars/queries';
import {AddressFilter} from '../console/shared';
import {Line} from './line';
import {Replay} from './replay';
import {Standing} from './standing';

type LedgerLine = Answer<'/v1/ledger', 'get'>['items'][number];
const pageLimit = 50;
const usualPeriod = '7';
const reasonChoices = Object.entries(reasonNames).map(([key, label]) => ({key, label})).sort((a, b) => a.label.localeCompare(b.label));

export default function DecisionsPage(): ReactNode {
  const [entry, setEntry] = useQueryParam('entry');
  const [event] = useQueryParam('event');
  const [calendar] = useQueryParam('calendar');
  const [reason] = useQueryParam('reason');
  const asked = searchOf(entry);
  // Whoever asks about one thing wants its whole story.
  const [period, setPeriod] = useQueryParam('period', asked.entry_id || event ? 'all' : usualPeriod);
  const from = beginOf(period, useNow());
  const query = {...asked, event_id: event || undefined, provider_id: calendar || undefined, reason: reason in reasonNames ? reason : undefined, from} as const;
  const key = JSON.stringify(query);
  const {pages, more} = usePages(key);
  const found = useAnswer(['decisions', 'ledger', key, pages], (signal) => allPages<LedgerLine>((cursor) => api.get('/v1/ledger', {query: {...query, limit: pageLimit, cursor}, signal}), pages), {keep: true});
  const providers = useProviders();
  const names = new Map((providers.data?.items ?? []).map((p) => [p.id, nameOf(p)]));
  const filtered = [entry, event, calendar, reason].some((f) => f !== '');
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className="console-filters" role="group" aria-label={words.filters}>
        <TextField id="decisions-search" label={words.search} required type="search" placeholder={words.searchHint} value={entry} onChange={setEntry} maxLength={200} />
        <AddressFilter id="decisions-filter-calendar" name="calendar" label={words.calendar} anyLabel={words.anyCalendar} choices={[...names].map(([k, label]) => ({key: k, label}))} />
        <AddressFilter id="decisions-filter-reason" name="reason" label={words.reason} anyLabel={words.anyReason} choices={reasonChoices} />
        <Select id="decisions-filter-period" label={words.period} required value={period in words.periods ? period : usualPeriod} onChange={setPeriod} choices={Object.entries(words.periods).map(([k, label]) => ({key: k, label}))} />
      </div>
      {event ? <Notice tone="info" action={<Button id="decisions-clear" small onPress={() => navigate('/console/decisions')}>{words.clear}</Button>}>{words.ofEvent(event)}</Notice> : null}
      {asked.entry_id ? <div className="ledger-cards"><Standing key={asked.entry_id} entryId={asked.entry_id} names={names} /><Replay key={`replay-${asked.entry_id}`} entryId={asked.entry_id} providerId={calendar || undefined} /></div> : null}
      {!found.data ? (found.isError ? <QueryError id="decisions-retry" error={found.error} retry={() => void found.refetch()} /> : <Skeleton lines={8} />)
        : found.data.items.length === 0 ? <EmptyState icon="decision" title={words.none}>{filtered || period !== 'all' ? words.noneFiltered : words.noneHelp}</EmptyState>
          : <ol className="ledger" id="decisions-list" aria-label={words.list}>{found.data.items.map((d) => <Line key={d.id} line={d} calendar={d.provider_id ? (names.get(d.provider_id) ?? null) : null} alone={d.entry_id === asked.entry_id} />)}</ol>}
      <ShowMore id="decisions-more" shown={found.data?.items.length ?? 0} there={found.data?.more ?? false} busy={found.isFetching} onMore={more} />
    </>
  );
}
