// SPDX-License-Identifier: Apache-2.0
// How many pages of a list are shown: more on request, and one again once something else is asked for.
import {useState} from 'react';

const atFirst = 1;
const atMost = 50;

/** The next number of pages, so that a long list is walked through with few clicks. */
export const morePages = (pages: number): number => Math.min(atMost, pages < 4 ? pages + 1 : pages * 2);

/** `question` tells one list from another. Without `more` there are as many pages as are ever shown. */
export function usePages(question: string): {pages: number; more: (() => void) | undefined} {
  const [shown, setShown] = useState({question, pages: atFirst});
  const pages = shown.question === question ? shown.pages : atFirst;
  return {pages, more: pages < atMost ? () => setShown({question, pages: morePages(pages)}) : undefined};
}
