// SPDX-License-Identifier: Apache-2.0
// Words of the doctor's page. What was found and what to do about it are the server's words.
import type {Schemas} from '../api/shapes';
import {count, numberWord} from './language';

type Area = Schemas['doctor_finding']['area'];
type State = Schemas['doctor_state'];

const areas: Record<Area, string> = {
  addresses: 'Addresses and certificates', reachability: 'Reachability', clocks: 'Clocks', oauth: 'OAuth clients',
  calendars: 'Connected calendars', database: 'Database', storage: 'Keys and storage', operation: 'Operation',
};
const states: Record<State, string> = {ok: 'In order', warning: 'Warning', problem: 'Problem', skipped: 'Skipped'};
const checks: Record<string, string> = {
  public_url: 'Public URL', webhook_url: 'Webhook URL', google_relay: 'Relay of Google’s notices', dns: 'Name', tls: 'Certificate',
  server: 'Server', callback: 'Public URL answers', webhook: 'Webhook answers',
  vendor_clock: 'Vendor’s clock', database_clock: 'Database’s clock', ntp: 'Time service',
  oauth_client: 'OAuth client', client_secret: 'Client secret', secret_expiry: 'End of the secret', redirect_uri: 'Redirect URI',
  scopes: 'Granted permissions', consent_test_mode: 'Consent screen in testing', access_lost: 'Access lost', client_refused: 'Client refused',
  database: 'Database', database_version: 'Version', schema_version: 'Schema', fsync: 'fsync', full_page_writes: 'full_page_writes',
  synchronous_commit: 'synchronous_commit', database_role: 'Role', connections: 'Connections', encoding: 'Encoding', time_zone: 'Time zone',
  vault_key: 'Vault key', admin_key: 'Admin key', disk_space: 'Disk space', file_descriptors: 'File descriptors', metrics_token: 'Metrics token',
};

export const doctor = {
  title: 'Doctor',
  lead: 'Whether this installation is set up so that it can work. Looking changes nothing.',
  run: 'Run again',
  running: 'Looking. This may take a quarter of a minute.',
  ran: 'Last run',
  took: (ms: number) => `took ${numberWord(Math.max(0.1, Math.round(ms / 100) / 10))} s`,
  area: (a: Area) => areas[a],
  state: (s: State) => states[s],
  check: (name: string) => checks[name] ?? name,
  sound: 'Nothing is wrong.',
  wrong: (problems: number, warnings: number) => [
    problems > 0 ? count(problems, 'problem', 'problems') : '', warnings > 0 ? count(warnings, 'warning', 'warnings') : '',
  ].filter((s) => s !== '').join(', '),
  counts: 'Findings by state',
  means: 'What follows',
  todo: 'What to do',
  copy: 'Copy',
  copyOf: (check: string, subject: string) => `Copy what ${check} of ${subject} needs`,
  copied: 'Copied',
  notCopied: 'The browser did not let it be copied; select and copy it yourself.',
};
