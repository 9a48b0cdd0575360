// SPDX-License-Identifier: Apache-2.0
// The oracle: when faults have stopped and both sides have had time to agree, everything acknowledged is there exactly once.
import { isDeepStrictEqual } from 'node:util';
import { asEvent } from '../e2e/support/entries.mjs';
import { pause } from '../e2e/support/eventually.mjs';
import { fieldNames, nameIn } from './journal.mjs';

const patience = Number(process.env.KALENDS_E2E_PATIENCE ?? 1);
const convergeWithinMs = 60_000 * patience;
const lookEveryMs = 250;
/** A vendor repeats a notice that found nobody after a while: its clock is moved on, so that nobody waits for it. */
const clockStepSeconds = 15;
const looksPerClockStep = 4;

function grouped(list, keyOf) {
  const groups = new Map();
  for (const one of list) {
    const key = keyOf(one);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(one);
  }
  return groups;
}

/** The hosts delete more than is deleted unasked, and mean it. */
async function agree(tenant) {
  for (const p of await tenant.host.all('/v1/calendar-providers'))
    if (p.held_removals?.side === 'events')
      await tenant.host.request('POST', `/v1/calendar-providers/${p.id}/approvals`, { decision: 'approve', kind: 'events_would_go' });
}

async function lookAt(tenant) {
  const [entries, ...calendars] = await Promise.all([
    tenant.host.all('/v1/schedule-entries'),
    ...tenant.people.map((p) => p.calendar.events()),
  ]);
  return {
    entries: grouped(entries, (e) => nameIn(e.title)),
    calendars: new Map(tenant.people.map((p, n) => [p.email, grouped(calendars[n], (e) => nameIn(e.title))])),
  };
}

/** What is wrong with one item, as `{kind: 'lost' | 'doubled', text}`. */
function faultsOf(item, seen) {
  const faults = [];
  const lost = (text) => faults.push({ kind: 'lost', item, text });
  const doubled = (text) => faults.push({ kind: 'doubled', item, text });

  const entries = seen.entries.get(item.name) ?? [];
  if (entries.length > 1) doubled(`${entries.length} entries: ${entries.map((e) => e.id)}`);
  if (item.gone && entries.length) lost(`its deletion: entry ${entries[0].id} is still there`);
  if (!item.gone && !entries.length) lost('the entry is not there');
  const entry = entries[0];
  if (entry && item.entryId && entry.id !== item.entryId) doubled(`another entry, ${entry.id} for ${item.entryId}`);

  const assigned = item.tenant.people.filter((p) => entry?.assigned_user_ids.includes(p.userId)).map((p) => p.email);
  const people = new Set(item.people);
  if (assigned.includes(item.mayReturnTo)) people.add(item.mayReturnTo);

  for (const person of item.tenant.people) {
    const events = seen.calendars.get(person.email).get(item.name) ?? [];
    const belongs = !item.gone && people.has(person.email);
    if (events.length > 1) doubled(`${events.length} events in ${person.email}`);
    if (!belongs && events.length) lost(`its leaving: it still stands in ${person.email}`);
    if (belongs && !events.length) lost(`no event in ${person.email}`);
    if (!events.length || !entry) continue;
    const { id, raw, zone, ...shown } = events[0];
    const expected = asEvent(entry);
    if (!isDeepStrictEqual(shown, expected))
      lost(`${person.email} shows ${JSON.stringify(shown)}, the entry is ${JSON.stringify(expected)}`);
  }
  if (!entry || item.gone) return faults;

  if (!isDeepStrictEqual(new Set(assigned), people)) lost(`assigned are ${assigned}, should be ${[...people]}`);
  const values = { ...entry, start: new Date(entry.start.date_time).toISOString() };
  for (const name of fieldNames) {
    const field = item.fields[name];
    if (field.base === undefined && !field.writers.size) continue; // learnt below
    if (!field.admits(values[name])) lost(`${name} is ${JSON.stringify(values[name])}; ${field}`);
  }
  return faults;
}

/** What stands somewhere and is no item at all. */
function strays(tenant, seen, journal) {
  const faults = [];
  const known = (name) => name && journal.items.get(name)?.tenant === tenant;
  for (const [name, entries] of seen.entries)
    if (!known(name)) faults.push({ kind: 'doubled', text: `an entry nobody made: ${JSON.stringify(entries[0])}` });
  for (const [email, events] of seen.calendars)
    for (const [name, list] of events)
      if (!known(name)) faults.push({ kind: 'doubled', text: `an event nobody made in ${email}: ${JSON.stringify(list[0])}` });
  return faults;
}

/** The facts since the last look: sequences and versions without gap or repetition. */
async function faultsOfFacts(tenant) {
  const faults = [];
  const wrong = (text) => faults.push({ kind: 'doubled', text: `tenant ${tenant.name}: ${text}` });
  tenant.facts ??= { last: 0, ids: new Set(), versions: new Map() };
  const known = tenant.facts;
  for (const fact of await tenant.host.facts(known.last)) {
    if (fact.sequence !== known.last + 1) wrong(`fact ${fact.sequence} follows ${known.last}`);
    known.last = fact.sequence;
    if (known.ids.has(fact.id)) wrong(`fact ${fact.id} twice`);
    known.ids.add(fact.id);
    const { entry_id: entry, version } = fact.data;
    if (!fact.type.startsWith('SCHEDULE_ENTRY_')) continue;
    const before = known.versions.get(entry) ?? 0;
    const told = JSON.stringify(fact);
    if (before === 'deleted') wrong(`a fact of an entry that is gone: ${told}`);
    else if (fact.type === 'SCHEDULE_ENTRY_DELETED') known.versions.set(entry, 'deleted');
    else {
      if (version !== before + 1) wrong(`version ${version} follows ${before}: ${told}`);
      if ((fact.type === 'SCHEDULE_ENTRY_CREATED') !== (version === 1)) wrong(`not a first version: ${told}`);
      known.versions.set(entry, version);
    }
  }
  return faults;
}

/** An entry's version is that of its last fact, and what is gone was told. */
function faultsOfVersions(tenant, seen) {
  const faults = [];
  const there = new Map([...seen.entries.values()].flat().map((e) => [e.id, e.version]));
  for (const [id, version] of there)
    if (tenant.facts.versions.get(id) !== version)
      faults.push({ kind: 'lost', text: `entry ${id} has version ${version}, its last fact tells ${tenant.facts.versions.get(id)}` });
  for (const [id, version] of tenant.facts.versions)
    if (version !== 'deleted' && !there.has(id)) faults.push({ kind: 'lost', text: `entry ${id} vanished without a fact` });
  return faults;
}

/** Both sides agreed: what was uncertain is certain now. */
function learn(tenant, seen, journal) {
  for (const item of journal.of(tenant)) {
    if (item.failed) continue;
    const entry = seen.entries.get(item.name)?.[0];
    const { mayReturnTo } = item;
    item.forgetSince();
    if (item.gone || !entry) continue;
    item.entryId = entry.id;
    const back = item.tenant.people.find((p) => p.email === mayReturnTo && entry.assigned_user_ids.includes(p.userId));
    if (back) item.people.add(back.email);
    for (const name of fieldNames)
      item.fields[name].settle(name === 'start' ? new Date(entry.start.date_time).toISOString() : entry[name]);
  }
}

async function evidence(town, fault) {
  const { item } = fault;
  const lines = [];
  if (item) {
    lines.push('what was acknowledged:', ...item.history.map((h) => `  ${h}`));
    const { host } = item.tenant;
    const ids = new Set([item.entryId, ...(fault.entryIds ?? [])].filter(Boolean));
    for (const id of ids)
      for (const path of ['', '/sync-status', '/decisions'])
        lines.push(`entry ${id}${path}: ${(await host.request('GET', `/v1/schedule-entries/${id}${path}`)).text}`);
    for (const person of item.tenant.people) {
      for (const e of (await person.calendar.events()).filter((e) => nameIn(e.title) === item.name))
        lines.push(`event in ${person.email} (${person.providerId}): ${JSON.stringify(e.raw)}`);
      const runs = await host.request('GET', `/v1/sync-runs?provider_id=${person.providerId}&limit=3`);
      lines.push(`runs of ${person.email}: ${runs.text}`);
    }
  }
  lines.push('the server said last:', town.serverLog(30));
  return lines.join('\n');
}

/**
 * Waits until nothing is wrong any more, or until patience ends. Answers the faults that remain, with evidence; items
 * that failed are not looked at again. The load must have stopped.
 */
export async function checked(town, journal) {
  const end = Date.now() + convergeWithinMs;
  let faults = [];
  for (let look = 1; ; ++look) {
    const seen = new Map();
    faults = [];
    try {
      for (const tenant of town.tenants) {
        await agree(tenant);
        const now = await lookAt(tenant);
        seen.set(tenant, now);
        for (const item of journal.of(tenant)) if (!item.failed) faults.push(...faultsOf(item, now));
        faults.push(...strays(tenant, now, journal).filter((f) => !tenant.strays?.has(f.text)));
      }
    } catch (failure) {
      if (failure.over) throw failure;
      faults.push({ kind: 'lost', text: `cannot look: ${failure.message}` });
    }
    if (!faults.length || Date.now() > end) {
      for (const [tenant, now] of seen) {
        const told = await faultsOfFacts(tenant);
        faults.push(...told);
        if (!faults.length) faults.push(...faultsOfVersions(tenant, now));
        learn(tenant, now, journal);
        tenant.strays ??= new Set();
        for (const f of faults) if (!f.item) tenant.strays.add(f.text);
      }
      break;
    }
    if (look % looksPerClockStep === 0) await town.sandbox.clock({ advance_seconds: clockStepSeconds });
    await pause(lookEveryMs);
  }
  for (const fault of faults) {
    fault.evidence = await evidence(town, fault).catch((failure) => `no evidence: ${failure.message}`);
    if (fault.item) fault.item.failed = true;
  }
  return faults;
}
