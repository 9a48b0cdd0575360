// SPDX-License-Identifier: Apache-2.0
// The facts as they happen.
import {useState, type ReactNode} from 'react';
import {ToggleButton} from 'react-aria-components/ToggleButton';
import {live, useLive} from '../../data/live';
import {providersOf, useDirectory} from '../../data/directory';
import {factKinds, kindOf, lineOf, type FactKind, type FactLine, type Naming} from '../../model/facts';
import {idOf, type JournalItem} from '../../model/journal';
import {useSessionState} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {activity as words} from '../../texts/activity';
import {Button} from '../../ui/button';
import {Icon, type IconName} from '../../ui/icons';
import {EmptyState, Skeleton} from '../../ui/states';
import {clock, ShortTime} from '../../ui/time';

const kindIcons: Record<FactKind, IconName> = {entries: 'calendar', runs: 'runs', conflicts: 'conflict', calendars: 'calendars', push: 'bell'};

interface Row {
  id: string;
  /** Of a fact in its tenant; none for what was missed. */
  sequence: number | undefined;
  line: FactLine;
  tenant: string;
  atMs: number;
}

export default function ActivityPage(): ReactNode {
  const {journal, journalLoaded} = useLive();
  const [kinds, setKinds] = useState<ReadonlySet<FactKind>>(new Set());
  const rows = useRows(journal.items, kinds);
  const toggle = (kind: FactKind): void => {
    const next = new Set(kinds);
    if (!next.delete(kind)) next.add(kind);
    setKinds(next);
  };
  return (
    <>
      <PageHead title={words.title} lead={words.lead} actions={
        <Button id="activity-pause" icon={journal.paused ? 'play' : 'pause'} onPress={() => live.togglePause()}>
          {journal.paused ? words.resume(journal.waiting.length) : words.pause}
        </Button>} />
      <div className="chips" role="group" aria-label={words.filters}>
        <Chip id="activity-filter-all" on={kinds.size === 0} act={() => setKinds(new Set())}>{words.all}</Chip>
        {factKinds.map((kind) => <Chip key={kind} id={`activity-filter-${kind}`} on={kinds.has(kind)} act={() => toggle(kind)}>{words.kind(kind)}</Chip>)}
      </div>
      {!journalLoaded ? <Skeleton lines={8} />
        : rows.length > 0 ? <ol className="facts" aria-label={words.list}>{rows.map((r) => <Line key={r.id} row={r} />)}</ol>
          : journal.items.length > 0 ? <EmptyState icon="filter" title={words.emptyFilter}>{words.emptyFilterHelp}</EmptyState>
            : <EmptyState icon="activity" title={words.empty}>{words.emptyLive}</EmptyState>}
    </>
  );
}

function Chip({id, on, act, children}: {id: string; on: boolean; act: () => void; children: string}): ReactNode {
  return <ToggleButton id={id} className="chip" isSelected={on} onChange={act}>{children}</ToggleButton>;
}

function useRows(items: readonly JournalItem[], kinds: ReadonlySet<FactKind>): Row[] {
  const directory = useDirectory().data;
  const {session, tenantId} = useSessionState();
  const providers = new Map(providersOf(directory).map((p) => [p.id, p]));
  const tenants = new Map(directory?.tenants.map((t) => [t.id, t.name]));
  const naming: Naming = {provider: (id) => providers.get(id) ?? null, exact: clock.exact};
  const many = session?.kind === 'operator' && tenantId === null;
  return items
    .filter(({fact}) => !fact || kinds.size === 0 || kinds.has(kindOf(fact.type)))
    .map((item) => {
      const told = item.fact ?? item.gap;
      const tenant = many ? (tenants.get(told.tenant_id) ?? words.otherTenant) : '';
      const line: FactLine = item.fact ? lineOf(item.fact, naming) : {kind: 'push', tone: 'warn', title: words.gap(item.gap.missed, tenant), detail: words.gapDetail};
      return {id: idOf(item), sequence: item.fact?.sequence, line, tenant, atMs: Date.parse(told.time)};
    });
}

function Line({row}: {row: Row}): ReactNode {
  return (
    <li className="fact" data-tone={row.line.tone} data-sequence={row.sequence}>
      <span className="fact-icon"><Icon name={kindIcons[row.line.kind]} /></span>
      <div className="fact-words">
        <p className="fact-head"><span className="fact-title">{row.line.title}</span><ShortTime at={row.atMs} /></p>
        {row.line.detail === '' ? null : <p className="fact-detail">{row.line.detail}</p>}
      </div>
      {row.tenant === '' ? null : <span className="badge" data-tone="off">{row.tenant}</span>}
    </li>
  );
}
