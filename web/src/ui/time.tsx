// SPDX-License-Identifier: Apache-2.0
// Times in the reader's locale and zone: relative as long as that says enough, exact on demand.
import {useSyncExternalStore, type ReactNode} from 'react';
import {Button as AriaButton} from 'react-aria-components/Button';
import {Tooltip, TooltipTrigger} from 'react-aria-components/Tooltip';
import {makeClock} from '../model/times';
import {language} from '../texts/language';

export const clock = makeClock(language);

const tickMs = 10_000;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function listen(tell: () => void): () => void {
  listeners.add(tell);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const t of listeners) t();
  }, tickMs);
  return () => {
    listeners.delete(tell);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Now, good to ten seconds; one clock for the whole page. */
export function useNow(): number {
  return Math.max(useSyncExternalStore(listen, () => now), listeners.size === 0 ? (now = Date.now()) : 0);
}

const momentOf = (at: string | number | null | undefined): number => (typeof at === 'number' ? at : at ? Date.parse(at) : Number.NaN);

export interface TimeProps {
  at: string | number | null | undefined;
  /** Said when there is no time. */
  none?: string;
  /** Said instead of a time that has passed. */
  past?: string;
}

/** "2 minutes ago"; the exact time is its title, and RelativeTime with an id can be focused to show it. */
export function RelativeTime({at, none = '–', past, id}: TimeProps & {id?: string}): ReactNode {
  const when = useNow();
  const ms = momentOf(at);
  if (Number.isNaN(ms)) return <span className="time-none">{none}</span>;
  const words = past !== undefined && ms <= when ? past : clock.relative(ms, when);
  const time = <time dateTime={new Date(ms).toISOString()} title={id ? undefined : clock.exact(ms)} data-mask="time">{words}</time>;
  if (!id) return time;
  return (
    <TooltipTrigger delay={200}>
      <AriaButton id={id} className="time-button">{time}</AriaButton>
      <Tooltip className="tooltip" offset={6}>{clock.exact(ms)}</Tooltip>
    </TooltipTrigger>
  );
}

/** Date and time with its zone. */
export function ExactTime({at, none = '–'}: TimeProps): ReactNode {
  const ms = momentOf(at);
  if (Number.isNaN(ms)) return <span className="time-none">{none}</span>;
  return <time dateTime={new Date(ms).toISOString()} data-mask="time">{clock.exact(ms)}</time>;
}

/** The time of day; the date only when it is another day. */
export function ShortTime({at}: {at: string | number}): ReactNode {
  const when = useNow();
  const ms = momentOf(at);
  if (Number.isNaN(ms)) return null;
  return <time dateTime={new Date(ms).toISOString()} title={clock.exact(ms)} data-mask="time">{clock.short(ms, when)}</time>;
}
