// SPDX-License-Identifier: Apache-2.0
// Which page is shown: the one of the address, if whoever is signed in may see it; else the way in.
import {QueryClientProvider} from '@tanstack/react-query';
import {Component, lazy, Suspense, useEffect, type ReactNode} from 'react';
import {I18nProvider} from 'react-aria-components/I18nProvider';
import {cache} from '../data/cache';
import {live} from '../data/live';
import {navigate, useLocation} from '../router/router';
import {routeOf} from '../routes';
import {sessions, useRights, useSessionState} from '../session/context';
import {shell} from '../texts/shell';
import {Skeleton} from '../ui/states';
import {Toasts} from '../ui/toast';
import {Away, Broken, NotFound, Refused} from './dead_ends';
import {NeedsTenant} from './needs_tenant';

const Frame = lazy(() => import('./shell').then((m) => ({default: m.Shell})));
const awayRetryMs = 5_000;

export function Root(): ReactNode {
  return (
    <QueryClientProvider client={cache}>
      <I18nProvider>
        <Pages />
        <Toasts />
      </I18nProvider>
    </QueryClientProvider>
  );
}

function Pages(): ReactNode {
  const {phase, session, tenantId} = useSessionState();
  const {path, full} = useLocation();
  const rights = useRights();
  const found = routeOf(path);
  useStation();
  useEffect(() => {
    if (phase === 'out' && !found?.route.open) navigate(path === '/' ? '/sign-in' : `/sign-in?return_to=${encodeURIComponent(full)}`, {replace: true});
    if (phase !== 'away') return;
    const timer = setInterval(() => void sessions.resume(), awayRetryMs);
    return () => clearInterval(timer);
  }, [phase, path, full, found]);

  if (phase === 'away') return <Away />;
  if (phase === 'asking' || (phase === 'out' && !found?.route.open)) return <p className="unseen" role="status">{shell.asking}</p>;
  if (found?.route.open) {
    const Page = found.route.page;
    return <Guarded key={path}><Suspense fallback={null}><Page params={found.params} /></Suspense></Guarded>;
  }
  const allowed = found && session && (!found.route.needs || rights[found.route.needs]);
  const Page = found?.route.page;
  return (
    <Suspense fallback={null}>
      <Frame>
        <Guarded key={path}>
          {!found || !Page ? <NotFound /> : !allowed ? <Refused /> : found.route.tenant && tenantId === null ? <NeedsTenant title={found.route.title} /> : <Suspense fallback={<Skeleton lines={6} />}><Page params={found.params} /></Suspense>}
        </Guarded>
      </Frame>
    </Suspense>
  );
}

/** Listens to the facts of what this session may see. */
function useStation(): void {
  const {phase, session, tenantId} = useSessionState();
  const kind = session?.kind;
  useEffect(() => {
    live.tune(phase === 'in' ? {everything: kind === 'operator' && tenantId === null, tenantId, partial: kind === 'user'} : null);
    const look = (): void => {
      if (!document.hidden) live.hurry();
    };
    document.addEventListener('visibilitychange', look);
    addEventListener('online', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      removeEventListener('online', look);
    };
  }, [phase, kind, tenantId]);
}

/** A page that throws takes only itself down. */
class Guarded extends Component<{children: ReactNode}, {broken: boolean}> {
  override state = {broken: false};
  static getDerivedStateFromError(): {broken: boolean} {
    return {broken: true};
  }
  override render(): ReactNode {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}
