// SPDX-License-Identifier: Apache-2.0
import type {FactKind} from '../model/facts';
import {count, numberWord} from './language';

export const activity = {
  title: 'Activity',
  lead: 'What sync does, as it happens.',
  filters: 'Show',
  all: 'All',
  kind: (kind: FactKind) => {
    const words: Record<FactKind, string> = {
      entries: 'Entries',
      runs: 'Sync runs',
      conflicts: 'Conflicts',
      calendars: 'Calendars',
      push: 'Push',
    };
    return words[kind];
  },
  pause: 'Pause',
  resume: (waiting: number) => (waiting === 0 ? 'Resume' : `Resume (${numberWord(waiting)} new)`),
  list: 'Latest events, newest first',
  empty: 'Nothing has happened yet',
  emptyLive: 'Events appear here the moment they happen. Change an appointment in a connected calendar to see one.',
  emptyFilter: 'No event of this kind among the latest',
  emptyFilterHelp: 'Choose “All” to see the others.',
  loading: 'Loading events…',
  gap: (missed: number, tenant: string) =>
    `${count(missed, 'event', 'events')}${tenant === '' ? '' : ` of ${tenant}`} happened while this page was offline`,
  gapDetail: 'They are kept in the tenant’s event feed.',
  otherTenant: 'Another tenant',
};
