// SPDX-License-Identifier: Apache-2.0
// Words of the page of a tenant's own OAuth clients.
import type {ProviderType} from '../api/shapes';
import type {IdProblem, SecretProblem} from '../model/oauth_clients';
import {count} from './language';

type PerVendor = Record<ProviderType, string>;

const idLabel: PerVendor = {google: 'Client ID', microsoft: 'Application (client) ID'};
const idExample: PerVendor = {google: '123456789012-abc….apps.googleusercontent.com', microsoft: '00000000-0000-0000-0000-000000000000'};
const secretHelp: PerVendor = {
  google: 'It begins with GOCSPX- as a rule. It is kept sealed and never shown again, to nobody.',
  microsoft: 'The Value of the client secret, not its Secret ID. It is kept sealed and never shown again, to nobody.',
};
const where: PerVendor = {
  google: 'At console.cloud.google.com: Google Auth Platform > Clients > Create client, of the type Web application. The Google Calendar API has to be enabled in its project.',
  microsoft: 'At entra.microsoft.com: App registrations > New registration; then Certificates & secrets > New client secret. It needs the delegated permission Calendars.ReadWrite.',
};
const redirectPlace: PerVendor = {
  google: 'Add it there under Authorized redirect URIs, letter by letter.',
  microsoft: 'Add it there under Authentication, to the platform Web, letter by letter.',
};
const idProblems: Record<IdProblem, string> = {
  missing: 'Give the id of the client.',
  blank: 'An id holds no blanks and no quotation marks.',
  is_secret: 'This is a client secret. The id stands above it at Google.',
  not_google: 'This is no id of a Google client: those end in .apps.googleusercontent.com.',
  not_microsoft: 'This is no id of a Microsoft application: those are GUIDs, 32 hexadecimal digits in five groups.',
};
const secretProblems: Record<SecretProblem, string> = {
  missing: 'Give the secret of the client.',
  blank: 'A secret holds no blanks and no quotation marks.',
  is_id: 'This is the id of the client, not its secret.',
  is_secret_id: 'This is the Secret ID. Copy what stands beside it under Value.',
  short: 'This is too short to be a secret of that vendor.',
};

export const oauthClients = {
  title: 'OAuth clients',
  lead: 'As whom Kalends asks Google and Microsoft for consent when a calendar of this tenant is connected.',
  own: 'Your own client',
  common: 'The installation’s client',
  commonHelp: (vendor: string) => `None of your own is set. ${vendor} calendars are connected with the client of whoever runs this server, if there is one.`,
  ownHelp: (vendor: string) => `${vendor} shows its name in the consent, and its limits are yours alone.`,
  id: (type: ProviderType) => idLabel[type],
  secret: 'Client secret',
  secretKept: 'Kept, never shown',
  directory: 'Directory',
  redirect: 'Redirect URI',
  redirectHelp: (type: ProviderType) => redirectPlace[type],
  copy: 'Copy',
  copyOf: (vendor: string) => `Copy the redirect URI for ${vendor}`,
  copied: 'Redirect URI copied',
  notCopied: 'The browser did not let it be copied; select and copy it yourself.',
  calendars: 'Connected calendars',
  calendarsOf: (n: number, more: boolean) => (more ? `more than ${n}` : String(n)),
  setUp: 'Set up…',
  replace: 'Replace…',
  remove: 'Remove…',
  actOf: (act: string, vendor: string) => `${act.replace('…', '')}: ${vendor}`,
  form: {
    title: (vendor: string) => `Your own client at ${vendor}`,
    where: (type: ProviderType) => where[type],
    idExample: (type: ProviderType) => idExample[type],
    idProblem: (p: IdProblem) => idProblems[p],
    secretHelp: (type: ProviderType) => secretHelp[type],
    secretAgain: 'The secret that is kept is not shown; whatever you change, give the secret again.',
    secretProblem: (p: SecretProblem) => secretProblems[p],
    directoryHelp: 'A directory id, a domain, “organizations”, or “common”, which is taken if nothing is given. It has to agree with the supported account types of the registration.',
    directoryProblem: 'Give a directory id, a domain, organizations or common.',
    submit: 'Save',
    saved: (vendor: string) => `Your own client at ${vendor} is kept`,
    failed: 'The client was not kept',
    sameClient: 'The client stays the same, so that connected calendars go on as they are, with the new secret.',
    otherClient: (n: number, vendor: string) =>
      `${count(n, `${vendor} calendar is`, `${vendor} calendars are`)} connected. ${vendor} takes a consent only from the client that it was given to: what was connected with another client than this one stops being synced when its access ends, within an hour or so. Nothing is lost, and it goes on as soon as its owner has connected it again.`,
  },
  removal: {
    title: (vendor: string) => `Remove your own client at ${vendor}?`,
    help: (vendor: string) => `Its id and secret are forgotten here; at ${vendor} nothing changes. From now on ${vendor} calendars are connected with the installation’s client. If it has none, no ${vendor} calendar can be connected.`,
    none: (vendor: string) => `No ${vendor} calendar is connected, so that none stops.`,
    connected: (n: number, vendor: string) =>
      `${count(n, `${vendor} calendar is`, `${vendor} calendars are`)} connected. What was connected with this client stops being synced when its access ends, within an hour or so. Nothing is lost, and it goes on as soon as its owner has connected it again.`,
    confirm: 'Remove',
    done: (vendor: string) => `Your own client at ${vendor} is removed`,
    failed: 'The client was not removed',
  },
};
