// SPDX-License-Identifier: Apache-2.0
// An item that is put elsewhere stays there while the server is asked, and goes back if it refuses.
import {useCallback, useState} from 'react';
import type {Entry} from '../../api/shapes';
import {makeStale} from '../../data/cache';
import {changeOfAll, changeOfFuture, draftOf, itemKey, timesOfMove, wallOf, withStart, type Draft, type EditScope, type EntryChange, type Item, type Moved} from '../../model/schedule';
import {schedule as words} from '../../texts/schedule';
import {toast, toastProblem} from '../../ui/toast';
import {changeEntry, readEntry} from './queries';

export interface Move {
  item: Item;
  to: Moved;
}

export interface Moves {
  moved: ReadonlyMap<string, Moved>;
  /** A series was moved: how much of it is meant? */
  asked: Move | null;
  begin: (item: Item, to: Moved) => void;
  choose: (scope: EditScope) => void;
  cancel: () => void;
}

/** The draft of one occurrence, put elsewhere. */
function draftOfMove(was: Draft, item: Item, to: Moved, reader: string): Draft {
  const times = timesOfMove(item, to, reader);
  const [start, end] = [wallOf(times.start), wallOf(times.end)];
  return {...withStart(was, start), end};
}

async function carryOut({item, to}: Move, scope: EditScope | null, reader: string): Promise<void> {
  if (scope === null || scope === 'single') {
    const times: EntryChange = timesOfMove(item, to, reader);
    await changeEntry({item, scope, version: item.version}, times);
    return;
  }
  const entry: Entry = await readEntry(item.id);
  const was = draftOf(item, entry);
  const is = draftOfMove(was, item, to, reader);
  await changeEntry({item, scope, version: item.version}, scope === 'all' ? changeOfAll(was, is, entry) : changeOfFuture(was, is, entry));
}

export function useMoves(reader: string): Moves {
  const [moved, setMoved] = useState<ReadonlyMap<string, Moved>>(new Map());
  const [asked, setAsked] = useState<Move | null>(null);
  const put = useCallback((item: Item, to: Moved | null) => setMoved((known) => {
    const next = new Map(known);
    if (to) next.set(itemKey(item), to);
    else next.delete(itemKey(item));
    return next;
  }), []);
  const run = useCallback((move: Move, scope: EditScope | null) => {
    void carryOut(move, scope, reader)
      .then(() => {
        makeStale(['entries', 'occurrences', 'sync-status', 'decisions']);
        toast({tone: 'good', title: words.moved, detail: move.item.title || undefined});
      })
      .catch((e: unknown) => {
        toastProblem(`${words.notMoved}. ${words.notMovedHelp}`, e);
        makeStale(['schedule']);
      })
      .finally(() => put(move.item, null));
  }, [put, reader]);
  return {
    moved,
    asked,
    begin: useCallback((item, to) => {
      put(item, to);
      if (item.series) setAsked({item, to});
      else run({item, to}, null);
    }, [put, run]),
    choose: (scope) => {
      if (asked) run(asked, scope);
      setAsked(null);
    },
    cancel: () => {
      if (asked) put(asked.item, null);
      setAsked(null);
    },
  };
}
