// SPDX-License-Identifier: Apache-2.0
// The doctor: what is set up wrong, what follows from it, and the step that mends it.
import './page.css';
import type {ReactNode} from 'react';
import {useAnswer} from '../../data/cache';
import {byArea, needsDoing, type AreaGroup, type FindingState, type NamedFinding} from '../../model/doctor';
import {api} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {doctor as words} from '../../texts/doctor';
import {Button} from '../../ui/button';
import type {IconName} from '../../ui/icons';
import {Card, Notice, QueryError, Skeleton, StatusPill, type Tone} from '../../ui/states';
import {RelativeTime} from '../../ui/time';
import {toast} from '../../ui/toast';

const tones: Record<FindingState, Tone> = {ok: 'good', warning: 'wait', problem: 'bad', skipped: 'off'};
const icons: Record<FindingState, IconName> = {ok: 'check', warning: 'warning', problem: 'problem', skipped: 'minus'};

const copy = (text: string): void => void (navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard')))
  .then(() => toast({tone: 'good', title: words.copied}), () => toast({tone: 'info', title: words.notCopied}));

export default function DoctorPage(): ReactNode {
  const report = useAnswer(['doctor'], (signal) => api.get('/v1/admin/doctor', {signal}), {keep: true});
  const r = report.data;
  return (
    <>
      <PageHead title={words.title} lead={words.lead}
        actions={<Button id="doctor-run" icon="doctor" kind="primary" busy={report.isFetching} onPress={() => void report.refetch()}>{words.run}</Button>} />
      <p className="unseen" role="status">{report.isFetching ? words.running : ''}</p>
      {!r ? (report.isError ? <QueryError id="doctor-retry" error={report.error} retry={() => void report.refetch()} /> : <Skeleton cards={3} lines={3} />) : (
        <>
          {report.isError && !report.isFetching ? <QueryError id="doctor-again" error={report.error} retry={() => void report.refetch()} /> : null}
          <p className="doctor-run" id="doctor-last">
            <span>{words.ran} <RelativeTime id="doctor-ran" at={r.ran_at} />, {words.took(r.took_ms)}</span>
            {(['problem', 'warning', 'ok', 'skipped'] as const).map((s) => (r.counts[s] > 0
              ? <StatusPill key={s} tone={tones[s]} icon={icons[s]}>{words.state(s)}: {r.counts[s]}</StatusPill> : null))}
          </p>
          <Notice id="doctor-sum" tone={tones[r.state === 'skipped' ? 'ok' : r.state]}>{r.counts.problem + r.counts.warning > 0 ? words.wrong(r.counts.problem, r.counts.warning) : words.sound}</Notice>
          <div className="doctor-areas">{byArea(r.items).map((group) => <AreaCard key={group.area} group={group} />)}</div>
        </>
      )}
    </>
  );
}

function AreaCard({group}: {group: AreaGroup}): ReactNode {
  return (
    <Card id={`doctor-${group.area}`} title={words.area(group.area)} tone={tones[group.worst]}>
      <ul>{group.findings.map((f) => <FindingLine key={f.key} f={f} />)}</ul>
    </Card>
  );
}

function FindingLine({f}: {f: NamedFinding}): ReactNode {
  const name = words.check(f.check);
  return (
    <li className="doctor-finding" id={`doctor-finding-${f.key}`} data-state={f.state}>
      <div><StatusPill tone={tones[f.state]} icon={icons[f.state]}>{words.state(f.state)}</StatusPill></div>
      <div className="doctor-words">
        <h3>{name} <span className="doctor-subject">{f.subject}</span></h3>
        <p>{f.found}</p>
        {f.consequence || f.remedy ? (
          <dl className="doctor-advice">
            {f.consequence ? <><dt>{words.means}</dt><dd>{f.consequence}</dd></> : null}
            {f.remedy ? <><dt>{words.todo}</dt><dd>{f.remedy}</dd></> : null}
          </dl>
        ) : null}
        {f.copy ? (
          <div className="doctor-copy">
            <code>{f.copy}</code>
            <Button id={`doctor-copy-${f.key}`} small kind={needsDoing(f) ? 'secondary' : 'quiet'} aria-label={words.copyOf(name, f.subject)} onPress={() => copy(f.copy!)}>{words.copy}</Button>
          </div>
        ) : null}
      </div>
    </li>
  );
}
