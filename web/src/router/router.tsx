// SPDX-License-Identifier: Apache-2.0
// The address is the state: what a reader sees can be linked to, and back goes back.
import {useCallback, useSyncExternalStore} from 'react';

const moved = 'kalends:moved';

/** Asked before leaving a page with unsaved work; false keeps the reader there. */
let guard: (() => boolean) | null = null;

export function setLeaveGuard(ask: (() => boolean) | null): void {
  guard = ask;
}

export function navigate(to: string, {replace = false}: {replace?: boolean} = {}): void {
  if (guard && !guard()) return;
  if (to === current() && !replace) return;
  if (replace) history.replaceState(history.state, '', to);
  else history.pushState(null, '', to);
  if (!replace) scrollTo(0, 0);
  dispatchEvent(new Event(moved));
}

function current(): string {
  return location.pathname + location.search;
}

function listen(tell: () => void): () => void {
  addEventListener('popstate', tell);
  addEventListener(moved, tell);
  return () => {
    removeEventListener('popstate', tell);
    removeEventListener(moved, tell);
  };
}

/** Path with query; changes re-render. */
export function useLocation(): {path: string; query: URLSearchParams; full: string} {
  const full = useSyncExternalStore(listen, current);
  const at = full.indexOf('?');
  return {full, path: at < 0 ? full : full.slice(0, at), query: new URLSearchParams(at < 0 ? '' : full.slice(at))};
}

/** One parameter of the query as state: filters and sort orders live in the address. An empty value leaves it. */
export function useQueryParam(name: string, otherwise = ''): [string, (value: string) => void] {
  const {query} = useLocation();
  const set = useCallback(
    (value: string) => {
      const next = new URLSearchParams(location.search);
      if (value === '' || value === otherwise) next.delete(name);
      else next.set(name, value);
      const tail = next.toString();
      navigate(location.pathname + (tail === '' ? '' : `?${tail}`), {replace: true});
    },
    [name, otherwise],
  );
  return [query.get(name) ?? otherwise, set];
}

/**
 * Links to our own pages are followed without loading anew; what the browser means to do otherwise (new tab, download, other origin) it does.
 * On the way down to the link: on the way up react-aria's links let no click through, and the browser would load the page.
 */
export function followLinks(): void {
  document.addEventListener('click', (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const link = e.target instanceof Element ? e.target.closest('a') : null;
    if (!link || link.origin !== location.origin || link.hasAttribute('download') || (link.target !== '' && link.target !== '_self')) return;
    if (link.hash !== '' && link.pathname === location.pathname) return;
    e.preventDefault();
    navigate(link.pathname + link.search);
  }, true);
}
