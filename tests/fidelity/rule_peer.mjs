// SPDX-License-Identifier: Apache-2.0
// Expands rules with another library than the product does. One JSON object a line on standard input, one on standard output:
//   {rule, start: "20261201T090000", first: N, zone?, from?, to?}  wall clocks, seconds since 1970 as if they were UTC
//   -> {first: [...], between: [...], instants: [...]}  or {error}
// `instants` are those of `first` in `zone`, by Node's own zone tables and RFC 5545 3.3.5.
import { createInterface } from 'node:readline';
import rrule from 'rrule';

const { RRule } = rrule;
const zones = new Map();

/** Seconds east of UTC, as Node's tables have it at that quarter of an hour. */
function look_up(zone, quarter) {
  let value = zone.at.get(quarter);
  if (value === undefined) {
    const t = quarter * 900;
    const p = Object.fromEntries(zone.format.formatToParts(new Date(t * 1000)).map(({ type, value: v }) => [type, v]));
    value = Date.UTC(+p.year, +p.month - 1, +p.day, +p.hour, +p.minute, +p.second) / 1000 - t;
    zone.at.set(quarter, value);
  }
  return value;
}

/** Clocks change at full quarters of an hour, and not twice a day: most days begin and end with the same offset. */
function offset(name, utc) {
  let zone = zones.get(name);
  if (!zone) {
    const options = { timeZone: name, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', era: 'short' };
    zone = { format: new Intl.DateTimeFormat('en-US', options), at: new Map() };
    zones.set(name, zone);
  }
  const day = Math.floor(utc / 86400) * 96;
  const value = look_up(zone, day);
  return value === look_up(zone, day + 96) ? value : look_up(zone, Math.floor(utc / 900));
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
  const answer = { first: [] };
  if (from !== undefined) answer.between = [];
  series.all((date) => {
    const wall = date.getTime() / 1000;
    if (answer.first.length < first) answer.first.push(wall);
    if (from === undefined) return answer.first.length < first;
    if (wall >= from && wall <= to) answer.between.push(wall);
    return wall <= to || answer.first.length < first;
  });
  if (zone) answer.instants = answer.first.map((wall) => instant(zone, wall));
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
