// SPDX-License-Identifier: Apache-2.0
// The conflicts of a tenant or a person: those that wait, and those that were decided.
import type {ReactNode} from 'react';
import {ToggleButton} from 'react-aria-components/ToggleButton';
import type {Conflict} from '../../api/shapes';
import {useAnswer} from '../../data/cache';
import {nameOf} from '../../model/providers';
import {navigate, useQueryParam} from '../../router/router';
import {api} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {conflicts as words} from '../../texts/conflicts';
import {Link} from '../../ui/button';
import {EmptyState, QueryError, Skeleton, StatusPill} from '../../ui/states';
import {RelativeTime} from '../../ui/time';
import {useProviders} from '../calendars/queries';

const pageSize = 20;
const states = ['open', 'resolved'] as const;
type State = (typeof states)[number];

const addressOf = (state: State, cursor = ''): string => {
  const query = new URLSearchParams({...(state === 'open' ? {} : {state}), ...(cursor === '' ? {} : {cursor})}).toString();
  return query === '' ? '/conflicts' : `/conflicts?${query}`;
};

export default function ConflictsPage(): ReactNode {
  const [given] = useQueryParam('state', 'open');
  const [cursor] = useQueryParam('cursor');
  const state: State = given === 'resolved' ? 'resolved' : 'open';
  const found = useAnswer(['conflicts', 'list', state, cursor], (signal) => api.get('/v1/conflicts', {query: {state, limit: pageSize, cursor: cursor || undefined}, signal}));
  const providers = useProviders();
  const names = new Map((providers.data?.items ?? []).map((p) => [p.id, nameOf(p)]));
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className="chips" role="group" aria-label={words.filters}>
        {states.map((s) => <ToggleButton key={s} id={`conflicts-filter-${s}`} className="chip" isSelected={s === state} onChange={() => navigate(addressOf(s), {replace: true})}>{words.states[s]}</ToggleButton>)}
      </div>
      {found.isError && !found.data ? <QueryError id="conflicts-retry" error={found.error} retry={() => void found.refetch()} />
        : !found.data ? <Skeleton lines={6} />
          : found.data.items.length === 0 ? <EmptyState icon={state === 'open' ? 'check' : 'conflict'} title={words.none[state]}>{words.noneHelp[state]}</EmptyState>
            : <ul className="conflicts" aria-label={words.list}>{found.data.items.map((c) => <Row key={c.id} conflict={c} calendar={names.get(c.provider_id) ?? words.calendar} />)}</ul>}
      {cursor !== '' || found.data?.next_cursor ? (
        <nav className="conflicts-pages" aria-label={words.pages}>
          {cursor !== '' ? <Link id="conflicts-newest" look="button" href={addressOf(state)}>{words.newest}</Link> : null}
          {found.data?.next_cursor ? <Link id="conflicts-older" look="button" href={addressOf(state, found.data.next_cursor)}>{words.older}</Link> : null}
        </nav>
      ) : null}
    </>
  );
}

function Row({conflict: c, calendar}: {conflict: Conflict; calendar: string}): ReactNode {
  return (
    <li className="card conflict-row" data-tone={c.state === 'open' ? 'wait' : undefined}>
      <div className="conflict-row-words">
        <h2><Link id={`conflict-${c.id}-open`} href={`/conflicts/${c.id}`} look="plain"><EntryTitle conflict={c} /></Link></h2>
        <p className="conflict-row-detail">{words.differs(c.groups.map(words.group))} · {calendar}</p>
      </div>
      <p className="conflict-row-state">
        {c.state === 'open' ? <StatusPill tone="wait">{words.open}</StatusPill> : <StatusPill tone="good">{words.resolved}</StatusPill>}
        <RelativeTime at={c.resolved_at ?? c.opened_at} />
      </p>
    </li>
  );
}

/** The title of the entry: as it stands in the conflict, else as the entry has it. */
export function EntryTitle({conflict: c}: {conflict: Conflict}): ReactNode {
  const said = (c.local as {title?: unknown}).title;
  const known = typeof said === 'string' && said !== '';
  const entry = useAnswer(['entries', 'one', c.entry_id], (signal) => api.get('/v1/schedule-entries/{entry_id}', {path: {entry_id: c.entry_id}, signal}), {enabled: !known});
  return known ? said : (entry.data?.title ?? (entry.isError ? words.goneEntry : words.entry));
}
