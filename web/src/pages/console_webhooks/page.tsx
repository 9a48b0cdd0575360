// SPDX-License-Identifier: Apache-2.0
// Where events of the tenant are sent to, how each endpoint stands, and what mends it.
import {useState, type ReactNode} from 'react';
import {useQueryParam} from '../../router/router';
import {useRights} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {webhooks as words} from '../../texts/webhooks';
import {numberWord} from '../../texts/language';
import {Button} from '../../ui/button';
import {EmptyState, QueryError, Skeleton, StatusPill} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {RelativeTime} from '../../ui/time';
import {EndpointView} from './endpoint';
import {EndpointForm, endpointTones, SecretDialog, useEndpoints, type Endpoint} from './parts';

export default function WebhooksPage(): ReactNode {
  const endpoints = useEndpoints();
  const rights = useRights();
  const [chosen, choose] = useQueryParam('endpoint');
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const add = rights.administer ? <Button id="webhooks-add" icon="plus" kind="primary" onPress={() => setAdding(true)}>{words.add}</Button> : undefined;
  const dialogs = (
    <>
      {adding ? <EndpointForm onClose={() => setAdding(false)} onMade={(made) => { setAdding(false); setSecret(made); }} /> : null}
      {secret ? <SecretDialog secret={secret} rotated={false} onClose={() => setSecret(null)} /> : null}
    </>
  );
  const one = endpoints.data?.items.find((e) => e.id === chosen);
  if (one) return <EndpointView key={one.id} endpoint={one} onBack={() => choose('')} />;
  const columns: ColumnOf<Endpoint>[] = [
    {key: 'url', label: words.columns.url, heading: true, minWidth: 190, grow: 3, cell: (e) => <Button id={`webhooks-open-${e.id}`} kind="quiet" small aria-label={words.openOf(e.url)} onPress={() => choose(e.id)}>{e.url}</Button>},
    {key: 'state', label: words.columns.state, minWidth: 120, cell: (e) => <StatusPill tone={endpointTones[e.state]}>{words.state(e.state)}</StatusPill>},
    {key: 'waiting', label: words.columns.waiting, numeric: true, minWidth: 100, cell: (e) => numberWord(e.position.last_sequence - e.position.sequence)},
    {key: 'events', label: words.columns.events, minWidth: 140, cell: (e) => (e.event_types ? words.some(e.event_types.length) : words.all)},
    {key: 'last', label: words.columns.last, minWidth: 140, cell: (e) => (e.last_delivered_at ? <RelativeTime at={e.last_delivered_at} /> : words.never)},
  ];
  return (
    <>
      <PageHead title={words.title} lead={words.lead} actions={add} />
      {!endpoints.data ? (endpoints.isError ? <QueryError id="webhooks-retry" error={endpoints.error} retry={() => void endpoints.refetch()} /> : <Skeleton lines={4} />)
        : endpoints.data.items.length === 0 ? <EmptyState icon="webhook" title={words.none}>{words.noneHelp}</EmptyState>
          : <DataTable id="webhooks-table" label={words.title} columns={columns} rows={endpoints.data.items} rowKey={(e) => e.id} />}
      {dialogs}
    </>
  );
}
