// SPDX-License-Identifier: Apache-2.0
// After a move the heading has the focus, and keeps it until the page has come to rest.

const lookMs = 50;
const patienceMs = 3_000;

/**
 * The page's code may still be loading, its heading may be drawn anew once its data is there, and a window that closes gives
 * the focus back to what opened it: so this looks again and again, until the reader does something or goes elsewhere.
 */
export function settleOnHeading(): () => void {
  const before = document.activeElement;
  const opener = document.getElementById('top-menu');
  const looking = setInterval(look, lookMs);
  const giving = setTimeout(stop, patienceMs);
  addEventListener('keydown', stop, true);
  addEventListener('pointerdown', stop, true);

  function look(): void {
    const heading = document.getElementById('page-title');
    const now = document.activeElement;
    const leftBehind = now === null || now === document.body || now === before || now === opener || now === heading || !now.isConnected;
    // Within a window that still stands, nothing behind it can have the focus.
    if (document.querySelector('.modal-ground')) return leftBehind || now.closest('.drawer') ? undefined : stop();
    if (!leftBehind) return stop();
    if (heading && heading !== now) heading.focus({preventScroll: true});
  }
  function stop(): void {
    clearInterval(looking);
    clearTimeout(giving);
    removeEventListener('keydown', stop, true);
    removeEventListener('pointerdown', stop, true);
  }
  look();
  return stop;
}
