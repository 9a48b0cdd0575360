// SPDX-License-Identifier: Apache-2.0
// One conflict: what was agreed, what both sides say now, and the decision about it.
import {useState, type ReactNode} from 'react';
import type {Conflict} from '../../api/shapes';
import {useAnswer} from '../../data/cache';
import {canRestore, deciderOf, differs, linesOf, standing, type Group, type Picks} from '../../model/conflicts';
import {nameOf} from '../../model/providers';
import type {PageProps} from '../../routes';
import {api, useRights} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {conflicts as words} from '../../texts/conflicts';
import {Link} from '../../ui/button';
import {RadioGroup} from '../../ui/radio_group';
import {Card, QueryError, Skeleton, StatusPill} from '../../ui/states';
import {ExactTime} from '../../ui/time';
import {useProviders, useUsers} from '../calendars/queries';
import {EntryTitle} from '../conflicts/page';
import {Decision, Restoration} from './decision';

const back = {id: 'conflict-back', href: '/conflicts', label: words.all};

export default function ConflictPage({params}: PageProps): ReactNode {
  const id = params['id'] ?? '';
  const found = useAnswer(['conflicts', 'one', id], (signal) => api.get('/v1/conflicts/{conflict_id}', {path: {conflict_id: id}, signal}));
  if (found.data) return <Shown key={id} conflict={found.data} look={() => void found.refetch()} />;
  return (
    <>
      <PageHead title={words.title} back={back} />
      {found.isError ? <QueryError id="conflict-retry" error={found.error} retry={() => void found.refetch()} /> : <Skeleton lines={8} />}
    </>
  );
}

function Shown({conflict: c, look}: {conflict: Conflict; look: () => void}): ReactNode {
  const {operate} = useRights();
  const [picks, setPicks] = useState<Picks>({});
  const open = c.state === 'open';
  return (
    <>
      <PageHead title={words.title} lead={<EntryTitle conflict={c} />} back={back}
        actions={open ? <StatusPill tone="wait">{words.open}</StatusPill> : <StatusPill tone="good">{words.resolved}</StatusPill>} />
      <Facts conflict={c} />
      <div className="conflict-groups">
        {c.groups.map((g) => (
          <Card key={g} id={`conflict-group-${g}`} title={words.group(g)}>
            <Sides conflict={c} group={g} />
            {open && operate ? (
              <div className="conflict-pick">
                <RadioGroup id={`conflict-pick-${g}`} label={words.pick(words.group(g))} value={picks[g] ?? null} onChange={(side) => setPicks({...picks, [g]: side})}
                  choices={[{key: 'local', label: words.pickLocal}, {key: 'external', label: words.pickExternal}]} />
              </div>
            ) : null}
          </Card>
        ))}
      </div>
      {open ? <Decision conflict={c} picks={picks} look={look} /> : canRestore(c, Date.now()) ? <Restoration conflict={c} look={look} /> : null}
    </>
  );
}

function Facts({conflict: c}: {conflict: Conflict}): ReactNode {
  const providers = useProviders();
  const users = useUsers();
  const provider = providers.data?.items.find((p) => p.id === c.provider_id);
  const personName = (id: string): string | null => users.data?.items.find((u) => u.id === id)?.name ?? null;
  return (
    <dl className="conflict-facts">
      <div><dt>{words.calendar}</dt><dd><Link id="conflict-calendar" href={`/calendars/${c.provider_id}`}>{provider ? nameOf(provider) : words.calendar}</Link></dd></div>
      <div><dt>{words.opened}</dt><dd><ExactTime at={c.opened_at} /></dd></div>
      {c.resolved_at ? <div><dt>{words.decided}</dt><dd><ExactTime at={c.resolved_at} /></dd></div> : null}
      <div><dt>{words.ledger}</dt><dd><Link id="conflict-decisions" href={`/console/decisions?entry=${c.entry_id}&calendar=${c.provider_id}`}>{words.why}</Link></dd></div>
      {c.decided_by ? <div><dt>{words.by}</dt><dd id="conflict-decider">{deciderOf(c.decided_by, personName)}</dd></div> : null}
    </dl>
  );
}

function Sides({conflict: c, group}: {conflict: Conflict; group: Group}): ReactNode {
  const mark = (side: 'local' | 'external'): ReactNode => {
    if (c.state === 'resolved') return standing(c, group) === side ? <StatusPill tone="good">{words.stands}</StatusPill> : <StatusPill tone="off" icon="minus">{words.lost}</StatusPill>;
    return differs(group, c.base, c[side]) ? <StatusPill tone="wait" icon="edit">{words.changed}</StatusPill> : <StatusPill tone="off" icon="check">{words.same}</StatusPill>;
  };
  return (
    <div className="conflict-sides">
      {(['base', 'local', 'external'] as const).map((side) => (
        <div key={side} className="conflict-side" data-mark={side !== 'base' || undefined} id={`conflict-${group}-${side}`}>
          <div className="conflict-side-head"><h3>{words.sides[side]}</h3>{side === 'base' ? null : mark(side)}</div>
          <Lines group={group} values={c[side]} />
        </div>
      ))}
    </div>
  );
}

export function Lines({group, values}: {group: Group; values: unknown}): ReactNode {
  return linesOf(group, values).map((line, n) => <p key={n} className="conflict-line">{line}</p>);
}
