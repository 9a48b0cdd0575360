// SPDX-License-Identifier: Apache-2.0
// What was acknowledged, and what therefore has to be there in the end. The program under test knows nothing of this.
//
// An item is one appointment, wherever it was born. Its name begins its title on both sides, so that it is found again
// without any id. Only one change of an item is under way at a time (`busy`), but nobody waits until the other side has
// heard of it: the next change may come from there.

/**
 * A field may have several writers between two checks, and the last value of any of them may stand in the end. A writer
 * that is sent away may be gone before what it wrote was seen: then any of its values may be the last one seen, or none.
 */
class Field {
  constructor(value) {
    this.base = value;
    this.writers = new Map();
  }
  /** `certain` false: perhaps nobody will ever see it. */
  write(who, value, certain = true) {
    const writer = this.writers.get(who) ?? { all: [], admitted: [], certain: false };
    this.writers.set(who, writer);
    writer.all.push(value);
    writer.admitted = certain ? [value] : [...writer.admitted, value];
    writer.certain ||= certain;
  }
  doubt(who) {
    const writer = this.writers.get(who);
    if (writer) Object.assign(writer, { admitted: writer.all, certain: false });
  }
  admits(value) {
    const writers = [...this.writers.values()];
    return writers.some((w) => w.admitted.includes(value)) || (value === this.base && !writers.some((w) => w.certain));
  }
  settle(value) {
    this.base = value;
    this.writers.clear();
  }
  toString() {
    const written = [...this.writers].map(([who, w]) => `${who}: ${JSON.stringify(w.admitted)}${w.certain ? '' : ' or nothing'}`);
    return `${JSON.stringify(this.base)} before, then ${written.join(', ') || 'nothing'}`;
  }
}

export const fieldNames = ['title', 'notes', 'location', 'start'];

export class Item {
  constructor(name, tenant, born, values, people) {
    Object.assign(this, { name, tenant, born, busy: false, gone: false, failed: false, entryId: undefined });
    this.fields = Object.fromEntries(fieldNames.map((f) => [f, new Field(values[f])]));
    this.people = new Set(people); // by e-mail: in whose calendars it stands
    this.history = [];
    this.forgetSince();
    this.young = born === 'host';
  }

  /** What happened since both sides were last seen to agree. */
  forgetSince() {
    this.young = false; // written by the program alone, and perhaps it never heard that it was
    this.reassigned = false;
    this.deletedBy = undefined;
    this.mayReturnTo = undefined; // an e-mail
  }
  note(what) {
    this.history.push(`${new Date().toISOString().slice(11, 23)} ${what}`);
    if (this.history.length > 40) this.history.shift();
  }
}

/** The item's name is the first word of a title. */
export const nameIn = (title) => /^(\w+-\d+)\b/.exec(title)?.[1];

export class Journal {
  #next = 0;
  items = new Map(); // by name: all that ever were

  newName(tenant) {
    return `${tenant.short}-${++this.#next}`;
  }
  add(item) {
    this.items.set(item.name, item);
    return item;
  }
  of(tenant) {
    return [...this.items.values()].filter((i) => i.tenant === tenant);
  }
  /** Those that may be changed now. */
  free(tenant) {
    return this.of(tenant).filter((i) => !i.busy && !i.gone && !i.failed);
  }
}
