// SPDX-License-Identifier: Apache-2.0
// Words about one connected calendar.
import type {Direction, ProviderStatus, ProviderType} from '../api/shapes';

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
    wayOut: 'Check client id and secret, and whether the secret has expired. If the client is another one than at the time of connecting, ask the owner to connect this calendar again.',
  }),
  oauth_client_missing: (name) => ({
    cause: `There is no OAuth client for ${name} any more, so that no access can be had.`,
    wayOut: 'Set up your organisation’s own under “OAuth clients”, or ask whoever runs the server to set up one for all.',
  }),
  channel_renewal_failed: (name) => ({
    cause: `${name} does not tell us of changes any more: push could not be renewed.`,
    wayOut: 'Nothing is lost: changes are found at the next check instead of at once. Renewing is tried again by itself; you can do it now.',
  }),
  channel_silent: (name) => ({
    cause: `${name} has not told us of changes that the last checks found: its push is silent.`,
    wayOut: 'Nothing is lost: changes are found at the next check instead of at once. Renewing push usually mends it.',
  }),
  provider_parked: () => ({
    cause: 'This calendar failed several times in a row and rests for ten minutes.',
    wayOut: 'It starts again by itself. If this comes back, look into the server’s log.',
  }),
};

export const provider = {
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
  said: (reason: string) => `The last attempt: ${reason}`,
  since: (when: string) => `since ${when}`,
  waiting: 'The owner of this calendar has not agreed yet. Send them the link that your scheduling product made, or make a new one there.',
  problem: (code: string, name: string): ProblemText | null => (Object.hasOwn(problems, code) ? problems[code]!(name) : null),
  otherWayOut: 'Ask the owner of this calendar to connect it again. If that does not help, look for this code in the operator’s manual.',
};
