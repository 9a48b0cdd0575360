// SPDX-License-Identifier: Apache-2.0
// Signing in, and going on to where the reader wanted to be.
import {Problem, Unreachable} from '../api/problem';
import {safeReturn} from '../router/match';
import {signIn} from '../texts/sign_in';
import {sessions} from './context';
import type {Credentials} from './link';

/** Why the last link in the address did not sign in; the sign-in page says it. */
export let arrivalProblem: string | null = null;

export async function arrive(given: Credentials, go: (to: string, how: {replace: boolean}) => void): Promise<void> {
  arrivalProblem = null;
  try {
    await sessions.begin(given);
    go(safeReturn(sessions.state.session?.return_to) ?? destination(), {replace: true});
  } catch (e) {
    arrivalProblem = reasonOf(e, given);
    await sessions.resume();
    go('/sign-in', {replace: true});
  }
}

/** Where to go once signed in: what the address asks for, if it is one of our pages. */
export function destination(): string {
  const asked = safeReturn(new URLSearchParams(location.search).get('return_to'));
  if (asked) return asked;
  return location.pathname.startsWith('/sign-in') ? '/' : location.pathname + location.search;
}

export function reasonOf(e: unknown, given: Credentials): string {
  const words = signIn.problems;
  if (e instanceof Unreachable) return words.unreachable;
  if (!(e instanceof Problem)) return words.other;
  if (e.status === 429) return words.many;
  if (e.code === 'link_void') return words.link;
  if (e.status === 401 || e.status === 403) return 'link' in given ? words.link : 'key' in given ? words.key : words.account;
  return [e.title, e.detail].filter((s) => s !== '').join('. ') || words.other;
}
