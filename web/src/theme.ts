// SPDX-License-Identifier: Apache-2.0
// Runs before anything is painted: light or dark, as the reader chose here, else as their system says. No imports: it is a script of its own.
(() => {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const paint = (): void => {
    let chosen: string | null = null;
    let density: string | null = null;
    try {
      chosen = localStorage.getItem('kalends.theme');
      density = localStorage.getItem('kalends.density');
    } catch {
      // Storage is off: the system decides.
    }
    const dark = chosen === 'dark' || (chosen !== 'light' && system.matches);
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
    document.documentElement.dataset['density'] = density === 'compact' ? 'compact' : 'comfortable';
  };
  system.addEventListener('change', paint);
  addEventListener('kalends:appearance', paint);
  addEventListener('storage', paint);
  paint();
})();
