// SPDX-License-Identifier: Apache-2.0
import {count} from './language';

export const home = {
  title: 'Overview',
  lead: 'Which calendars are connected, and how they are.',
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
};

export const summary = {
  label: 'Summary',
  connected: 'Connected',
  action: 'Action required',
  waiting: 'Waiting for consent',
  paused: 'Paused',
};
