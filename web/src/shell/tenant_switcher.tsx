// SPDX-License-Identifier: Apache-2.0
// Which tenant is worked in. Only an operator can change it; everybody else reads its name.
import type {ReactNode} from 'react';
import {cache, useAnswer} from '../data/cache';
import {navigate} from '../router/router';
import {api, sessions, useSession, useSessionState} from '../session/context';
import {shell} from '../texts/shell';
import {Icon} from '../ui/icons';
import {Menu, type MenuEntry} from '../ui/overlays';

export function TenantSwitcher(): ReactNode {
  const session = useSession();
  if (session.kind === 'operator') return <Switcher />;
  return session.tenant?.name ? <span className="tenant-name"><Icon name="tenants" /><span>{session.tenant.name}</span></span> : null;
}

function Switcher(): ReactNode {
  const {tenantId} = useSessionState();
  const tenants = useAnswer(['tenants', 'switcher'], (signal) => api.get('/v1/admin/tenants', {query: {limit: 100}, signal}));
  const items = tenants.data?.items ?? [];
  const known = items.find((t) => t.id === tenantId);
  const enter = (id: string | null): void => {
    sessions.enterTenant(id);
    void cache.invalidateQueries();
  };
  const entries: MenuEntry[] = [
    {key: 'all', label: shell.tenant.all, icon: 'console', chosen: tenantId === null, act: () => enter(null)},
    ...items.map((t, n): MenuEntry => ({key: t.id, label: t.name, icon: 'tenants', chosen: t.id === tenantId, parted: n === 0, act: () => enter(t.id)})),
    ...(tenants.data?.next_cursor ? [{key: 'more', label: shell.tenant.more, parted: true, act: () => navigate('/console/tenants')}] : []),
  ];
  return (
    <span className="tenant-switcher">
      <Menu id="tenant-switcher" label={shell.tenant.choose} entries={entries}>
        <Icon name="tenants" />
        <span className="tenant-chosen">{tenantId === null ? shell.tenant.all : (known?.name ?? tenantId.slice(0, 8))}</span>
      </Menu>
    </span>
  );
}
