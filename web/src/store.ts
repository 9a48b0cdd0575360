// SPDX-License-Identifier: Apache-2.0

/** One value and who wants to know of the next. Listeners are told once a frame, however many steps there were. */
export class Store<T> {
  private told = false;
  private readonly listeners: ((state: T) => void)[] = [];

  constructor(private value: T) {}

  get state(): T {
    return this.value;
  }

  set(next: T): void {
    if (next === this.value) return;
    this.value = next;
    if (this.told) return;
    this.told = true;
    requestAnimationFrame(() => {
      this.told = false;
      for (const tell of this.listeners) tell(this.value);
    });
  }

  listen(tell: (state: T) => void): void {
    this.listeners.push(tell);
    tell(this.value);
  }
}
