// SPDX-License-Identifier: Apache-2.0
// Every word a reader sees, in one place. A translation is another object of the same type.
import type {Direction, ProviderStatus, ProviderType} from './api/shapes';
import type {StreamState} from './api/event_stream';
import type {FactKind} from './model/facts';

const language = 'en';
const plural = new Intl.PluralRules(language);
const number = new Intl.NumberFormat(language);

function count(n: number, one: string, other: string): string {
  return `${number.format(n)} ${plural.select(n) === 'one' ? one : other}`;
}

const vendor: Record<ProviderType, string> = {google: 'Google', microsoft: 'Microsoft 365'};

export interface ProblemText {
  cause: string;
  wayOut: string;
}

const consentEnded = (name: string): ProblemText => ({
  cause: `${name} no longer accepts the permission that was given. Syncing has stopped; nothing is lost.`,
  wayOut: 'Ask the owner of this calendar to connect it again. What changed meanwhile on either side is then caught up.',
});
const notAllowed = (name: string): ProblemText => ({
  cause: `${name} refuses access to this calendar.`,
  wayOut: 'Check the calendar’s sharing and the organisation’s rules for apps, then ask its owner to connect it again.',
});

const problems: Record<string, (name: string) => ProblemText> = {
  invalid_grant: consentEnded,
  interaction_required: consentEnded,
  access_token_refused: consentEnded,
  reauthorization_required: consentEnded,
  grant_missing: consentEnded,
  access_denied: notAllowed,
  blocked_by_administrator: notAllowed,
  scope_missing: (name) => ({
    cause: `A permission that syncing needs was not given at ${name}.`,
    wayOut: 'Ask the owner to connect this calendar again and to leave every permission ticked.',
  }),
  calendar_not_found: (name) => ({
    cause: `${name} does not find this calendar. It may have been deleted or is no longer shared.`,
    wayOut: 'Restore or share the calendar, or remove this connection and connect another calendar.',
  }),
  mailbox_unavailable: (name) => ({
    cause: `The account has no calendar at ${name} that can be reached.`,
    wayOut: 'Check the account’s licence and mailbox with its administrator.',
  }),
  invalid_client: (name) => ({
    cause: `${name} does not accept the OAuth client that Kalends signs in with.`,
    wayOut: 'Check client id and secret, and whether the secret has expired.',
  }),
  provider_parked: () => ({
    cause: 'This calendar failed several times in a row and rests for ten minutes.',
    wayOut: 'It starts again by itself. If this comes back, look into the server’s log.',
  }),
};

export const texts = {
  language,
  product: 'Kalends',
  pageTitle: 'Calendar sync – Kalends',
  skipToContent: 'Skip to the calendars',
  number: (n: number) => number.format(n),

  signIn: {
    title: 'Sign in',
    intro: 'See which calendars are connected, how they are, and what sync does as it happens.',
    keyLabel: 'API key',
    keyHelp: 'A tenant’s API key, or the admin key for all tenants. It stays in this browser tab and is forgotten when you close it.',
    show: 'Show key',
    submit: 'Sign in',
    busy: 'Signing in…',
    out: 'Sign out',
    empty: 'Enter a key.',
    malformed: 'This is not a key: keys have neither spaces nor letters with accents.',
    refused: 'This key is not valid. Check that you copied all of it and that it has not been revoked.',
    ended: 'You were signed out, because the server no longer accepts the key.',
    roleTooLow: 'This key may not look at calendars.',
    unreachable: 'The server cannot be reached. Check your connection and try again.',
    other: (title: string, detail: string) => [title, detail].filter((s) => s !== '').join('. ') || 'The server could not answer. Try again.',
  },

  stream: {
    label: 'Connection',
    state: (state: StreamState, since: string) => {
      const words: Record<StreamState, string> = {
        connecting: 'Connecting…',
        live: 'Live',
        reconnecting: 'Reconnecting…',
        offline: `Offline since ${since}`,
      };
      return words[state];
    },
  },

  header: {
    exactTimes: 'Exact times',
    exactTimesHelp: 'Show dates and times instead of “2 minutes ago”',
    navigation: 'On this page',
    toCalendars: 'Calendars',
    toActivity: 'Activity',
  },

  summary: {
    label: 'Summary',
    connected: 'Connected',
    action: 'Action required',
    waiting: 'Waiting for consent',
    paused: 'Paused',
  },

  calendars: {
    title: 'Calendars',
    loading: 'Loading calendars…',
    ownSection: 'Your calendars',
    count: (n: number) => count(n, 'calendar', 'calendars'),
    none: 'No calendar yet',
    noneHelp: 'A calendar appears here as soon as the product that schedules your people names it and its owner agrees.',
    noTenants: 'No tenant yet',
    noTenantsHelp: 'Make the first one with POST /v1/admin/tenants, then a key for it. The whole interface is described at /openapi.json.',
    moreProviders: 'This tenant has more calendars than are shown here.',
    moreTenants: (n: number) => `Only the first ${count(n, 'tenant', 'tenants')} are shown.`,
    failed: 'The list could not be refreshed. What you see is from before; the next attempt follows by itself.',
  },

  provider: {
    vendor: (type: ProviderType) => vendor[type],
    status: (status: ProviderStatus) => {
      const words: Record<ProviderStatus, string> = {
        active: 'Connected',
        action_required: 'Action required',
        pending_authorization: 'Waiting for consent',
        leaving: 'Being disconnected',
        paused: 'Paused',
      };
      return words[status];
    },
    direction: (direction: Direction, name: string) => {
      const words: Record<Direction, string> = {
        both: 'Both ways',
        to_provider: `Only to ${name}`,
        from_provider: `Only from ${name}`,
      };
      return words[direction];
    },
    primary: 'Main calendar',
    accountUnknown: 'Account not known yet',
    wholeTenant: 'Shared calendar',
    lastSync: 'Last sync',
    nextPoll: 'Next check',
    channel: 'Push until',
    never: 'not yet',
    due: 'due now',
    unplanned: 'none planned',
    since: (when: string) => `since ${when}`,
    waiting: 'The owner of this calendar has not agreed yet. Send them the link that your scheduling product made, or make a new one there.',
    problem: (code: string, name: string): ProblemText | null => (Object.hasOwn(problems, code) ? problems[code]!(name) : null),
    otherWayOut: 'Ask the owner of this calendar to connect it again. If that does not help, look for this code in the operator’s manual.',
  },

  activity: {
    title: 'Activity',
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
    resume: (waiting: number) => (waiting === 0 ? 'Resume' : `Resume (${number.format(waiting)} new)`),
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
  },

  fact: {
    entry: {
      created: (source: string) => (source === '' ? 'Entry created' : `Entry created from ${source}`),
      updated: (source: string) => (source === '' ? 'Entry updated' : `Entry updated from ${source}`),
      deleted: (source: string) => (source === '' ? 'Entry deleted' : `Entry deleted from ${source}`),
      byHost: 'by the scheduling product',
      version: (n: number) => `version ${number.format(n)}`,
      changed: (fields: string) => `${fields} changed`,
    },
    run: {
      started: (source: string) => `Sync started${source === '' ? '' : ` with ${source}`}`,
      completed: (source: string) => `Synced${source === '' ? '' : ` with ${source}`}`,
      failed: (source: string) => `Sync failed${source === '' ? '' : ` with ${source}`}`,
      cause: (cause: string) => runCauses[cause] ?? cause,
      pulled: (n: number) => `${number.format(n)} read`,
      changed: (n: number) => `${count(n, 'entry', 'entries')} changed`,
      pushed: (n: number) => `${number.format(n)} written`,
      refused: (n: number) => `${number.format(n)} refused`,
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
    list: (items: string[]) => new Intl.ListFormat(language, {type: 'conjunction'}).format(items),
    unknown: (type: string) => type.toLowerCase().replaceAll('_', ' ').replace(/^./, (c) => c.toUpperCase()),
  },
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
