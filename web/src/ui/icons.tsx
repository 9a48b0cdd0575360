// SPDX-License-Identifier: Apache-2.0
// Drawings of our own, on a grid of 24. All are decoration: the words next to them say the same.
import type {ReactNode} from 'react';
import type {Direction, ProviderType} from '../api/shapes';

const paths = {
  home: 'M4 11.5 12 5l8 6.5M6 10.5V19h12v-8.5M10 19v-5h4v5',
  calendar: 'M5 6.5h14v13H5zM5 10.5h14M9 4v4M15 4v4',
  calendars: 'M9 7V3M15 7V3M6.5 7h11v5a5.5 5.5 0 0 1-11 0zM12 17.5V21',
  conflict: 'M12 4 21 19.5H3zM12 10v4.5M12 17v.4',
  activity: 'M3 12h4l3-7 4 14 3-7h4',
  console: 'M4 5h16v14H4zM7.5 9.5 10 12l-2.5 2.5M12 15h4.5',
  tenants: 'M4 20V8l8-4 8 4v12M9 20v-5h6v5M8.5 10.5h.01M12 10.5h.01M15.5 10.5h.01',
  runs: 'M5 12a7 7 0 0 1 12.2-4.7M19 12a7 7 0 0 1-12.2 4.7M17.5 3.5v4h-4M6.5 20.5v-4h4',
  letter: 'M3.5 6h17v12h-17zM4 7l8 6 8-6',
  decision: 'M6 4v16M6 8h8l3 3-3 3H6',
  quota: 'M4 17a8 8 0 1 1 16 0M12 17l4-5',
  approval: 'M4.5 12.5 9.5 17.5 19.5 6.5',
  audit: 'M6 4h9l4 4v12H6zM14 4v5h5M9 13h7M9 16.5h5',
  webhook: 'M8.5 17a3.5 3.5 0 1 1-2.6-5.8M12 7.5 8.7 13M15.2 14.2a3.5 3.5 0 1 1-.2 4.8M15 17H9M9.2 8.9a3.5 3.5 0 1 1 6 .2M14.5 9l3 5',
  key: 'M8 15.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 11.5h8.5v4M16.5 11.5v3',
  doctor: 'M7 4v5a4 4 0 0 0 8 0V4M11 13v2.5a4.5 4.5 0 0 0 9 0V13M20 13a1.6 1.6 0 1 0 0-3.2 1.6 1.6 0 0 0 0 3.2',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6 6 18',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6M4 17h16M10.5 20.5h3',
  chevron: 'm7 10 5 5 5-5',
  right: 'm10 7 5 5-5 5',
  left: 'm14 7-5 5 5 5',
  up: 'm7 14 5-5 5 5',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20',
  external: 'M13 5h6v6M19 5l-9 9M17 14v5H5V7h5',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  edit: 'M4.5 19.5l1-4L16 5l3 3L8.5 18.5zM13.5 7.5l3 3',
  pause: 'M9 6v12M15 6v12',
  play: 'M8 5.5v13l10-6.5z',
  info: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16ZM12 11v5M12 8v.2',
  warning: 'M12 4 21 19.5H3zM12 10v4.5M12 17v.4',
  problem: 'M8.5 4h7L20 8.5v7L15.5 20h-7L4 15.5v-7zM12 8v5M12 16v.3',
  clock: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16ZM12 7.5V12l3 2',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20a7.5 7.5 0 0 1 15 0',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM3 19.5a6 6 0 0 1 12 0M15.5 4.5a3.5 3.5 0 0 1 0 6.5M17 14a6 6 0 0 1 4 5.5',
  signout: 'M10 5H5v14h5M14 8l4 4-4 4M18 12H9',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
  both: 'M4 9h15l-4-4M20 15H5l4 4',
  to_provider: 'M4 12h15M14 7l5 5-5 5',
  from_provider: 'M20 12H5M10 7l-5 5 5 5',
  dots: 'M6 11.5v1M12 11.5v1M18 11.5v1',
  filter: 'M4 6h16M7 12h10M10 18h4',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  link: 'M9.5 14.5l5-5M8 12l-2.5 2.5a3.5 3.5 0 0 0 5 5L13 17M16 12l2.5-2.5a3.5 3.5 0 0 0-5-5L11 7',
  offline: 'M4 4l16 16M8.5 15a5 5 0 0 1 6-.7M5 11.5a10 10 0 0 1 4-2.3M13 8.6a10 10 0 0 1 6 2.9M12 19h.01',
} as const;

export type IconName = keyof typeof paths;

export function Icon({name, className = ''}: {name: IconName; className?: string}): ReactNode {
  return (
    <svg viewBox="0 0 24 24" className={`icon ${className}`} aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

export const directionIcon = (way: Direction): IconName => way;

export function ProductMark(): ReactNode {
  return (
    <svg viewBox="0 0 32 32" className="mark-product" aria-hidden="true" focusable="false">
      <rect x="2" y="4" width="28" height="25" rx="7" className="mark-tile" />
      <path d="M10 2v5M22 2v5" className="mark-rings" />
      <path d="M9.5 18.5a6.5 6.5 0 0 1 11.6-4M22.5 17.5a6.5 6.5 0 0 1-11.6 4M21.6 10.9v4h-4M10.4 25.1v-4h4" className="mark-line" />
    </svg>
  );
}

export function VendorMark({type}: {type: ProviderType}): ReactNode {
  return (
    <svg viewBox="0 0 40 40" className="vendor-mark" aria-hidden="true" focusable="false">
      <rect x="4" y="5" width="32" height="31" rx="7" className="vendor-page" />
      {type === 'google' ? (
        <>
          <path d="M11 5h9v6H4v1a7 7 0 0 1 7-7z" fill="#4285f4" />
          <path d="M12 5h8v6h-8z" fill="#ea4335" />
          <path d="M20 5h8v6h-8z" fill="#fbbc04" />
          <path d="M28 5h1a7 7 0 0 1 7 6h-8z" fill="#34a853" />
          <path d="M25.2 19.4a6.1 6.1 0 1 0 .9 4.4h-5.6" className="vendor-letter" />
        </>
      ) : (
        <>
          <rect x="11" y="12" width="8.3" height="8.3" rx="1.5" fill="#f25022" />
          <rect x="20.7" y="12" width="8.3" height="8.3" rx="1.5" fill="#7fba00" />
          <rect x="11" y="21.7" width="8.3" height="8.3" rx="1.5" fill="#00a4ef" />
          <rect x="20.7" y="21.7" width="8.3" height="8.3" rx="1.5" fill="#ffb900" />
        </>
      )}
    </svg>
  );
}
