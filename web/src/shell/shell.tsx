// SPDX-License-Identifier: Apache-2.0
// The frame around every page: where one can go, who one is, what needs one, and whether the server is heard.
import {useEffect, useRef, useState, type ReactNode} from 'react';
import {Dialog} from 'react-aria-components/Dialog';
import {Link as AriaLink} from 'react-aria-components/Link';
import {Modal, ModalOverlay} from 'react-aria-components/Modal';
import {useOpenConflicts} from '../data/conflicts';
import {live, useLive} from '../data/live';
import {useLocation} from '../router/router';
import {routes, routeOf, type Route} from '../routes';
import {useRights} from '../session/context';
import {shell} from '../texts/shell';
import {Button, IconButton, Link} from '../ui/button';
import {Icon, ProductMark} from '../ui/icons';
import {RelativeTime} from '../ui/time';
import {AccountMenu} from './account_menu';
import {settleOnHeading} from './arrival_focus';
import {Bell} from './bell';
import {TenantSwitcher} from './tenant_switcher';

export function Shell({children}: {children: ReactNode}): ReactNode {
  const {path} = useLocation();
  const [drawer, setDrawer] = useState(false);
  useFocusOnArrival(path);
  useEffect(() => setDrawer(false), [path]);
  return (
    <div className="shell">
      <a id="skip-to-content" className="skip" href="#content">{shell.skip}</a>
      <header className="top">
        <span className="top-menu"><IconButton id="top-menu" label={shell.openMenu} icon="menu" onPress={() => setDrawer(true)} /></span>
        <AriaLink id="top-home" className="brand" href="/"><ProductMark /><span>{shell.product}</span></AriaLink>
        <TenantSwitcher />
        <div className="top-end">
          <StreamState />
          <Bell />
          <AccountMenu />
        </div>
      </header>
      <nav className="side" aria-label={shell.navigation}><Navigation prefix="nav" path={path} /></nav>
      <ModalOverlay isOpen={drawer} onOpenChange={setDrawer} isDismissable className="modal-ground drawer-ground">
        <Modal className="drawer">
          <Dialog aria-label={shell.menu} className="dialog">
            <div className="drawer-head"><ProductMark /><span>{shell.product}</span><IconButton id="drawer-close" label={shell.menu} icon="close" onPress={() => setDrawer(false)} /></div>
            <Navigation prefix="drawer" path={path} />
          </Dialog>
        </Modal>
      </ModalOverlay>
      <main id="content" className="content" tabIndex={-1}>
        <LostBanner />
        {children}
      </main>
    </div>
  );
}

/** After a move, the new page's heading gets the focus: it is read out, and Tab goes on from there. */
function useFocusOnArrival(path: string): void {
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    return settleOnHeading();
  }, [path]);
}

function Navigation({prefix, path}: {prefix: string; path: string}): ReactNode {
  const rights = useRights();
  const seen = routes.filter((r) => r.nav && (!r.needs || rights[r.needs]));
  // Who has no console has few pages: no group is needed.
  const apart = (r: Route): boolean => rights.console && r.nav!.group === 'operations';
  const plain = seen.filter((r) => !apart(r));
  const operations = seen.filter(apart);
  return (
    <>
      <ul className="nav">{plain.map((r) => <NavItem key={r.path} prefix={prefix} route={r} path={path} />)}</ul>
      {operations.length > 0 ? (
        <>
          <p className="nav-group" id={`${prefix}-operations`}>{shell.nav.operations}</p>
          <ul className="nav" aria-labelledby={`${prefix}-operations`}>{operations.map((r) => <NavItem key={r.path} prefix={prefix} route={r} path={path} />)}</ul>
        </>
      ) : null}
    </>
  );
}

function NavItem({prefix, route, path}: {prefix: string; route: Route; path: string}): ReactNode {
  const here = routeOf(path)?.route;
  const current = here === route || (route.path !== '/' && route.path !== '/console' && path.startsWith(`${route.path}/`));
  return (
    <li>
      <span className="nav-item" data-current={current || undefined} onPointerEnter={() => void route.load()}>
        <Icon name={route.nav!.icon} />
        <Link id={`${prefix}-${route.nav!.id}`} href={route.path} look="plain" aria-current={current ? 'page' : undefined}>{route.title}{route.nav!.count ? <OpenConflicts /> : null}</Link>
      </span>
    </li>
  );
}

/** How many wait, as part of the link's name. */
function OpenConflicts(): ReactNode {
  const {data} = useOpenConflicts();
  const n = data?.items.length ?? 0;
  if (n === 0) return null;
  const more = !!data?.next_cursor;
  return <span className="nav-count"><span aria-hidden="true">{n}{more ? '+' : ''}</span><span className="unseen">, {shell.notices.conflicts(n, more)}</span></span>;
}

function StreamState(): ReactNode {
  const {stream} = useLive();
  return <span className="stream" data-state={stream} role="status"><span className="stream-words">{shell.stream(stream)}</span></span>;
}

function LostBanner(): ReactNode {
  const {stream, lostAtMs} = useLive();
  if (stream !== 'offline' || lostAtMs === null) return null;
  return (
    <div className="lost" role="status">
      <Icon name="offline" />
      <p>{shell.lost} <span className="lost-since"><RelativeTime at={lostAtMs} /></span></p>
      <Button id="lost-try" small onPress={() => live.hurry()}>{shell.tryNow}</Button>
    </div>
  );
}
