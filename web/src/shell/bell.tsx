// SPDX-License-Identifier: Apache-2.0
// What needs a person, wherever they are.
import type {ReactNode} from 'react';
import {useAnswer} from '../data/cache';
import {useOpenConflicts} from '../data/conflicts';
import {api, useSessionState} from '../session/context';
import {conflicts as conflictWords} from '../texts/conflicts';
import {shell} from '../texts/shell';
import {Link} from '../ui/button';
import {Icon} from '../ui/icons';
import {InfoPopover} from '../ui/overlays';

/** Further ones are behind the link to all. */
const namedAtMost = 5;

export function Bell(): ReactNode {
  const {session, tenantId} = useSessionState();
  const inTenant = session?.kind !== 'operator' || tenantId !== null;
  const conflicts = useOpenConflicts();
  const providers = useAnswer(['providers', 'bell'], (signal) => api.get('/v1/calendar-providers', {query: {limit: 200}, signal}), {enabled: inTenant});
  const open = conflicts.data?.items.length ?? 0;
  const broken = providers.data?.items.filter((p) => p.status === 'action_required').length ?? 0;
  const matters = open + broken;
  const words = shell.notices;
  return (
    <InfoPopover id="bell" label={words.label(matters)} icon="bell" count={matters}>
      <p className="bell-title">{words.title}</p>
      {matters === 0 ? <p className="bell-none">{words.none}</p> : (
        <ul className="bell-list">
          {broken > 0 ? <li><Icon name="problem" /><Link id="bell-calendars" href="/calendars">{words.action(broken)}</Link></li> : null}
          {conflicts.data?.items.slice(0, namedAtMost).map((c) => (
            <li key={c.id}><Icon name="conflict" /><Link id={`bell-conflict-${c.id}`} href={`/conflicts/${c.id}`}>{conflictWords.differs(c.groups.map(conflictWords.group))}</Link></li>
          ))}
          {open > 0 ? <li><Icon name="conflict" /><Link id="bell-conflicts" href="/conflicts">{words.conflicts(open, !!conflicts.data?.next_cursor)}</Link></li> : null}
        </ul>
      )}
    </InfoPopover>
  );
}
