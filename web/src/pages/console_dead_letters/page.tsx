// SPDX-License-Identifier: Apache-2.0
// Work of every tenant that did not get through: why, and another attempt or none.
import {useState, type ReactNode} from 'react';
import {addressOf, allPages, type Answer} from '../../api/client';
import {useAnswer, useWrite} from '../../data/cache';
import {useQueryParam} from '../../router/router';
import {api} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {console_} from '../../texts/console';
import {decisions} from '../../texts/decisions';
import {numberWord} from '../../texts/language';
import {Button} from '../../ui/button';
import {Dialog} from '../../ui/overlays';
import {Select} from '../../ui/select';
import {EmptyState, Notice, QueryError, Skeleton, StatusPill, type Tone} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {RelativeTime} from '../../ui/time';
import {toast} from '../../ui/toast';
import {withProblem} from '../calendars/queries';
import {clientIn, goIn, Pair, TenantFilter, TenantLink} from '../console/shared';

const words = console_.letters;
type Letter = Answer<'/v1/admin/dead-letters', 'get'>['items'][number];
const pageLimit = 200;
const tones: Record<Letter['state'], Tone> = {open: 'bad', replayed: 'info', settled: 'good', dismissed: 'off'};

export default function DeadLettersPage(): ReactNode {
  const [tenant] = useQueryParam('tenant');
  const [state, setState] = useQueryParam('state', 'open');
  const [asked, setAsked] = useState<Letter | null>(null);
  const shown = state === 'all' ? 'all' : 'open';
  const letters = useAnswer(['dead-letters', 'all', tenant, shown], (signal) => allPages<Letter>((cursor) => api.get('/v1/admin/dead-letters', {query: {tenant_id: tenant || undefined, state: shown, limit: pageLimit, cursor}, signal})), {everyMs: 30_000, keep: true});
  const columns: ColumnOf<Letter>[] = [
    {key: 'cause', label: words.columns.cause, heading: true, minWidth: 230, grow: 3, cell: (l) => <><code>{l.code}</code> {l.detail}</>},
    {key: 'what', label: words.columns.what, minWidth: 170, cell: (l) => words.kinds[l.kind]},
    {key: 'tenant', label: console_.tenant, minWidth: 150, cell: (l) => <TenantLink id={`letters-tenant-${l.id}`} tenant={l.tenant} />},
    {key: 'attempts', label: words.columns.attempts, numeric: true, minWidth: 100, cell: (l) => numberWord(l.attempts)},
    {key: 'failed', label: words.columns.failed, minWidth: 130, cell: (l) => <RelativeTime at={l.last_failed_at} />},
    {key: 'state', label: words.columns.state, minWidth: 130, cell: (l) => <StatusPill tone={tones[l.state]}>{words.state(l.state)}</StatusPill>},
    {key: 'act', action: true, label: words.columns.act, minWidth: 120, cell: (l) => (l.state === 'open' ? <Button id={`letters-decide-${l.id}`} small aria-label={words.decideOf(l.code, l.tenant.name)} onPress={() => setAsked(l)}>{words.decide}</Button> : null)},
  ];
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className="console-filters">
        <TenantFilter id="letters-filter-tenant" />
        <Select id="letters-filter-state" label={words.show} required value={shown} onChange={setState} choices={[{key: 'open', label: words.open}, {key: 'all', label: words.all}]} />
      </div>
      {!letters.data ? (letters.isError ? <QueryError id="letters-retry" error={letters.error} retry={() => void letters.refetch()} /> : <Skeleton lines={5} />)
        : letters.data.items.length === 0 ? <EmptyState icon="letter" title={words.none}>{words.noneHelp}</EmptyState>
          : <DataTable id="letters-table" label={words.title} columns={columns} rows={letters.data.items} rowKey={(l) => l.id} />}
      {letters.data?.more ? <Notice tone="info">{console_.moreThere(letters.data.items.length)}</Notice> : null}
      {asked ? <Decide key={asked.id} letter={asked} onClose={() => setAsked(null)} /> : null}
    </>
  );
}

function Decide({letter: l, onClose}: {letter: Letter; onClose: () => void}): ReactNode {
  const path = {letter_id: l.id};
  const act = withProblem(useWrite(
    (what: 'replay' | 'dismiss'): Promise<unknown> => (what === 'replay' ? clientIn(l.tenant.id).post('/v1/dead-letters/{letter_id}/replay', {path}) : clientIn(l.tenant.id).delete('/v1/dead-letters/{letter_id}', {path})),
    ['dead-letters', 'summary', 'console', 'tenants', 'sync-status', 'audit'],
    (_, what) => {
      toast({tone: 'good', title: what === 'replay' ? words.replayed : words.dismissed});
      onClose();
    },
  ), words.failed);
  return (
    <Dialog id="letter" title={words.dialog} open wide onClose={onClose} actions={
      <>
        <Button id="letter-dismiss" isDisabled={act.isPending} onPress={() => act.mutate('dismiss')}>{words.dismiss}</Button>
        <Button id="letter-replay" kind="primary" busy={act.isPending} onPress={() => act.mutate('replay')}>{words.replay}</Button>
      </>}>
      <p><code>{l.code}</code> {l.detail}</p>
      <dl className="pairs">
        <Pair label={console_.tenant}>{l.tenant.name}</Pair>
        <Pair label={words.columns.what}>{words.kinds[l.kind]}</Pair>
        {l.entry_id ? <Pair label={words.entry}><code>{l.entry_id}</code></Pair> : null}
        {l.event_id ? <Pair label={words.event}><code>{l.event_id}</code></Pair> : null}
        <Pair label={words.first}><RelativeTime at={l.first_failed_at} /></Pair>
      </dl>
      <p><Button id="letter-decisions" small kind="quiet" icon="decision" onPress={() => goIn(l.tenant.id, addressOf('/console/decisions', {}, l.entry_id ? {entry: l.entry_id} : {event: l.event_id}))}>{decisions.why}</Button></p>
      <p>{words.replayHelp[l.kind]}</p>
      <p>{words.dismissHelp}</p>
    </Dialog>
  );
}
