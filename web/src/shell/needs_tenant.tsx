// SPDX-License-Identifier: Apache-2.0
import type {ReactNode} from 'react';
import {useAnswer} from '../data/cache';
import {api, sessions} from '../session/context';
import {shell} from '../texts/shell';
import {Button} from '../ui/button';
import {EmptyState, QueryError, Skeleton} from '../ui/states';
import {PageHead} from './page_head';

/** Stands where a page of one tenant would, until an operator has said which. */
export function NeedsTenant({title}: {title: string}): ReactNode {
  const tenants = useAnswer(['tenants', 'switcher'], (signal) => api.get('/v1/admin/tenants', {query: {limit: 100}, signal}));
  return (
    <>
      <PageHead title={title} />
      {tenants.isError ? <QueryError id="needs-tenant-retry" error={tenants.error} retry={() => void tenants.refetch()} /> : !tenants.data ? <Skeleton /> : (
        <EmptyState icon="tenants" title={shell.tenant.needed}
          action={<div className="tenant-choices">{tenants.data.items.map((t) => <Button key={t.id} id={`needs-tenant-${t.id}`} icon="tenants" onPress={() => sessions.enterTenant(t.id)}>{t.name}</Button>)}</div>}>
          {shell.tenant.neededHelp}
        </EmptyState>
      )}
    </>
  );
}
