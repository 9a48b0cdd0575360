// SPDX-License-Identifier: Apache-2.0
// The reader's choice of colours and density; src/theme.ts paints it.

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';

function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
  dispatchEvent(new Event('kalends:appearance'));
}

export function theme(): Theme {
  const chosen = read('kalends.theme');
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

export const setTheme = (chosen: Theme): void => write('kalends.theme', chosen);
export const density = (): Density => (read('kalends.density') === 'compact' ? 'compact' : 'comfortable');
export const setDensity = (chosen: Density): void => write('kalends.density', chosen);
