// SPDX-License-Identifier: Apache-2.0

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];
/** Nearer than this is "now". */
const nowSeconds = 5;

/** Whole units only, rounded towards zero: after 119 seconds it was one minute ago. */
export function relativeParts(atMs: number, nowMs: number): {value: number; unit: Intl.RelativeTimeFormatUnit} {
  const seconds = Math.trunc((atMs - nowMs) / 1000);
  if (Math.abs(seconds) < nowSeconds) return {value: 0, unit: 'second'};
  for (const [unit, size] of units)
    if (Math.abs(seconds) >= size) return {value: Math.trunc(seconds / size), unit};
  return {value: seconds, unit: 'second'};
}

export interface Clock {
  relative(atMs: number, nowMs: number): string;
  /** Date and time with its zone, to the second. */
  exact(atMs: number): string;
  /** The time of day, with the date only when it is another day than now. */
  short(atMs: number, nowMs: number): string;
}

/** Dates in the reader's locale and zone; relative times are words, so they are in the language of the texts. */
export function makeClock(language: string, locale?: string, timeZone?: string): Clock {
  const zone = timeZone === undefined ? {} : {timeZone};
  const words = new Intl.RelativeTimeFormat(language, {numeric: 'auto'});
  const exact = new Intl.DateTimeFormat(locale, {
    year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
    timeZoneName: 'short', ...zone,
  });
  const time = new Intl.DateTimeFormat(locale, {hour: '2-digit', minute: '2-digit', second: '2-digit', ...zone});
  const day = new Intl.DateTimeFormat(locale, {day: 'numeric', month: 'short', ...zone});
  return {
    relative(atMs, nowMs) {
      const {value, unit} = relativeParts(atMs, nowMs);
      return words.format(value, unit);
    },
    exact: (atMs) => exact.format(atMs),
    short(atMs, nowMs) {
      const clock = time.format(atMs);
      return day.format(atMs) === day.format(nowMs) ? clock : `${day.format(atMs)}, ${clock}`;
    },
  };
}
