// SPDX-License-Identifier: Apache-2.0
import {useState, type ReactNode} from 'react';
import {cache} from '../data/cache';
import {navigate} from '../router/router';
import {density, setDensity, setTheme, theme, type Density, type Theme} from '../session/appearance';
import {sessions, useSession} from '../session/context';
import {shell} from '../texts/shell';
import {Menu, type MenuEntry} from '../ui/overlays';

const themeIcons = {system: 'console', light: 'sun', dark: 'moon'} as const;

export function AccountMenu(): ReactNode {
  const session = useSession();
  const [, again] = useState(0);
  const words = shell.account;
  const choose = (act: () => void) => (): void => {
    act();
    again((n) => n + 1);
  };
  const themes: Theme[] = ['system', 'light', 'dark'];
  const densities: Density[] = ['comfortable', 'compact'];
  const entries: MenuEntry[] = [
    ...themes.map((t): MenuEntry => ({key: `theme-${t}`, label: words.theme[t], icon: themeIcons[t], chosen: theme() === t, act: choose(() => setTheme(t))})),
    ...densities.map((d, n): MenuEntry => ({key: `density-${d}`, label: words.density[d], icon: 'menu', chosen: density() === d, parted: n === 0, act: choose(() => setDensity(d))})),
    {key: 'sign-out', label: words.signOut, icon: 'signout', parted: true, act: () => void signOut()},
  ];
  const name = session.user?.name ?? session.name;
  const role = session.kind === 'operator' ? words.installation : (words.role[session.role] ?? session.role);
  return (
    <Menu id="account" label={words.label(name)} icon="person" entries={entries}
      header={<><span className="menu-header-name">{name}</span><span className="menu-detail">{[session.user?.email, role].filter(Boolean).join(' · ')}</span></>} />
  );
}

async function signOut(): Promise<void> {
  try {
    await sessions.end();
  } catch {
    // The session ends here in any case; the server ends it when it is idle.
  }
  cache.clear();
  navigate('/sign-in');
}
