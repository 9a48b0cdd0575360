// SPDX-License-Identifier: Apache-2.0

/**
 * The greatest sequence that exists, given one that does and a question that is true exactly below the greatest.
 * Asks about twice the logarithm of the answer.
 */
export async function findTail(known: number, existsAfter: (sequence: number) => Promise<boolean>): Promise<number> {
  let step = Math.max(known, 1);
  let below = known - 1;
  let at = known;
  while (await existsAfter(at)) {
    below = at;
    at += step;
    step *= 2;
  }
  // Something exists after `below`, nothing after `at`.
  while (at - below > 1) {
    const middle = below + Math.floor((at - below) / 2);
    if (await existsAfter(middle)) below = middle;
    else at = middle;
  }
  return at;
}
