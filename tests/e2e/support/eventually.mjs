// SPDX-License-Identifier: Apache-2.0
// Waiting for what happens by itself.

/** All patience is multiplied by this; a slow machine may ask for more. */
const patience = Number(process.env.KALENDS_E2E_PATIENCE ?? 1);

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Calls `attempt` until it neither throws nor answers undefined, null or false, and returns its answer.
 * When the time is over, the last failure tells why.
 */
export async function eventually(attempt, { within = 20_000, every = 100, what = 'it' } = {}) {
  const end = Date.now() + within * patience;
  let last;
  for (;;) {
    try {
      const answer = await attempt();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
      last = undefined;
    } catch (failure) {
      if (failure.over) throw failure; // there is nothing left to wait for
      last = failure;
    }
    if (Date.now() >= end) break;
    await pause(every);
  }
  const why = last ? `: ${last.message}` : '';
  const failure = new Error(`${what} did not happen within ${(within * patience) / 1000} s${why}`);
  failure.cause = last;
  throw failure;
}

/** `holds` must keep holding for a while: something must not happen. */
export async function steadily(holds, { during = 1_500, every = 150 } = {}) {
  const end = Date.now() + during * patience;
  do {
    await holds();
    await pause(every);
  } while (Date.now() < end);
}
