// SPDX-License-Identifier: Apache-2.0
// Words about what happened.
import {count, listOf, numberWord} from './language';

export const factTexts = {
  entry: {
    created: (source: string) => (source === '' ? 'Entry created' : `Entry created from ${source}`),
    updated: (source: string) => (source === '' ? 'Entry updated' : `Entry updated from ${source}`),
    deleted: (source: string) => (source === '' ? 'Entry deleted' : `Entry deleted from ${source}`),
    byHost: 'by the scheduling product',
    version: (n: number) => `version ${numberWord(n)}`,
    changed: (fields: string) => `${fields} changed`,
  },
  run: {
    started: (source: string) => `Sync started${source === '' ? '' : ` with ${source}`}`,
    completed: (source: string) => `Synced${source === '' ? '' : ` with ${source}`}`,
    failed: (source: string) => `Sync failed${source === '' ? '' : ` with ${source}`}`,
    cause: (cause: string) => runCauses[cause] ?? cause,
    pulled: (n: number) => `${numberWord(n)} read`,
    changed: (n: number) => `${count(n, 'entry', 'entries')} changed`,
    pushed: (n: number) => `${numberWord(n)} written`,
    refused: (n: number) => `${numberWord(n)} refused`,
    nothing: 'nothing to do',
  },
  conflict: {
    detected: 'Both sides changed the same field',
    resolved: 'Conflict resolved',
    winner: (side: string) => winners[side] ?? side,
  },
  provider: {
    connected: (source: string) => `${source || 'Calendar'} connected`,
    disconnected: (source: string) => `${source || 'Calendar'} disconnected`,
    error: (source: string) => `${source || 'Calendar'} needs attention`,
  },
  push: {
    renewed: (source: string) => `Push renewed${source === '' ? '' : ` at ${source}`}`,
    failed: (source: string) => `Push could not be renewed${source === '' ? '' : ` at ${source}`}`,
    failedHelp: 'changes are polled meanwhile',
    until: (when: string) => `until ${when}`,
  },
  field: (name: string) => fields[name] ?? name.replaceAll('_', ' '),
  list: listOf,
  unknown: (type: string) => type.toLowerCase().replaceAll('_', ' ').replace(/^./, (c) => c.toUpperCase()),
};

const runCauses: Record<string, string> = {
  notice: 'after a notice',
  manual: 'on request',
  poll: 'on schedule',
  reconcile: 'full comparison',
  connect: 'first sync',
  push: 'own changes',
};

const winners: Record<string, string> = {
  local: 'the entry’s value was kept',
  external: 'the calendar’s value was kept',
};

const fields: Record<string, string> = {
  time: 'time',
  start: 'start',
  end: 'end',
  title: 'title',
  notes: 'notes',
  location: 'location',
  privacy: 'privacy',
  is_private: 'privacy',
  status: 'status',
  assigned: 'people',
  assigned_user_ids: 'people',
  work: 'work item',
  work_item: 'work item',
};
