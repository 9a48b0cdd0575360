// SPDX-License-Identifier: Apache-2.0
// The database goes away under load and comes back, while the server lives on: hosts and vendors are told to come back
// later (503 with Retry-After), and nothing acknowledged is lost.
import { pause } from '../e2e/support/eventually.mjs';
import { send } from '../e2e/support/http.mjs';
import { lookOver } from './rounds.mjs';
import { withTown } from './scenario.mjs';

const awayMs = 4_000;

/** A vendor that never stops knocking: a true notice, again and again. */
class Knocker {
  statuses = new Map();
  wrong = [];
  #going = true;

  constructor(town) {
    this.done = this.#knock(town).catch((failure) => this.wrong.push(failure.message));
  }
  async #knock(town) {
    const channel = (await town.sandbox.channels()).find((c) => c.token);
    const headers = {
      'X-Goog-Channel-ID': channel.id,
      'X-Goog-Channel-Token': channel.token,
      'X-Goog-Resource-State': 'exists',
      'X-Goog-Resource-ID': channel.resource_id ?? '',
      'X-Goog-Message-Number': '2',
    };
    while (this.#going) {
      const { status, headers: said } = await send({ method: 'POST', url: `${town.baseUrl}/webhooks/google`, headers });
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      if (status === 503 && !said['retry-after']) this.wrong.push('a notice got 503 without Retry-After');
      if (status !== 503 && status >= 300) this.wrong.push(`a notice got ${status}`);
      await pause(25);
    }
  }
  async stop() {
    this.#going = false;
    await this.done;
  }
}

/** Strikes again whatever comes back, for so long that nobody can wait for it. */
async function keepAway(town, chance, strike, forMs) {
  const end = Date.now() + forMs;
  do await strike(town, chance);
  while (Date.now() < end && (await pause(50), true));
}

/** `strike` takes the database away; it comes back by itself. */
export const databaseAway = (given, strike) =>
  withTown(given, async ({ town, load, journal, chance, totals, say }) => {
    const knocker = new Knocker(town);
    load.start();
    const times = Math.min(given.rounds, 10);
    while (totals.rounds < times) {
      await pause(chance.between(400, 1_500));
      await keepAway(town, chance, strike, totals.rounds % 2 ? 0 : awayMs);
      ++totals.rounds;
    }
    await pause(1_500);
    await knocker.stop();
    await lookOver(town, load, journal, totals, given.seed);
    say(`notices were answered ${JSON.stringify(Object.fromEntries(knocker.statuses))}; ${load.counts.unavailable} times a host was told to come back`);
    // A notice may as well wait until it can be kept; but if nobody at all was turned away, the run shows nothing.
    if (!knocker.statuses.get(503) && !load.counts.unavailable) knocker.wrong.push('nobody was told to come back: the database was never away');
    for (const what of new Set(knocker.wrong)) {
      say(`--- ${what}`);
      ++totals.lost;
    }
  });
