// SPDX-License-Identifier: Apache-2.0
// Expands rules with another library than the product does. One JSON object a line on standard input, one on standard output:
//   {rule, start: "20261201T090000", first: N, zone?, from?, to?}  wall clocks, seconds since 1970 as if they were UTC
//   -> {first: [...], between: [...], instants: [...]}  or {error}
// `instants` are those of `first` in `zone`, by Node's own zone tables and RFC 5545 3.3.5.
import { createInterface } from 'node:readline';
import rrule from 'rrule';

const { RRule } = rrule;
const offsets = new Map();

/** Seconds east of UTC; clocks change at full quarters of an hour. */
function offset(zone, utc) {
  const quarter = Math.floor(utc / 900);
  let known = offsets.get(zone);
  if (!known) {
    const options = { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', era: 'short' };
    known = { format: new Intl.DateTimeFormat('en-US', options), at: new Map() };
    offsets.set(zone, known);
  }
  let value = known.at.get(quarter);
  if (value === undefined) {
    const t = quarter * 900;
    const p = Object.fromEntries(known.format.formatToParts(new Date(t * 1000)).map(({ type, value: v }) => [type, v]));
    value = Date.UTC(+p.year, +p.month - 1, +p.day, +p.hour, +p.minute, +p.second) / 1000 - t;
    known.at.set(quarter, value);
  }
  return value;
}

/** A wall clock that does not exist, or exists twice, is read with the offset before the change. */
function instant(zone, wall) {
  const before = offset(zone, wall - 86400);
  const after = offset(zone, wall + 86400);
  const early = wall - before;
  if (offset(zone, early) === before) return early;
  const late = wall - after;
  return offset(zone, late) === after ? late : early;
}

function expand({ rule, start, first, zone, from, to }) {
  const s = start.match(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)$/).slice(1).map(Number);
  const dtstart = new Date(Date.UTC(s[0], s[1] - 1, s[2], s[3], s[4], s[5]));
  const series = new RRule({ ...RRule.parseString(rule), dtstart }, true);
  const dates = [];
  series.all((date) => dates.push(date.getTime() / 1000) < first);
  const answer = { first: dates };
  if (zone) answer.instants = dates.map((wall) => instant(zone, wall));
  if (from !== undefined) answer.between = series.between(new Date(from * 1000), new Date(to * 1000), true).map((d) => d.getTime() / 1000);
  return answer;
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = expand(JSON.parse(line));
  } catch (e) {
    answer = { error: String(e) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
