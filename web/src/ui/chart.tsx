// SPDX-License-Identifier: Apache-2.0
// A small line over time. The numbers are in a table for those who cannot see the line.
import {useId, type ReactNode} from 'react';

export interface ChartPoint {
  label: string;
  value: number;
}

const width = 320;
const height = 72;

export function Chart({label, points, unit = ''}: {label: string; points: readonly ChartPoint[]; unit?: string}): ReactNode {
  const id = useId();
  const top = Math.max(1, ...points.map((p) => p.value));
  const x = (n: number): number => (points.length < 2 ? 0 : (n * width) / (points.length - 1));
  const y = (v: number): number => height - 4 - (v / top) * (height - 10);
  const line = points.map((p, n) => `${n === 0 ? 'M' : 'L'}${x(n).toFixed(1)} ${y(p.value).toFixed(1)}`).join('');
  return (
    <figure className="chart" aria-labelledby={id}>
      <figcaption id={id}>{label}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {points.length > 1 ? <path className="chart-area" d={`${line}L${width} ${height}L0 ${height}Z`} /> : null}
        <path className="chart-line" d={line} />
      </svg>
      <table className="unseen">
        <caption>{label}</caption>
        <tbody>{points.map((p) => <tr key={p.label}><th scope="row">{p.label}</th><td>{p.value}{unit}</td></tr>)}</tbody>
      </table>
    </figure>
  );
}
