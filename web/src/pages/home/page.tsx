// SPDX-License-Identifier: Apache-2.0
// What there is and how it is, at a glance.
import type {ReactNode} from 'react';
import {providersOf, useDirectory, type Directory} from '../../data/directory';
import {cardOf, countStatuses, inOrder} from '../../model/providers';
import {PageHead} from '../../shell/page_head';
import {home, summary} from '../../texts/home';
import {numberWord} from '../../texts/language';
import {EmptyState, Notice, QueryError, Skeleton} from '../../ui/states';
import {ProviderCardView} from './provider_card';

const figures = [
  {status: 'active', label: summary.connected},
  {status: 'action_required', label: summary.action},
  {status: 'pending_authorization', label: summary.waiting},
  {status: 'paused', label: summary.paused},
] as const;

export default function HomePage(): ReactNode {
  const directory = useDirectory();
  return (
    <>
      <PageHead title={home.title} lead={home.lead} />
      <Summary directory={directory.data} />
      {directory.isError && directory.data ? <Notice>{home.failed}</Notice> : null}
      {directory.data ? <Tenants directory={directory.data} />
        : directory.isError ? <QueryError id="home-retry" error={directory.error} retry={() => void directory.refetch()} />
          : <Skeleton cards={4} lines={4} />}
    </>
  );
}

function Summary({directory}: {directory: Directory | undefined}): ReactNode {
  const counts = directory ? countStatuses(providersOf(directory)) : null;
  return (
    <dl className="figures" aria-label={summary.label}>
      {figures.map((f) => (
        <div key={f.status} className="figure" data-status={f.status} data-none={!counts || counts[f.status] === 0 || undefined}>
          <dt>{f.label}</dt>
          <dd>{counts ? numberWord(counts[f.status]) : '–'}</dd>
        </div>
      ))}
    </dl>
  );
}

function Tenants({directory}: {directory: Directory}): ReactNode {
  if (directory.tenants.length === 0) return <EmptyState icon="tenants" title={home.noTenants}>{home.noTenantsHelp}</EmptyState>;
  return (
    <div className="tenants">
      {directory.tenants.map((tenant) => (
        <section key={tenant.id} aria-labelledby={`tenant-${tenant.id}-title`}>
          <div className="tenant-head">
            <h2 id={`tenant-${tenant.id}-title`}>{tenant.name}</h2>
            <span className="tenant-count">{home.count(tenant.providers.length)}</span>
          </div>
          {tenant.providers.length === 0 ? <EmptyState icon="calendars" title={home.none}>{home.noneHelp}</EmptyState> : (
            <ul className="cards">
              {inOrder(tenant.providers).map((p) => <ProviderCardView key={p.id} card={cardOf(p, directory.users.get(p.user_id) ?? null, null)} />)}
            </ul>
          )}
          {tenant.more_providers ? <Notice tone="info">{home.moreProviders}</Notice> : null}
        </section>
      ))}
      {directory.more ? <Notice tone="info">{home.moreTenants(directory.tenants.length)}</Notice> : null}
    </div>
  );
}
