// SPDX-License-Identifier: Apache-2.0
// Rounds of load and death: in each, something is killed at a random moment and comes back while the load goes on.
// Every few rounds faults stop, and the oracle looks at everything.
import { eventually, pause } from '../e2e/support/eventually.mjs';
import { Chance } from './chance.mjs';
import { checked } from './check.mjs';
import { Journal } from './journal.mjs';
import { kills, kinds } from './kills.mjs';
import { Load } from './load.mjs';
import { Town } from './town.mjs';

const say = (text) => process.stdout.write(`${text}\n`);

/** Brings the server back; now and then it dies again while it starts. */
async function revive(town, chance) {
  for (;;) {
    town.keepLog();
    await pause(chance.between(0, 200));
    if (!chance.happens(0.12)) return town.launch();
    const launching = town.launch().catch((failure) => failure);
    await pause(chance.between(0, 900));
    await town.server.crash();
    await launching;
  }
}

async function oneRound(town, chance) {
  const kind = chance.weighted(kinds);
  await pause(chance.between(250, 1_400));
  if (await kills[kind](town, chance)) await revive(town, chance);
  else await eventually(() => town.ready().then(() => true), { within: 30_000, what: 'readiness' });
  await pause(chance.between(150, 500));
  return kind;
}

/** Prints each fault with what is known about it. */
function report(faults, seed) {
  for (const fault of faults) {
    say(`--- ${fault.kind}${fault.item ? ` ${fault.item.name}` : ''} (seed ${seed}): ${fault.text}`);
    say(fault.evidence.replace(/^/gm, '    '));
  }
}

/** Stops the load, waits for agreement, counts what is wrong. */
export async function lookOver(town, load, journal, totals, seed) {
  await load.stop();
  const faults = await checked(town, journal);
  for (const what of load.unexpected.splice(0)) faults.push({ kind: 'lost', text: `unexpected answer: ${what}`, evidence: '' });
  const items = new Set();
  for (const fault of faults) {
    const key = fault.item ? `${fault.kind} ${fault.item.name}` : fault.text;
    if (!items.has(key)) ++totals[fault.kind];
    items.add(key);
  }
  report(faults, seed);
}

export async function rounds({ rounds: wanted, seed, every = 5, pollSeconds }) {
  const chance = new Chance(seed);
  const totals = { rounds: 0, lost: 0, doubled: 0 };
  const begun = Date.now();
  const town = await Town.start({ pollSeconds });
  const journal = new Journal();
  const load = new Load(town, journal, chance.branch());
  try {
    await town.settle();
    say(`seed ${seed}: ${town.tenants.length} tenants, ${town.tenants.flatMap((t) => t.people).length} calendars`);
    let died = [];
    load.start();
    while (totals.rounds < wanted) {
      died.push(await oneRound(town, chance));
      if (++totals.rounds % every && totals.rounds < wanted) continue;
      const looking = Date.now();
      await lookOver(town, load, journal, totals, seed);
      const c = load.counts;
      say(
        `round ${totals.rounds}/${wanted} (${died.join(' ')}): ${c.host} changes by hosts, ${c.people} by people, ` +
          `${c.repeated} repetitions, lost ${totals.lost}, doubled ${totals.doubled}; agreed in ${((Date.now() - looking) / 1000).toFixed(1)} s, ` +
          `slowest start ${(town.slowestStart / 1000).toFixed(1)} s, ${((Date.now() - begun) / 1000).toFixed(0)} s so far`,
      );
      died = [];
      if (totals.rounds < wanted) load.start();
    }
  } finally {
    load.abandon();
    await town.stop();
  }
  return totals;
}
