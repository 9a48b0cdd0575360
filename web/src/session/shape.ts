// SPDX-License-Identifier: Apache-2.0
// Who is signed in, as GET /v1/session tells.
import type {Role} from '../api/shapes';

export interface Session {
  /** user: a person, who sees what is their own; member: works in one tenant; operator: looks after the whole installation. */
  kind: 'user' | 'member' | 'operator';
  user: {id: string; name: string; email: string; time_zone: string} | null;
  tenant: {id: string; name: string} | null;
  role: Role | 'user';
  name: string;
  csrf_token: string;
  idle_expires_at: string;
  expires_at: string;
  /** Where the link that began it leads; null otherwise. */
  return_to: string | null;
}

export function readSession(value: unknown): Session | null {
  if (typeof value !== 'object' || value === null) return null;
  const v = value as Partial<Session>;
  if (v.kind !== 'user' && v.kind !== 'member' && v.kind !== 'operator') return null;
  if (typeof v.csrf_token !== 'string') return null;
  return {
    kind: v.kind, user: v.user ?? null, tenant: v.tenant ?? null, role: v.role ?? 'reader', name: v.name ?? '',
    csrf_token: v.csrf_token, idle_expires_at: v.idle_expires_at ?? '', expires_at: v.expires_at ?? '', return_to: v.return_to ?? null,
  };
}

/** What a signed-in reader may do. The server decides; the pages only do not offer what it would refuse. */
export interface Rights {
  /** Change entries, start runs, decide conflicts. */
  operate: boolean;
  /** Manage calendars and people of a tenant. */
  administer: boolean;
  /** The console of the whole installation. */
  console: boolean;
  /** Where events of a tenant are sent to. */
  webhooks: boolean;
  /** The tenant's own OAuth clients. */
  clients: boolean;
}

export function rightsOf(session: Session | null): Rights {
  if (!session) return {operate: false, administer: false, console: false, webhooks: false, clients: false};
  const own = session.kind === 'user';
  const operator = session.kind === 'operator';
  return {
    operate: own || operator || session.role === 'operator' || session.role === 'admin',
    administer: own || operator || session.role === 'admin',
    console: operator,
    webhooks: operator || (!own && session.role !== 'reader'),
    clients: operator || (!own && session.role === 'admin'),
  };
}
