// SPDX-License-Identifier: Apache-2.0
// Chance that a seed repeats (mulberry32). What it decides is the same again; how the processes take it is theirs.

export class Chance {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  /** A whole number in [low, high]. */
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }
  happens(probability) {
    return this.next() < probability;
  }
  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }
  /** One of `[weight, value]`. */
  weighted(choices) {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of choices) if ((left -= weight) < 0) return value;
    return choices.at(-1)[1];
  }
  /** A generator of its own, so that who draws more does not disturb the others. */
  branch() {
    return new Chance(Math.floor(this.next() * 4294967296));
  }
}
