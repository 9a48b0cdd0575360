// SPDX-License-Identifier: Apache-2.0
// Words of the kit: the same on every page.
import {numberWord} from './language';

const problems: Record<string, string> = {
  role_too_low: 'You may look at this, but not change it. Ask an administrator of your organisation.',
  not_yours: 'This belongs to somebody else.',
  csrf_failed: 'The browser could not prove that this came from this page. Load the page again and repeat it.',
  database_away: 'The server cannot reach its database just now. Nothing was changed; try again in a moment.',
  database_busy: 'The server is very busy just now. Nothing was changed; try again in a moment.',
  version_mismatch: 'Somebody changed this in the meantime. Look at it again before you change it.',
  conflict_resolved_already: 'It is decided already, otherwise than you chose. Look at it again: what gave way can be brought back, and the entry can be changed.',
  conflict_open: 'It is not decided yet, so nothing gave way. Look at it again and decide it.',
  conflict_too_old: 'What gave way was kept for 90 days and is gone. Change the entry itself instead.',
  conflict_not_found: 'There is no such conflict, or not for you. The list has those that there are.',
  oauth_client_missing: 'No OAuth client is set up for this vendor, so that nobody can be asked for consent. An administrator sets up your organisation’s own under “OAuth clients”, or whoever runs the server sets up one for all.',
  stopping: 'The server is being restarted. Try again in a moment.',
  starting: 'The server is starting. Try again in a moment.',
};

export const kit = {
  more: 'Show more',
  moreThere: (n: number) => `The first ${numberWord(n)} are shown; there are more.`,
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',
  optional: '(optional)',
  choose: 'Choose…',
  nothingFound: 'Nothing found',
  loading: 'Loading…',
  toasts: 'Messages',
  error: {
    unreachable: 'The server cannot be reached.',
    unreachableHelp: 'What you see may be old. Check your connection; this page tries again by itself.',
    other: 'Something went wrong that should not have.',
    retry: 'Try again',
    problem: (code: string): string | null => (Object.hasOwn(problems, code) ? problems[code]! : null),
  },
};
