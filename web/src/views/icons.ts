// SPDX-License-Identifier: Apache-2.0
// Drawings of our own. All are decoration: the words next to them say the same.
import type {Direction, ProviderType} from '../api/shapes';
import type {FactKind} from '../model/facts';

type Shape = [tag: string, attributes: Record<string, string>];

function svg(box: number, name: string, shapes: Shape[]): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const node = document.createElementNS(space, 'svg');
  node.setAttribute('viewBox', `0 0 ${box} ${box}`);
  node.setAttribute('class', name);
  node.setAttribute('aria-hidden', 'true');
  node.setAttribute('focusable', 'false');
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS(space, tag);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    node.append(shape);
  }
  return node;
}

const line = (d: string): Shape => ['path', {d}];

export function productMark(): SVGSVGElement {
  return svg(32, 'mark-product', [
    ['rect', {x: '2', y: '4', width: '28', height: '25', rx: '7', class: 'mark-tile'}],
    ['path', {d: 'M10 2v5M22 2v5', class: 'mark-line'}],
    ['path', {d: 'M9.5 18.5a6.5 6.5 0 0 1 11.6-4M22.5 17.5a6.5 6.5 0 0 1-11.6 4', class: 'mark-line'}],
    ['path', {d: 'M21.6 10.9v4h-4M10.4 25.1v-4h4', class: 'mark-line'}],
  ]);
}

const pageOutline: Shape = ['rect', {x: '4', y: '5', width: '32', height: '31', rx: '7', class: 'vendor-page'}];

const vendorShapes: Record<ProviderType, Shape[]> = {
  google: [
    pageOutline,
    ['path', {d: 'M11 5h9v6H4v1a7 7 0 0 1 7-7z', fill: '#4285f4'}],
    ['path', {d: 'M12 5h8v6h-8z', fill: '#ea4335'}],
    ['path', {d: 'M20 5h8v6h-8z', fill: '#fbbc04'}],
    ['path', {d: 'M28 5h1a7 7 0 0 1 7 6h-8z', fill: '#34a853'}],
    ['path', {d: 'M25.2 19.4a6.1 6.1 0 1 0 .9 4.4h-5.6', class: 'vendor-letter'}],
  ],
  microsoft: [
    pageOutline,
    ['rect', {x: '11', y: '12', width: '8.3', height: '8.3', rx: '1.5', fill: '#f25022'}],
    ['rect', {x: '20.7', y: '12', width: '8.3', height: '8.3', rx: '1.5', fill: '#7fba00'}],
    ['rect', {x: '11', y: '21.7', width: '8.3', height: '8.3', rx: '1.5', fill: '#00a4ef'}],
    ['rect', {x: '20.7', y: '21.7', width: '8.3', height: '8.3', rx: '1.5', fill: '#ffb900'}],
  ],
};

export function vendorMark(type: ProviderType): SVGSVGElement {
  return svg(40, 'vendor-mark', vendorShapes[type] ?? [pageOutline]);
}

const kindShapes: Record<FactKind, Shape[]> = {
  entries: [['rect', {x: '4', y: '5', width: '16', height: '15', rx: '3'}], line('M4 10h16M8 3v4M16 3v4')],
  runs: [line('M5 12a7 7 0 0 1 12.2-4.7M19 12a7 7 0 0 1-12.2 4.7M17.5 3.5v4h-4M6.5 20.5v-4h4')],
  conflicts: [line('M12 4 21 19.5H3zM12 10v4.5M12 17v.4')],
  calendars: [line('M9 7V3M15 7V3M6.5 7h11v5a5.5 5.5 0 0 1-11 0zM12 17.5V21')],
  push: [line('M6 17V11a6 6 0 0 1 12 0v6M4 17h16M10.5 20.5h3')],
};

export function kindIcon(kind: FactKind): SVGSVGElement {
  return svg(24, 'icon', kindShapes[kind]);
}

const ways: Record<Direction, Shape> = {
  both: line('M4 9h15l-4-4M20 15H5l4 4'),
  to_provider: line('M4 12h15M14 7l5 5-5 5'),
  from_provider: line('M20 12H5M10 7l-5 5 5 5'),
};

export const directionIcon = (way: Direction): SVGSVGElement => svg(24, 'icon', [ways[way]]);
export const accountIcon = (): SVGSVGElement => svg(24, 'icon', [['rect', {x: '3', y: '5', width: '18', height: '14', rx: '3'}], line('m4 8 8 5.5L20 8')]);
export const personIcon = (): SVGSVGElement => svg(24, 'icon', [['circle', {cx: '12', cy: '8', r: '4'}], line('M4.5 20a7.5 7.5 0 0 1 15 0')]);
export const pauseIcon = (): SVGSVGElement => svg(24, 'icon icon-pause', [line('M9 6v12M15 6v12')]);
export const resumeIcon = (): SVGSVGElement => svg(24, 'icon icon-resume', [line('M8 5.5v13l10-6.5z')]);
