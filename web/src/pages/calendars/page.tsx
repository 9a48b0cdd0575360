// SPDX-License-Identifier: Apache-2.0
// The calendars of one tenant, or of one person: how each is, and what can be done.
import {useState, type ReactNode} from 'react';
import type {Provider, User} from '../../api/shapes';
import {inOrder, nameOf} from '../../model/providers';
import {navigate, useQueryParam} from '../../router/router';
import {useRights, useSession} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {calendars as words} from '../../texts/calendars';
import {home} from '../../texts/home';
import {Button} from '../../ui/button';
import {TextField} from '../../ui/text_field';
import {EmptyState, Notice, QueryError, Skeleton} from '../../ui/states';
import {AddDialog} from './add_dialog';
import {CalendarCard} from './card';
import {ConnectDialog} from './connect_dialog';
import {runsUnderWay, useProviders, useRunEnds, useRuns, useUsers} from './queries';
import {RemoveDialog} from './remove_dialog';

/** Fewer are seen at a glance. */
const searchFrom = 7;

export default function CalendarsPage(): ReactNode {
  const session = useSession();
  const rights = useRights();
  const providers = useProviders();
  const users = useUsers();
  const runs = useRuns();
  const [open, setOpen] = useQueryParam('add');
  const [search, setSearch] = useQueryParam('q');
  const [connecting, setConnecting] = useState<Provider | null>(null);
  const [removing, setRemoving] = useState<Provider | null>(null);
  useRunEnds(runs.data, providers.data?.items ?? []);
  const people = new Map((users.data?.items ?? []).map((u) => [u.id, u]));
  const all = providers.data?.items ?? [];
  const shown = inOrder(all.filter((p) => fits(p, people.get(p.user_id), search)));
  const running = runsUnderWay(runs.data ?? []);
  const addButton = rights.administer ? <Button id="calendars-add" kind="primary" icon="plus" onPress={() => setOpen('1')}>{words.add}</Button> : null;
  return (
    <>
      <PageHead title={session.kind === 'user' ? words.own : words.title} lead={words.lead} actions={addButton} />
      {all.length >= searchFrom || search !== '' ? (
        <div className="calendars-search"><TextField id="calendars-search" label={words.search} required type="search" placeholder={words.searchHint} value={search} onChange={setSearch} /></div>
      ) : null}
      {providers.isError && !providers.data ? <QueryError id="calendars-retry" error={providers.error} retry={() => void providers.refetch()} />
        : !providers.data ? <Skeleton cards={3} lines={5} />
          : all.length === 0 ? <EmptyState icon="calendars" title={words.none}>{words.noneHelp}</EmptyState>
            : shown.length === 0 ? <EmptyState icon="search" title={words.noMatch} />
              : (
                <ul className="cards" aria-label={words.title}>
                  {shown.map((p) => <CalendarCard key={p.id} provider={p} person={people.get(p.user_id) ?? null} running={running.get(p.id) ?? null} onConnect={setConnecting} onRemove={setRemoving} />)}
                </ul>
              )}
      {providers.data?.more ? <Notice tone="info">{home.moreProviders}</Notice> : null}
      {open !== '' && rights.administer ? <AddDialog onClose={() => setOpen('')} onAdded={(p) => { setOpen(''); setConnecting(p); }} /> : null}
      {connecting ? <ConnectDialog provider={connecting} onClose={() => setConnecting(null)} onConnected={() => navigate(`/calendars/${connecting.id}`)} /> : null}
      {removing ? <RemoveDialog provider={removing} onClose={() => setRemoving(null)} /> : null}
    </>
  );
}

function fits(p: Provider, person: User | undefined, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  return wanted === '' || [nameOf(p), p.account ?? '', person?.name ?? '', person?.email ?? '', p.type].some((s) => s.toLowerCase().includes(wanted));
}
