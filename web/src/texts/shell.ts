// SPDX-License-Identifier: Apache-2.0
// Words of the frame around every page.
import type {StreamState} from '../api/event_stream';

const streamWords: Record<StreamState, string> = {connecting: 'Connecting…', live: 'Live', reconnecting: 'Reconnecting…', offline: 'Offline'};

export const shell = {
  product: 'Kalends',
  skip: 'Skip to the content',
  navigation: 'Main',
  menu: 'Menu',
  openMenu: 'Open the menu',
  pageTitle: (page: string) => (page === '' ? 'Kalends' : `${page} – Kalends`),
  nav: {
    home: 'Overview',
    calendars: 'Calendars',
    schedule: 'Schedule',
    conflicts: 'Conflicts',
    activity: 'Activity',
    console: 'Health',
    tenants: 'Tenants',
    runs: 'Sync runs',
    deadLetters: 'Dead letters',
    decisions: 'Decisions',
    quota: 'Quota',
    approvals: 'Approvals',
    audit: 'Audit log',
    webhooks: 'Webhooks',
    doctor: 'Doctor',
    operations: 'Operations',
  },
  stream: (state: StreamState) => streamWords[state],
  lost: 'The connection to the server is lost. What you see may be old; it is brought up to date as soon as the server answers.',
  tryNow: 'Try now',
  tenant: {
    choose: 'Choose a tenant to work in',
    all: 'All tenants',
    more: 'Further tenants…',
    needed: 'Choose a tenant',
    neededHelp: 'This page shows the things of one tenant. Which one do you want to work in?',
  },
  notices: {
    label: (n: number) => (n === 0 ? 'Nothing needs you' : `${n} ${n === 1 ? 'matter needs' : 'matters need'} you`),
    title: 'Needs you',
    none: 'Nothing needs you right now.',
    action: (n: number) => `${n} ${n === 1 ? 'calendar needs' : 'calendars need'} attention`,
    conflicts: (n: number, more: boolean) => `${n}${more ? '+' : ''} open ${n === 1 ? 'conflict' : 'conflicts'}`,
  },
  account: {
    label: (name: string) => `Account of ${name}`,
    role: {admin: 'Administrator', operator: 'Operator', reader: 'Reader', user: 'Your own calendars'} as Record<string, string>,
    installation: 'Whole installation',
    theme: {system: 'As the system', light: 'Light', dark: 'Dark'},
    density: {comfortable: 'Comfortable', compact: 'Compact'},
    signOut: 'Sign out',
  },
  asking: 'Loading…',
  away: {
    cause: 'The server cannot be reached.',
    consequence: 'Nothing can be shown until it answers. This page tries again by itself.',
    retry: 'Try again',
  },
  notFound: {
    title: 'There is no such page',
    help: 'The address may be mistyped, or what it named has been removed.',
    home: 'Go to the overview',
  },
  refused: {
    title: 'This page is not for you',
    help: 'It belongs to those who look after the whole installation.',
  },
  broken: {
    title: 'This page broke',
    help: 'The error is ours. Your data is as it was.',
    reload: 'Load it again',
  },
};
