// SPDX-License-Identifier: Apache-2.0
// What the console's pages share: a tenant to filter by, work within a tenant, and ways into one.
import type {ReactNode} from 'react';
import {allPages, Client} from '../../api/client';
import type {Schemas, Tenant} from '../../api/shapes';
import {useAnswer} from '../../data/cache';
import {navigate, useQueryParam} from '../../router/router';
import {api, sessions} from '../../session/context';
import {console_ as words} from '../../texts/console';
import {Button} from '../../ui/button';
import {Select} from '../../ui/select';

const pageLimit = 200;

/** Asks as an operator who works in this tenant, whichever the page itself works in. */
export function clientIn(tenantId: string): Client {
  return new Client({
    headers: (method, path) => ({...sessions.headers(method, path), 'X-Kalends-Tenant': tenantId}),
    ended: (problem, writing) => sessions.ended(problem, writing),
  });
}

/** Goes to a page of one tenant, and works in that tenant from then on. */
export function goIn(tenantId: string, to: string): void {
  sessions.enterTenant(tenantId);
  navigate(to);
}

export const useTenants = () =>
  useAnswer(['tenants', 'console'], (signal) => allPages<Tenant>((cursor) => api.get('/v1/admin/tenants', {query: {with: 'summary', limit: pageLimit, cursor}, signal})), {everyMs: 60_000});

const any = 'any';

export function TenantFilter({id}: {id: string}): ReactNode {
  const [tenant, setTenant] = useQueryParam('tenant');
  const tenants = useTenants();
  const choices = [{key: any, label: words.anyTenant}, ...(tenants.data?.items ?? []).map((t) => ({key: t.id, label: t.name}))];
  return <Select id={id} label={words.tenant} required choices={choices} value={tenant === '' ? any : tenant} onChange={(k) => setTenant(k === any ? '' : k)} />;
}

/** A filter kept in the address; `any` is its first choice. */
export function AddressFilter({id, name, label, anyLabel, choices}: {id: string; name: string; label: string; anyLabel: string; choices: {key: string; label: string}[]}): ReactNode {
  const [value, setValue] = useQueryParam(name);
  return <Select id={id} label={label} required choices={[{key: any, label: anyLabel}, ...choices]} value={value === '' ? any : value} onChange={(k) => setValue(k === any ? '' : k)} />;
}

export function TenantLink({id, tenant}: {id: string; tenant: Schemas['tenant_ref']}): ReactNode {
  return <Button id={id} kind="quiet" small aria-label={words.tenants.open(tenant.name)} onPress={() => navigate(`/console/tenants/${tenant.id}`)}>{tenant.name}</Button>;
}

export function Pair({label, children}: {label: string; children: ReactNode}): ReactNode {
  return <div><dt>{label}</dt><dd>{children}</dd></div>;
}
