// SPDX-License-Identifier: Apache-2.0
// Zones as the runtime's ICU knows them, which is not the table of the program under test.

const hourMs = 3600 * 1000;
const formats = new Map();

/** Minutes that `zone` is ahead of UTC at `ms`. */
export function offsetMinutes(zone, ms) {
  if (!formats.has(zone))
    formats.set(
      zone,
      new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      }),
    );
  const p = Object.fromEntries(formats.get(zone).formatToParts(ms).map((x) => [x.type, Number(x.value)]));
  return Math.round((Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - ms) / 60_000);
}

/** The wall clock in `zone` at `ms`: "2026-12-01T09:00:00". */
export function wallClock(zone, ms) {
  return new Date(ms + offsetMinutes(zone, ms) * 60_000).toISOString().slice(0, 19);
}

/** The same with its offset, which names one instant even in an hour that comes twice. */
export function withOffset(zone, ms) {
  const minutes = offsetMinutes(zone, ms);
  const two = (n) => String(n).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${wallClock(zone, ms)}${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** The next change to summer time and the next back, as the first instants of the new offset. */
export function nextChanges(zone, from = Date.now() + 24 * hourMs) {
  const start = Math.ceil(from / hourMs) * hourMs;
  const changes = {};
  for (let t = start; t < start + 400 * 24 * hourMs; t += hourMs) {
    const before = offsetMinutes(zone, t - hourMs);
    const now = offsetMinutes(zone, t);
    if (before === now) continue;
    // Lord Howe changes at half past: find the minute.
    let exact = t - hourMs;
    while (offsetMinutes(zone, exact) === before) exact += 60_000;
    const kind = now > before ? 'forward' : 'back';
    changes[kind] ??= { at: exact, minutes: Math.abs(now - before) };
  }
  return changes;
}
