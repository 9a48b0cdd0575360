// SPDX-License-Identifier: Apache-2.0
// What came of each attempt, and the way to send something again.
import {useState, type ReactNode} from 'react';
import {useAnswer, useWrite} from '../../data/cache';
import {useQueryParam} from '../../router/router';
import {api, useRights} from '../../session/context';
import {factTexts} from '../../texts/facts';
import {kit} from '../../texts/kit';
import {numberWord} from '../../texts/language';
import {webhooks} from '../../texts/webhooks';
import {Button} from '../../ui/button';
import {Dialog} from '../../ui/overlays';
import {RadioGroup} from '../../ui/radio_group';
import {Select} from '../../ui/select';
import {Card, EmptyState, QueryError, Skeleton, StatusPill} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {RelativeTime} from '../../ui/time';
import {toast} from '../../ui/toast';
import {withProblem} from '../calendars/queries';
import type {Delivery, Endpoint} from './parts';

const words = webhooks.deliveries;
const shownAtOnce = 100;

export function Deliveries({endpoint: e}: {endpoint: Endpoint}): ReactNode {
  const rights = useRights();
  const [show, setShow] = useQueryParam('show', 'all');
  const [asked, setAsked] = useState<Delivery | null>(null);
  const outcome = show === 'failed' ? 'failed' : undefined;
  const list = useAnswer(['webhooks', 'deliveries', e.id, outcome], async (signal) => (await api.get('/v1/webhook-endpoints/{endpoint_id}/deliveries', {path: {endpoint_id: e.id}, query: {outcome, limit: shownAtOnce}, signal})).items, {everyMs: 5_000, keep: true});
  const typeOf = (d: Delivery): string => (d.type ? factTexts.unknown(d.type) : webhooks.cause(d.cause));
  const columns: ColumnOf<Delivery>[] = [
    {key: 'event', label: words.columns.event, heading: true, minWidth: 220, grow: 2, cell: (d) => <>{typeOf(d)} {d.sequence ? words.number(d.sequence) : ''}</>},
    {key: 'outcome', label: words.columns.outcome, minWidth: 130, cell: (d) => <StatusPill tone={d.outcome === 'delivered' ? 'good' : 'bad'}>{d.outcome === 'delivered' ? words.delivered : words.failedState}</StatusPill>},
    {key: 'why', label: words.columns.why, minWidth: 200, grow: 2, cell: (d) => (d.code ? webhooks.why(d.code) : d.cause === 'feed' ? '' : webhooks.cause(d.cause))},
    {key: 'attempt', label: words.columns.attempt, numeric: true, minWidth: 90, cell: (d) => numberWord(d.attempt)},
    {key: 'took', label: words.columns.took, numeric: true, minWidth: 90, cell: (d) => words.took(d.duration_ms)},
    {key: 'at', label: words.columns.at, minWidth: 130, cell: (d) => <RelativeTime at={d.attempted_at} />},
    ...(rights.operate ? [{key: 'act', action: true, label: words.againTitle, minWidth: 150, cell: (d: Delivery) => (d.sequence && d.cause !== 'gap' ? <Button id={`delivery-again-${d.id}`} small aria-label={words.againOf(typeOf(d))} onPress={() => setAsked(d)}>{words.again}</Button> : null)}] : []),
  ];
  return (
    <Card id="webhook-deliveries" title={words.title} actions={
      <Select id="webhook-show" label={words.show} required value={outcome ?? 'all'} onChange={setShow} choices={[{key: 'all', label: words.all}, {key: 'failed', label: words.failed}]} />}>
      {!list.data ? (list.isError ? <QueryError id="webhook-deliveries-retry" error={list.error} retry={() => void list.refetch()} /> : <Skeleton lines={4} />)
        : list.data.length === 0 ? <EmptyState icon="webhook" title={words.none} />
          : <DataTable id="webhook-deliveries-table" label={words.title} columns={columns} rows={list.data} rowKey={(d) => d.id} />}
      {asked ? <SendAgain key={asked.id} endpoint={e} delivery={asked} onClose={() => setAsked(null)} /> : null}
    </Card>
  );
}

function SendAgain({endpoint: e, delivery: d, onClose}: {endpoint: Endpoint; delivery: Delivery; onClose: () => void}): ReactNode {
  const [how, setHow] = useState<'one' | 'from'>('one');
  const send = withProblem(useWrite(
    () => api.post('/v1/webhook-endpoints/{endpoint_id}/replay', {path: {endpoint_id: e.id}, body: how === 'one' ? {delivery_id: d.id} : {from_sequence: d.sequence!}}),
    ['webhooks', 'audit'],
    (answer) => {
      onClose();
      if (!('outcome' in answer)) return toast({tone: 'good', title: words.underWay});
      if (answer.outcome === 'delivered') return toast({tone: 'good', title: words.sent});
      return toast({tone: 'bad', title: words.notSent, detail: webhooks.why(answer.code ?? '')});
    },
  ), webhooks.one.failed);
  return (
    <Dialog id="delivery-again" title={words.againTitle} open onClose={onClose} actions={
      <>
        <Button id="delivery-again-cancel" onPress={onClose}>{kit.cancel}</Button>
        <Button id="delivery-again-submit" kind="primary" busy={send.isPending} onPress={() => send.mutate(undefined)}>{words.againConfirm}</Button>
      </>}>
      <RadioGroup id="delivery-again-how" label={words.againTitle} value={how} onChange={setHow}
        choices={[{key: 'one', label: words.againOne, detail: words.againOneHelp}, {key: 'from', label: words.againFrom, detail: words.againFromHelp}]} />
    </Dialog>
  );
}
