// SPDX-License-Identifier: Apache-2.0
// How an entry stands in each of its calendars.
import type {ReactNode} from 'react';
import {nameOf} from '../../model/providers';
import type {Standing, StandingState} from '../../model/schedule';
import {decisions} from '../../texts/decisions';
import {provider as vendors} from '../../texts/provider';
import {schedule} from '../../texts/schedule';
import {Link} from '../../ui/button';
import {StatusPill, type Tone} from '../../ui/states';
import {useProviders} from '../calendars/queries';

const words = schedule.form;
const tones: Record<StandingState, Tone> = {in_step: 'good', waiting: 'wait', conflict: 'bad', refused: 'bad', held: 'wait', off: 'off'};

export function SyncList({entryId, sync}: {entryId: string; sync: readonly Standing[]}): ReactNode {
  const providers = useProviders();
  const known = new Map((providers.data?.items ?? []).map((p) => [p.id, p]));
  return (
    <section className="entry-sync" aria-labelledby="entry-sync-title">
      <h3 id="entry-sync-title">{words.sync}</h3>
      {sync.length === 0 ? <p className="field-help">{words.noCalendars}</p> : (
        <ul>
          {sync.map((s) => {
            const p = known.get(s.provider_id);
            return (
              <li key={s.provider_id} className="entry-standing">
                <span className="entry-calendar">
                  <span>{p ? `${vendors.vendor(p.type)} · ${nameOf(p)}` : words.sync}</span>
                  {p?.account ? <span className="menu-detail">{p.account}</span> : null}
                </span>
                <span className="entry-state">
                  <StatusPill tone={tones[s.state]} icon={s.state === 'conflict' ? 'conflict' : undefined}>{schedule.state(s.state)}</StatusPill>
                  {s.reason && s.state !== 'in_step' ? <code>{s.reason}</code> : null}
                  {s.conflict_id ? <Link id={`entry-conflict-${s.conflict_id}`} href={`/conflicts/${s.conflict_id}`}>{schedule.conflictOpen}</Link> : null}
                </span>
              </li>
            );
          })}
        </ul>
      )}
      <p><Link id="entry-decisions" icon="decision" href={`/console/decisions?entry=${entryId}`}>{decisions.why}</Link></p>
    </section>
  );
}
