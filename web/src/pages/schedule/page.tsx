// SPDX-License-Identifier: Apache-2.0
// A person's or a tenant's entries by day, week and month: looked at, moved, made, changed.
import {useCallback, useMemo, useState, useSyncExternalStore, type ReactNode} from 'react';
import {parseDate, today} from '@internationalized/date';
import {ToggleButton} from 'react-aria-components/ToggleButton';
import type {User} from '../../api/shapes';
import {isDate} from '../../model/recurrence';
import {hourAfter, itemKey, nextHour, newDraft, wallAt, type Draft, type Item} from '../../model/schedule';
import {navigate, useLocation, useQueryParam} from '../../router/router';
import {useRights, useSession} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {schedule as words} from '../../texts/schedule';
import {Button, IconButton} from '../../ui/button';
import {Notice, QueryError, Skeleton} from '../../ui/states';
import {ComboBox} from '../../ui/select';
import {toast} from '../../ui/toast';
import {useUsers} from '../calendars/queries';
import {EntryDialog} from './entry_dialog';
import {Grid, shortSpan, viewsOf, type View} from './grid';
import {useMoves} from './moves';
import {useSchedule, type Range} from './queries';
import {ScopeDialog} from './scope_dialog';

const narrowly = matchMedia('(max-width: 40rem)');
const everybody = 'everybody';
export const readerZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export default function SchedulePage(): ReactNode {
  const session = useSession();
  const rights = useRights();
  const users = useUsers();
  const at = useShown();
  const [person] = useQueryParam('person');
  const [range, setRange] = useState<Range | null>(null);
  const [title, setTitle] = useState('');
  const [open, setOpen] = useState<{item: Item} | {draft: Draft} | null>(null);
  const found = useSchedule(range, person);
  const moves = useMoves(readerZone);
  const {view, date, go} = at;
  const items = useMemo(() => found.data?.items ?? [], [found.data]);
  const shown = useCallback((v: View, r: Range, t: string, day: string) => {
    setRange((known) => (known?.from.getTime() === r.from.getTime() && known.to.getTime() === r.to.getTime() ? known : r));
    setTitle(t);
    if (v !== view) go(v, day);
  }, [view, go]);
  const people = session.kind === 'user' ? [session.user!.id] : person ? [person] : [];
  const select = (start: Date | string, end: Date | string): void => setOpen({draft: newDraft(
    start instanceof Date ? wallAt(start, readerZone) : {time: start, zone: null}, end instanceof Date ? wallAt(end, readerZone) : {time: end, zone: null}, people)});
  const add = (): void => {
    const start = date === at.today ? nextHour(new Date(), readerZone) : {time: `${date}T09:00:00`, zone: readerZone};
    setOpen({draft: newDraft(start, hourAfter(start), people)});
  };
  const reload = async (item: Item): Promise<void> => {
    const now = (await found.refetch()).data?.items.find((i) => itemKey(i) === itemKey(item));
    setOpen(now ? {item: now} : null);
    if (!now) toast({tone: 'info', title: words.form.gone});
  };
  return (
    <>
      <PageHead title={session.kind === 'user' ? words.own : words.title} lead={words.lead(readerZone)}
        actions={rights.operate ? <Button id="schedule-add" kind="primary" icon="plus" onPress={add}>{words.add}</Button> : null} />
      <div className="schedule-bar">
        <div className="schedule-steps">
          <Button id="schedule-today" onPress={() => go(view, at.today)}>{words.today}</Button>
          <IconButton id="schedule-before" icon="left" label={words.before[view]} onPress={() => go(view, stepped(view, date, -1))} />
          <IconButton id="schedule-after" icon="right" label={words.after[view]} onPress={() => go(view, stepped(view, date, 1))} />
          <h2 className="schedule-range" aria-live="polite">{title}</h2>
        </div>
        <div className="schedule-choices">
          {session.kind === 'user' ? null : <PersonFilter users={users.data?.items ?? []} value={person} />}
          <div className="chips schedule-views" role="group" aria-label={words.views}>
            {at.views.map((v) => <ToggleButton key={v} id={`schedule-view-${v}`} className="chip" isSelected={v === view} onChange={() => go(v, date)}>{words.view[v]}</ToggleButton>)}
          </div>
        </div>
      </div>
      {found.isError && !found.data ? <QueryError id="schedule-retry" error={found.error} retry={() => void found.refetch()} /> : null}
      {found.data?.more ? <Notice tone="info">{words.tooMany}</Notice> : null}
      <section className="schedule-grid" data-view={view} aria-label={words.calendar} aria-busy={found.isPending || undefined}>
        {found.isPending && range ? <div className="schedule-said"><Skeleton lines={1} /></div> : null}
        {found.data && items.length === 0 ? <p className="schedule-said" role="status">{words.none}</p> : null}
        <div className="schedule-days"><Grid view={view} date={date} items={items} moved={moves.moved} editable={rights.operate} covered={open !== null || moves.asked !== null} onShown={shown} onOpen={(item) => setOpen({item})} onSelect={select} onMove={moves.begin} /></div>
      </section>
      {moves.asked ? <ScopeDialog act="change" scopes={['single', 'future', 'all']} busy={false} onClose={moves.cancel} onChosen={moves.choose} /> : null}
      {open ? <EntryDialog key={'item' in open ? `${itemKey(open.item)} ${open.item.version}` : 'new'} of={open} users={users.data?.items ?? []} reader={readerZone} onClose={() => setOpen(null)} onReload={reload} /> : null}
    </>
  );
}

function useNarrow(): boolean {
  return useSyncExternalStore(
    (tell) => {
      narrowly.addEventListener('change', tell);
      return () => narrowly.removeEventListener('change', tell);
    },
    () => narrowly.matches,
  );
}

/** View and day, from the address. A phone begins with one day, and shows of a week as much as it can. */
function useShown(): {view: View; views: readonly View[]; date: string; today: string; go: (view: View, date: string) => void} {
  const {query} = useLocation();
  const narrow = useNarrow();
  const views = viewsOf(narrow);
  const [usual] = useState<View>(() => (narrow ? 'day' : 'week'));
  const now = today(readerZone).toString();
  const asked = (query.get('view') ?? usual) as View;
  const fitting = asked === 'week' && narrow ? 'days' : asked === 'days' && !narrow ? 'week' : asked;
  const view = views.includes(fitting) ? fitting : usual;
  const day = query.get('date') ?? '';
  const date = isDate(day) ? day : now;
  const go = useCallback((v: View, d: string) => {
    const next = new URLSearchParams(location.search);
    if (v === usual) next.delete('view');
    else next.set('view', v);
    if (d === today(readerZone).toString()) next.delete('date');
    else next.set('date', d);
    const tail = next.toString();
    navigate(`/schedule${tail === '' ? '' : `?${tail}`}`, {replace: true});
  }, [usual]);
  return {view, views, date, today: now, go};
}

function stepped(view: View, date: string, by: 1 | -1): string {
  const d = parseDate(date);
  if (view === 'month') return d.set({day: 1}).add({months: by}).toString();
  return d.add({days: by * (view === 'week' ? 7 : view === 'days' ? shortSpan : 1)}).toString();
}

function PersonFilter({users, value}: {users: readonly User[]; value: string}): ReactNode {
  const [, set] = useQueryParam('person');
  const choices = useMemo(() => [{key: everybody, label: words.everybody}, ...users.map((u) => ({key: u.id, label: u.name, detail: u.email}))], [users]);
  if (users.length === 0) return null;
  return (
    <div className="schedule-person">
      <ComboBox id="schedule-person" label={words.person} required value={value || everybody} onChange={(key) => set(key === everybody ? '' : key)} choices={choices} />
    </div>
  );
}
