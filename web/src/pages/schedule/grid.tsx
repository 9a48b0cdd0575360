// SPDX-License-Identifier: Apache-2.0
// The days with what is on them, drawn by FullCalendar. Its toolbar is not used: the page has its own.
import {useEffect, useMemo, useRef, useState, type ReactNode} from 'react';
import FullCalendar, {type CalendarRef, type EventApi, type EventDisplayInfo, type MountInfo} from '@fullcalendar/react';
import dayGrid from '@fullcalendar/react/daygrid';
import interaction from '@fullcalendar/react/interaction';
import classic from '@fullcalendar/react/themes/classic';
import timeGrid from '@fullcalendar/react/timegrid';
import {itemId, itemKey, shownOf, worstOf, type Item, type Moved, type StandingState} from '../../model/schedule';
import {schedule as words} from '../../texts/schedule';
import {Icon, type IconName} from '../../ui/icons';
import type {Range} from './queries';

export type View = 'day' | 'days' | 'week' | 'month';
/** The days of a week stand side by side where there is room; a phone has room for three. */
export const viewsOf = (narrow: boolean): readonly View[] => (narrow ? ['day', 'days', 'month'] : ['day', 'week', 'month']);
export const shortSpan = 3;
const viewTypes: Record<View, string> = {day: 'timeGridDay', days: 'timeGridDays', week: 'timeGridWeek', month: 'dayGridMonth'};
const ownViews = {[viewTypes.days]: {type: 'timeGrid', duration: {days: shortSpan}}};
const dayName = new Intl.DateTimeFormat(undefined, {weekday: 'long', day: 'numeric', month: 'long'});
const viewOf = (type: string): View => (Object.keys(viewTypes) as View[]).find((v) => viewTypes[v] === type) ?? 'week';

const clock = {hour: '2-digit', minute: '2-digit'} as const;
/** What closes a dialog gives the focus back first, if it can. */
const afterDialogMs = 50;
const plugins = [dayGrid, timeGrid, interaction, classic];
const stateIcons: Record<StandingState, IconName> = {in_step: 'check', waiting: 'clock', conflict: 'conflict', refused: 'problem', held: 'info', off: 'pause'};

export interface GridProps {
  view: View;
  /** A day that is shown. */
  date: string;
  items: readonly Item[];
  /** Where a person has put items that the server has not confirmed. */
  moved: ReadonlyMap<string, Moved>;
  editable: boolean;
  /** A dialog is open above it. */
  covered: boolean;
  onShown(view: View, range: Range, title: string, date: string): void;
  onOpen(item: Item): void;
  onSelect(start: Date | string, end: Date | string): void;
  onMove(item: Item, to: Moved): void;
}

export function Grid(p: GridProps): ReactNode {
  const calendar = useRef<CalendarRef>(null);
  const lastFocus = useLastFocus(p.covered);
  const events = useMemo(() => p.items.map((i) => eventOf(i, p.moved.get(itemKey(i)))), [p.items, p.moved]);
  // What is being dragged must not be drawn anew under the hand: news wait until it is put down.
  const [busy, setBusy] = useState(false);
  const held = useRef(events);
  if (!busy) held.current = events;
  useEffect(() => {
    const api = calendar.current?.getApi();
    // Not while React commits: FullCalendar draws itself.
    queueMicrotask(() => api?.changeView(viewTypes[p.view], p.date));
  }, [p.view, p.date]);
  const move = ({event}: {event: EventApi}): void => p.onMove(event.extendedProps['item'] as Item, movedOf(event));
  return (
    <FullCalendar ref={calendar} plugins={plugins} views={ownViews} initialView={viewTypes[p.view]} initialDate={p.date} headerToolbar={false} height="100%" locale={navigator.language} firstDay={firstDayOfWeek()}
      events={held.current} eventInteractive eventDisplay="block" eventColor="var(--item-ground)" eventContrastColor="var(--item-ink)" eventMinHeight={24} eventShortHeight={36} slotEventOverlap={false}
      eventTimeFormat={clock} slotHeaderFormat={clock} nowIndicator scrollTime="07:00:00" scrollTimeReset={false} slotDuration="00:30:00" snapDuration="00:15:00" allDayText={words.allDay} dayMaxEvents moreLinkClick={viewTypes.day}
      moreLinkText={words.more} moreLinkHint={(n: number) => words.moreHint(n)} moreLinkDidMount={nameMoreLink}
      editable={p.editable} selectable={p.editable} selectMirror selectMinDistance={p.view === 'month' ? 0 : 4} unselectAuto eventResizableFromStart={false} longPressDelay={400} dragRevertDuration={0}
      eventContent={(info) => <Content info={info} />} eventDidMount={(info) => named(info, lastFocus.current)}
      datesSet={(info) => p.onShown(viewOf(info.view.type), {from: info.start, to: info.end}, info.view.title, dayOf(info.view.currentStart))}
      eventClick={(info) => p.onOpen(info.event.extendedProps['item'] as Item)}
      select={(s) => { p.onSelect(s.allDay ? s.startStr : s.start, s.allDay ? s.endStr : s.end); calendar.current?.getApi().unselect(); }}
      eventDragStart={() => setBusy(true)} eventDragStop={() => setBusy(false)} eventResizeStart={() => setBusy(true)} eventResizeStop={() => setBusy(false)} eventDrop={move} eventResize={move} />
  );
}

function eventOf(item: Item, moved: Moved | undefined): object {
  const {id, title, start, end, allDay} = shownOf(item, moved);
  const state = worstOf(item.sync)?.state ?? 'none';
  return {id, title, start, end, allDay, className: `item item-${state} item-is-${item.status}`, extendedProps: {item}};
}

/** Days as days, times as instants. Where FullCalendar keeps no end, it is an hour or a day. */
function movedOf(event: EventApi): Moved {
  const start = event.start!;
  if (event.allDay) return {start: event.startStr.slice(0, 10), end: event.endStr ? event.endStr.slice(0, 10) : dayOf(new Date(start.getFullYear(), start.getMonth(), start.getDate() + 1)), allDay: true};
  return {start, end: event.end ?? new Date(start.getTime() + 3_600_000), allDay: false};
}

const dayOf = (d: Date): string => `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`;

/** 0 is Sunday, as the reader's language has it; else Monday. */
function firstDayOfWeek(): number {
  const locale = new Intl.Locale(navigator.language) as Intl.Locale & {getWeekInfo?: () => {firstDay: number}; weekInfo?: {firstDay: number}};
  return (locale.getWeekInfo?.() ?? locale.weekInfo ?? {firstDay: 1}).firstDay % 7;
}

function Content({info}: {info: EventDisplayInfo}): ReactNode {
  const item = info.event.extendedProps['item'] as Item | undefined;
  const worst = worstOf(item?.sync);
  const [from, until] = info.timeText.split(/\s?–\s?/);
  const day = item && !info.event.allDay ? dayName.format(info.event.start!) : '';
  return (
    <span className="item-words" data-short={info.isShort || info.view.type === viewTypes.month || info.event.allDay || undefined}>
      {from ? <span className="item-time">{from}{until ? <span className="item-until">–{until}</span> : null}<span className="unseen">, {day}, </span></span> : null}
      <span className="item-title">{info.event.title || words.untitled}</span>
      {item?.location ? <span className="item-place"><span className="unseen">, </span>{item.location}</span> : null}
      <span className="item-icons">
        {item && item.status !== 'scheduled' ? <span className="unseen">, {words.form.statuses[item.status]}</span> : null}
        {item?.is_private ? <Mark side icon="lock" label={words.private} /> : null}
        {item?.series ? <Mark side icon="runs" label={item.differs.length > 0 ? `${words.repeats}, ${words.changedOne}` : words.repeats} /> : null}
        {worst ? <Mark icon={stateIcons[worst.state]} label={words.state(worst.state)} state={worst.state} /> : null}
      </span>
    </span>
  );
}

/** On the side: it gives way where there is little room. */
function Mark({icon, label, state, side = false}: {icon: IconName; label: string; state?: StandingState; side?: boolean}): ReactNode {
  return <span className={`item-mark${side ? ' item-mark-side' : ''}`} data-state={state} title={label}><Icon name={icon} /><span className="unseen">, {label}</span></span>;
}

/** FullCalendar draws anew whatever comes from the server: the id stays, and the focus goes back to it. */
function named(info: MountInfo<EventDisplayInfo>, lastFocus: string | null): void {
  const item = info.event.extendedProps['item'] as Item | undefined;
  if (!item || info.isMirror) return;
  const id = `schedule-item-${itemId(item)}`;
  let free = id;
  for (let n = 2; document.getElementById(free); ++n) free = `${id}-part-${n}`;
  info.el.id = free;
  if (free === lastFocus && (document.activeElement === null || document.activeElement === document.body)) info.el.focus({preventScroll: true});
}

function nameMoreLink({el}: {el: HTMLElement}): void {
  queueMicrotask(() => {
    const day = el.closest('[data-date]')?.getAttribute('data-date');
    if (day) el.id = `schedule-more-${day}`;
  });
}

/** The item that had the focus last. It gets it back after a dialog that was opened from it, although it was drawn anew meanwhile. */
function useLastFocus(covered: boolean): {readonly current: string | null} {
  const last = useRef<string | null>(null);
  useEffect(() => {
    const note = (e: FocusEvent): void => {
      if (e.target instanceof Element && !e.target.closest('[role="dialog"], [role="alertdialog"]')) last.current = e.target.id.startsWith('schedule-item-') ? e.target.id : null;
    };
    document.addEventListener('focusin', note);
    return () => document.removeEventListener('focusin', note);
  }, []);
  useEffect(() => {
    if (covered) return;
    const timer = setTimeout(() => {
      if (last.current && document.activeElement === document.body) document.getElementById(last.current)?.focus({preventScroll: true});
    }, afterDialogMs);
    return () => clearTimeout(timer);
  }, [covered]);
  return last;
}
