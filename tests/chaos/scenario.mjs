// SPDX-License-Identifier: Apache-2.0
// What all scenarios share: a town, load, a journal, and an end.
import { Chance } from './chance.mjs';
import { Journal } from './journal.mjs';
import { Load } from './load.mjs';
import { Town } from './town.mjs';

const say = (text) => process.stdout.write(`${text}\n`);

/** Runs `story({town, load, journal, chance, totals, say})` and answers the totals. `options` are the town's. */
export async function withTown({ seed, pollSeconds }, story, options = {}) {
  const chance = new Chance(seed);
  const totals = { rounds: 0, lost: 0, doubled: 0 };
  const town = await Town.start({ pollSeconds, ...options });
  const journal = new Journal();
  const load = new Load(town, journal, chance.branch());
  try {
    await town.settle();
    await story({ town, load, journal, chance, totals, say });
  } finally {
    load.abandon();
    await town.stop();
  }
  return totals;
}
