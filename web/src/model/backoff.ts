// SPDX-License-Identifier: Apache-2.0

const firstMs = 500;
const longestMs = 30_000;

/** How long to wait before attempt `n` (from 1): doubling, bounded, and spread over its upper half. */
export function backoffMs(attempt: number, random: () => number): number {
  const bound = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 16));
  return Math.round(bound / 2 + (bound / 2) * random());
}
