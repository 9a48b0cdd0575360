// SPDX-License-Identifier: Apache-2.0
// Kills the real program under load, over and over, and proves that nothing acknowledged is lost or doubled.
//   node tests/chaos/run.mjs [--rounds N] [--seed S] [--every K] [--poll SECONDS]
//   node tests/chaos/run.mjs --scenario NAME [--seed S]
// KALENDS_BINARY names the program (default: build/dev/kalends).
import { accessSync, constants, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { closeConnections } from '../e2e/support/http.mjs';
import { binary } from '../e2e/support/process.mjs';
import { rounds } from './rounds.mjs';

const folder = fileURLToPath(new URL('./scenarios/', import.meta.url));
const scenarios = readdirSync(folder)
  .filter((f) => f.endsWith('.mjs'))
  .map((f) => f.slice(0, -4));

function options() {
  const whole = (text, name) => {
    if (!/^\d+$/.test(text)) throw new Error(`--${name} takes a whole number`);
    return Number(text);
  };
  const { values: v } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
      every: { type: 'string', default: '5' },
      poll: { type: 'string', default: '86400' },
      scenario: { type: 'string' },
    },
  });
  if (v.scenario && !scenarios.includes(v.scenario))
    throw new Error(`there is no scenario "${v.scenario}"; there are ${scenarios.join(', ')}`);
  return {
    rounds: whole(v.rounds, 'rounds'),
    seed: whole(v.seed, 'seed'),
    every: Math.max(1, whole(v.every, 'every')),
    pollSeconds: whole(v.poll, 'poll'),
    scenario: v.scenario,
  };
}

async function main() {
  let given;
  try {
    given = options();
    accessSync(binary, constants.X_OK);
  } catch (problem) {
    console.error(problem.message);
    return 2;
  }
  const totals = given.scenario
    ? await (await import(`./scenarios/${given.scenario}.mjs`)).run(given)
    : await rounds(given);
  console.log(`rounds=${totals.rounds} lost=${totals.lost} doubled=${totals.doubled}`);
  return totals.lost || totals.doubled ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (failure) {
  console.error(failure);
  process.exitCode = 2;
} finally {
  closeConnections();
}
