// SPDX-License-Identifier: Apache-2.0
// What syncing would do, before it does anything.
import {useState, type ReactNode} from 'react';
import type {Provider, Schemas} from '../../api/shapes';
import {useAnswer, useWrite} from '../../data/cache';
import {api, useRights} from '../../session/context';
import {calendars} from '../../texts/calendars';
import {numberWord} from '../../texts/language';
import {Button} from '../../ui/button';
import {ConfirmDialog} from '../../ui/overlays';
import {Card, Notice, Progress, QueryError} from '../../ui/states';
import {toast} from '../../ui/toast';
import {providerRoots, withProblem} from '../calendars/queries';

const words = calendars.rehearsal;
const lookMs = 2_000;
const examples = 3;

export function Rehearsal({provider}: {provider: Provider}): ReactNode {
  return provider.rehearsal && provider.status === 'active' ? <Report provider={provider} /> : null;
}

function Report({provider}: {provider: Provider}): ReactNode {
  const rights = useRights();
  const [asking, setAsking] = useState(false);
  const found = useAnswer(['rehearsal', provider.id], (signal) => api.get('/v1/calendar-providers/{provider_id}/rehearsal', {path: {provider_id: provider.id}, signal}),
    {enabled: rights.operate, everyMs: (known) => (known?.report ? false : lookMs)});
  const approve = withProblem(useWrite(
    () => api.post('/v1/calendar-providers/{provider_id}/rehearsal/approval', {path: {provider_id: provider.id}}),
    providerRoots,
    () => {
      setAsking(false);
      toast({tone: 'good', title: words.approved});
    },
  ), words.failed);
  const report = found.data?.report;
  return (
    <div className="calendar-panel">
      <Card id="calendar-rehearsal" title={words.title}>
        {report ? <Parts report={report} /> : found.isError ? <QueryError id="rehearsal-retry" error={found.error} retry={() => void found.refetch()} /> : <Progress label={words.reading} />}
        {report && rights.administer ? <div className="panel-actions"><Button id="rehearsal-approve" kind="primary" icon="check" onPress={() => setAsking(true)}>{words.approve}</Button></div> : null}
      </Card>
      <ConfirmDialog id="rehearsal-confirm" title={words.confirm} open={asking} onClose={() => setAsking(false)} kind="primary" confirm={words.approve} busy={approve.isPending} onConfirm={() => approve.mutate(undefined)}>
        <p>{words.confirmHelp}</p>
      </ConfirmDialog>
    </div>
  );
}

function Parts({report}: {report: Schemas['rehearsal_report']}): ReactNode {
  const skipped = report.skipped.reduce((n, s) => n + s.count, 0);
  const parts: [string, string, Schemas['rehearsal_part']][] = [
    ['created-here', words.createdHere, report.created_here], ['changed-here', words.changedHere, report.changed_here],
    ['created-there', words.createdThere, report.created_there], ['changed-there', words.changedThere, report.changed_there], ['linked', words.linked, report.linked],
  ];
  return (
    <>
      <p>{words.lead(report.events_read)}</p>
      {report.complete ? null : <Notice>{words.incomplete}</Notice>}
      <div className="rehearsal-parts">
        {parts.map(([key, label, part]) => (
          <section key={key} className="rehearsal-part">
            <p className="rehearsal-count"><strong>{numberWord(part.count)}</strong> <span>{label}</span></p>
            <ul>{part.samples.slice(0, examples).map((s) => <li key={s.id}>{s.title}</li>)}</ul>
          </section>
        ))}
        <section className="rehearsal-part">
          <p className="rehearsal-count"><strong>{numberWord(skipped)}</strong> <span>{words.skipped}</span></p>
          <ul>{report.skipped.map((s) => <li key={s.reason}>{numberWord(s.count)} × <code>{s.reason}</code></li>)}</ul>
        </section>
      </div>
      {report.mailed > 0 ? <Notice>{words.mailed(report.mailed)}</Notice> : null}
    </>
  );
}
