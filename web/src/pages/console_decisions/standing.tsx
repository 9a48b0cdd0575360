// SPDX-License-Identifier: Apache-2.0
// How an entry stands in each of its calendars right now.
import type {ReactNode} from 'react';
import {Problem} from '../../api/problem';
import {useAnswer} from '../../data/cache';
import {api} from '../../session/context';
import {decisions} from '../../texts/decisions';
import {Link} from '../../ui/button';
import {Card, QueryError, Skeleton, StatusPill, type Tone} from '../../ui/states';

const words = decisions.now;
const tones: Record<string, Tone> = {in_step: 'good', pending: 'wait', removing: 'wait', held: 'wait', unsayable: 'bad'};

export function Standing({entryId, names}: {entryId: string; names: ReadonlyMap<string, string>}): ReactNode {
  const found = useAnswer(['sync-status', entryId], (signal) => api.get('/v1/schedule-entries/{entry_id}/sync-status', {path: {entry_id: entryId}, signal}));
  const gone = found.error instanceof Problem && found.error.status === 404;
  return (
    <Card id="decisions-now" title={words.title}>
      {gone ? <p>{words.gone}</p>
        : !found.data ? (found.isError ? <QueryError id="decisions-now-retry" error={found.error} retry={() => void found.refetch()} /> : <Skeleton lines={2} />)
          : found.data.providers.length === 0 ? <p>{words.none}</p> : (
            <dl className="pairs">
              {found.data.providers.map((p) => (
                <div key={p.provider_id}>
                  <dt><Link id={`decisions-now-${p.provider_id}`} href={`/calendars/${p.provider_id}`}>{names.get(p.provider_id) ?? decisions.calendar}</Link></dt>
                  <dd><StatusPill tone={tones[p.state] ?? 'off'}>{words.state(p.state)}</StatusPill>{p.reason ? <> <code>{p.reason}</code></> : null}</dd>
                </div>
              ))}
            </dl>
          )}
    </Card>
  );
}
