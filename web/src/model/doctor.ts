// SPDX-License-Identifier: Apache-2.0
// The doctor's findings, in the order in which a reader needs them. Pure.
import type {Schemas} from '../api/shapes';

export type Finding = Schemas['doctor_finding'];
export type FindingState = Schemas['doctor_state'];
export type Area = Finding['area'];

/** The worst first. */
const order: FindingState[] = ['problem', 'warning', 'ok', 'skipped'];

export interface NamedFinding extends Finding {
  /** Stable and unique on the page: the check, and which one of several. */
  key: string;
}
export interface AreaGroup {
  area: Area;
  worst: FindingState;
  findings: NamedFinding[];
}

/** `skipped` is worse than nothing only when there is nothing else. */
export function worstOf(findings: readonly Finding[]): FindingState {
  return order.find((s) => findings.some((f) => f.state === s)) ?? 'skipped';
}

/** Areas in the server's order; in each, what is wrong comes first, the rest stays as it came. */
export function byArea(items: readonly Finding[]): AreaGroup[] {
  const seen = new Map<string, number>();
  const groups = new Map<Area, NamedFinding[]>();
  for (const f of items) {
    const n = (seen.get(f.check) ?? 0) + 1;
    seen.set(f.check, n);
    const key = `${f.check.replaceAll('_', '-')}-${n}`;
    groups.set(f.area, [...(groups.get(f.area) ?? []), {...f, key}]);
  }
  return [...groups].map(([area, findings]) => ({
    area,
    worst: worstOf(findings),
    findings: findings.map((f, n) => ({f, n})).sort((a, b) => order.indexOf(a.f.state) - order.indexOf(b.f.state) || a.n - b.n).map(({f}) => f),
  }));
}

/** What is to be done; of skipped ones a remedy is only advice. */
export const needsDoing = (f: Finding): boolean => f.state === 'problem' || f.state === 'warning';
