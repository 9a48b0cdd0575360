// SPDX-License-Identifier: Apache-2.0
import {makeClock} from '../model/times';
import {texts} from '../texts';
import {el, setAttribute, setText} from './dom';

export const clock = makeClock(texts.language);

export type TimeStyle = 'relative' | 'short';

/** A <time> whose words are painted by paintTimes, now and every few seconds. */
export function timeElement(style: TimeStyle): HTMLTimeElement {
  return el('time', {'data-style': style});
}

export interface Moment {
  atMs: number | null;
  none?: string;
  past?: string | null;
}

export function setMoment(node: HTMLTimeElement, {atMs, none = '', past = null}: Moment): void {
  setAttribute(node, 'data-at', atMs === null ? null : String(atMs));
  setAttribute(node, 'data-past', past);
  if (atMs === null) {
    setText(node, none);
    setAttribute(node, 'datetime', null);
    setAttribute(node, 'title', null);
    return;
  }
  setAttribute(node, 'datetime', new Date(atMs).toISOString());
  setAttribute(node, 'title', clock.exact(atMs));
}

export function paintTimes(root: ParentNode, exact: boolean, nowMs: number): void {
  for (const node of root.querySelectorAll<HTMLTimeElement>('time[data-at]')) {
    const at = Number(node.dataset['at']);
    setText(node, wordsOf(node, at, exact, nowMs));
  }
}

function wordsOf(node: HTMLTimeElement, at: number, exact: boolean, nowMs: number): string {
  if (node.dataset['style'] === 'short') return clock.short(at, nowMs);
  if (exact) return clock.exact(at);
  if (node.dataset['past'] !== undefined && at <= nowMs) return node.dataset['past'];
  return clock.relative(at, nowMs);
}
