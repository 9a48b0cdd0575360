// SPDX-License-Identifier: Apache-2.0
import {useSyncExternalStore} from 'react';
import {Client} from '../api/client';
import {Sessions, type SessionState} from './sessions';
import {rightsOf, type Rights, type Session} from './shape';

/** The one session of this page, and the client that speaks for it. */
export const sessions = new Sessions();
export const api = new Client(sessions);

export function useSessionState(): SessionState {
  return useSyncExternalStore(sessions.listen, () => sessions.state);
}

/** For pages: whoever sees them is signed in. */
export function useSession(): Session {
  const {session} = useSessionState();
  if (!session) throw new Error('a page that needs a session was drawn without one');
  return session;
}

export function useRights(): Rights {
  return rightsOf(useSessionState().session);
}

/** The tenant that is worked in: null only for an operator who looks at the whole installation. Part of every query's key. */
export function useTenantId(): string | null {
  return useSessionState().tenantId;
}
