// SPDX-License-Identifier: Apache-2.0
// The same decisions weighed under another conflict rule.
import {useState, type ReactNode} from 'react';
import type {Answer, Body} from '../../api/client';
import {useWrite} from '../../data/cache';
import {textOf} from '../../model/decisions';
import {api} from '../../session/context';
import {calendars} from '../../texts/calendars';
import {conflicts} from '../../texts/conflicts';
import {decisions} from '../../texts/decisions';
import {Button} from '../../ui/button';
import {Select} from '../../ui/select';
import {Card, ErrorState, wordsOf} from '../../ui/states';
import {ExactTime} from '../../ui/time';

type Policy = Body<'/v1/schedule-entries/{entry_id}/decisions/replay', 'post'>['conflict_policy'];
type Replayed = Answer<'/v1/schedule-entries/{entry_id}/decisions/replay', 'post'>;
const words = decisions.replay;
const policies: Policy[] = ['newest', 'local', 'external', 'manual'];

export function Replay({entryId, providerId}: {entryId: string; providerId?: string}): ReactNode {
  const [policy, setPolicy] = useState<Policy>('external');
  const run = useWrite((conflict_policy: Policy) => api.post('/v1/schedule-entries/{entry_id}/decisions/replay', {path: {entry_id: entryId}, body: {conflict_policy, ...(providerId ? {provider_id: providerId} : {})}}));
  const choices = policies.map((key) => ({key, label: calendars.form.conflictPolicies[key].label}));
  return (
    <Card id="decisions-replay" title={words.title}>
      <p>{words.help}</p>
      <div className="ledger-replay">
        <Select id="decisions-replay-policy" label={words.policy} required value={policy} onChange={setPolicy} choices={choices} />
        <Button id="decisions-replay-run" busy={run.isPending} onPress={() => run.mutate(policy)}>{words.run}</Button>
      </div>
      {run.error ? <ErrorState cause={`${words.failed}. ${wordsOf(run.error).cause}`} code={wordsOf(run.error).code} /> : null}
      {run.data ? <Outcome found={run.data} /> : null}
    </Card>
  );
}

function Outcome({found}: {found: Replayed}): ReactNode {
  return (
    <div className="ledger-would" id="decisions-replay-outcome" role="status">
      {found.items.length === 0 ? <p>{words.none}</p> : null}
      {found.items.map((d) => (
        <div key={d.decision_id}>
          <p className="ledger-name"><ExactTime at={d.time} /></p>
          <p>{words.then(decisions.reasonName(d.reason), decisions.reasonName(d.reason_then))}. {words.differs(d.differs.map(conflicts.group))}</p>
          {Object.keys(d.entry_would_say).length > 0 ? (
            <>
              <p className="ledger-name">{words.would}</p>
              <dl className="ledger-field">{Object.entries(d.entry_would_say).map(([field, value]) => <div key={field}><dt>{decisions.field(field)}</dt><dd>{textOf(value)}</dd></div>)}</dl>
            </>
          ) : null}
        </div>
      ))}
      <p className="ledger-about">{words.same(found.same, found.weighed_nothing)} {found.older_left_out ? words.older : ''}</p>
    </div>
  );
}
