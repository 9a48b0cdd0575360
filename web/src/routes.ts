// SPDX-License-Identifier: Apache-2.0
// Every page: its address, who sees it, and where its code is. To add one, add a line here and its folder below pages/.
import {lazy, type ComponentType, type LazyExoticComponent} from 'react';
import {match, type Params} from './router/match';
import {shell} from './texts/shell';
import type {Rights} from './session/shape';
import type {IconName} from './ui/icons';

export interface PageProps {
  params: Params;
}

type Load = () => Promise<{default: ComponentType<PageProps>}>;

export interface Route {
  path: string;
  /** Of the browser's tab until the page says better (useTitle). */
  title: string;
  page: LazyExoticComponent<ComponentType<PageProps>>;
  /** Starts loading the page's code: a link that is pointed at is probably followed. */
  load: Load;
  /** Present: it stands in the navigation. */
  nav?: {id: string; icon: IconName; group?: 'operations'; /** What its number counts. */ count?: 'conflicts'};
  /** Absent: everybody who is signed in. */
  needs?: keyof Rights;
  /** Shows one tenant's things: an operator chooses one first. */
  tenant?: boolean;
  /** Seen without a session. */
  open?: boolean;
}

function route(path: string, title: string, load: Load, more: Partial<Route> = {}): Route {
  return {path, title, load, page: lazy(load), ...more};
}

export const routes: Route[] = [
  route('/', shell.nav.home, () => import('./pages/home/page'), {nav: {id: 'home', icon: 'home'}}),
  route('/calendars', shell.nav.calendars, () => import('./pages/calendars/page'), {tenant: true, nav: {id: 'calendars', icon: 'calendars'}}),
  route('/calendars/:id', shell.nav.calendars, () => import('./pages/calendar/page'), {tenant: true}),
  route('/schedule', shell.nav.schedule, () => import('./pages/schedule/page'), {tenant: true, nav: {id: 'schedule', icon: 'calendar'}}),
  route('/conflicts', shell.nav.conflicts, () => import('./pages/conflicts/page'), {tenant: true, nav: {id: 'conflicts', icon: 'conflict', count: 'conflicts'}}),
  route('/conflicts/:id', shell.nav.conflicts, () => import('./pages/conflict/page'), {tenant: true}),
  route('/activity', shell.nav.activity, () => import('./pages/activity/page'), {nav: {id: 'activity', icon: 'activity'}}),
  route('/console', shell.nav.console, () => import('./pages/console/page'), {needs: 'console', nav: {id: 'console', icon: 'console', group: 'operations'}}),
  route('/console/tenants', shell.nav.tenants, () => import('./pages/console_tenants/page'), {needs: 'console', nav: {id: 'tenants', icon: 'tenants', group: 'operations'}}),
  route('/console/tenants/:id', shell.nav.tenants, () => import('./pages/console_tenant/page'), {needs: 'console'}),
  route('/console/approvals', shell.nav.approvals, () => import('./pages/console_approvals/page'), {needs: 'console', nav: {id: 'approvals', icon: 'approval', group: 'operations'}}),
  route('/console/dead-letters', shell.nav.deadLetters, () => import('./pages/console_dead_letters/page'), {needs: 'console', nav: {id: 'dead-letters', icon: 'letter', group: 'operations'}}),
  route('/console/decisions', shell.nav.decisions, () => import('./pages/console_decisions/page'), {tenant: true, nav: {id: 'decisions', icon: 'decision', group: 'operations'}}),
  route('/console/runs', shell.nav.runs, () => import('./pages/console_runs/page'), {needs: 'console', nav: {id: 'runs', icon: 'runs', group: 'operations'}}),
  route('/console/quota', shell.nav.quota, () => import('./pages/console_quota/page'), {needs: 'console', nav: {id: 'quota', icon: 'quota', group: 'operations'}}),
  route('/console/audit', shell.nav.audit, () => import('./pages/console_audit/page'), {needs: 'console', nav: {id: 'audit', icon: 'audit', group: 'operations'}}),
  route('/console/doctor', shell.nav.doctor, () => import('./pages/console_doctor/page'), {needs: 'console', nav: {id: 'doctor', icon: 'doctor', group: 'operations'}}),
  route('/console/webhooks', shell.nav.webhooks, () => import('./pages/console_webhooks/page'), {needs: 'webhooks', tenant: true, nav: {id: 'webhooks', icon: 'webhook', group: 'operations'}}),
  route('/console/oauth-clients', shell.nav.clients, () => import('./pages/console_clients/page'), {needs: 'clients', tenant: true, nav: {id: 'clients', icon: 'key', group: 'operations'}}),
  route('/sign-in', '', () => import('./pages/sign_in/page'), {open: true}),
];

export function routeOf(path: string): {route: Route; params: Params} | null {
  for (const r of routes) {
    const params = match(r.path, path);
    if (params) return {route: r, params};
  }
  return null;
}
