// SPDX-License-Identifier: Apache-2.0
// The facts that the page keeps: the newest 200, each once, and honest about those it missed.
import type {Fact} from '../api/shapes';

export const mostFacts = 200;

/** Facts of a tenant that happened while nobody listened and that this reader cannot ask for again. */
export interface Gap {
  id: string;
  tenant_id: string;
  missed: number;
  time: string;
}

export type JournalItem = {fact: Fact; gap: null} | {fact: null; gap: Gap};

export interface Journal {
  /** Newest first. */
  items: readonly JournalItem[];
  /** Held back while the reader paused the list; newest first. */
  waiting: readonly JournalItem[];
  paused: boolean;
  /** Each tenant's last sequence. */
  last: ReadonlyMap<string, number>;
}

export const emptyJournal: Journal = {items: [], waiting: [], paused: false, last: new Map()};

/** Takes facts in the order in which they came; what was seen before is dropped. Who hears only some of them (`partial`) misses none between. */
export function take(journal: Journal, facts: readonly Fact[], partial = false): Journal {
  const last = new Map(journal.last);
  const fresh: JournalItem[] = [];
  for (const fact of facts) {
    const before = last.get(fact.tenant_id);
    if (before !== undefined && fact.sequence <= before) continue;
    if (!partial && before !== undefined && fact.sequence > before + 1) fresh.unshift({fact: null, gap: gapBefore(fact, before)});
    fresh.unshift({fact, gap: null});
    last.set(fact.tenant_id, fact.sequence);
  }
  if (fresh.length === 0) return journal;
  if (journal.paused) return {...journal, last, waiting: newest([...fresh, ...journal.waiting])};
  return {...journal, last, items: newest([...fresh, ...journal.items])};
}

export function pause(journal: Journal): Journal {
  return {...journal, paused: true};
}

export function resume(journal: Journal): Journal {
  return {...journal, paused: false, waiting: [], items: newest([...journal.waiting, ...journal.items])};
}

export function idOf(item: JournalItem): string {
  return item.fact ? item.fact.id : item.gap.id;
}

function gapBefore(fact: Fact, before: number): Gap {
  return {id: `gap-${fact.id}`, tenant_id: fact.tenant_id, missed: fact.sequence - before - 1, time: fact.time};
}

function newest(items: JournalItem[]): JournalItem[] {
  return items.slice(0, mostFacts);
}
