// SPDX-License-Identifier: Apache-2.0
// The tenant's own OAuth clients, one at each vendor at most: set, replaced, removed. A secret goes in and never comes back.
import {useState, type ReactNode} from 'react';
import type {UseQueryResult} from '@tanstack/react-query';
import {Problem} from '../../api/problem';
import type {ProviderType, Schemas} from '../../api/shapes';
import {useAnswer, useWrite} from '../../data/cache';
import {redirectUri} from '../../model/oauth_clients';
import {useQueryParam} from '../../router/router';
import {api} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {oauthClients as words} from '../../texts/oauth_clients';
import {provider as providerWords} from '../../texts/provider';
import {Button} from '../../ui/button';
import {VendorMark} from '../../ui/icons';
import {ConfirmDialog} from '../../ui/overlays';
import {Card, Notice, QueryError, Skeleton, StatusPill} from '../../ui/states';
import {toast} from '../../ui/toast';
import {useProviders, withProblem} from '../calendars/queries';
import {Pair} from '../console/shared';
import {ClientForm, clientRoots, RedirectUri} from './form';

export type Client = Schemas['oauth_client'];
const vendors: ProviderType[] = ['google', 'microsoft'];

/** Null: the tenant has none of its own there. */
const useClient = (type: ProviderType): UseQueryResult<Client | null, Error> =>
  useAnswer<Client | null>(['oauth-clients', type], (signal) => api.get('/v1/oauth-clients/{vendor}', {path: {vendor: type}, signal}).catch((e: unknown) => {
    if (e instanceof Problem && e.code === 'oauth_client_not_found') return null;
    throw e;
  }));

/** How many calendars hold a consent there; null while it is not known. */
function useConnected(type: ProviderType): {n: number; more: boolean} | null {
  const {data} = useProviders();
  if (!data) return null;
  return {n: data.items.filter((p) => p.type === type && p.status !== 'pending_authorization').length, more: data.more};
}

export default function OauthClientsPage(): ReactNode {
  const [asked, setAsked] = useQueryParam('vendor');
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className="console-columns">
        {vendors.map((type) => <Vendor key={type} type={type} editing={asked === type} onEdit={(on) => setAsked(on ? type : '')} />)}
      </div>
    </>
  );
}

function Vendor({type, editing, onEdit}: {type: ProviderType; editing: boolean; onEdit: (on: boolean) => void}): ReactNode {
  const vendor = providerWords.vendor(type);
  const client = useClient(type);
  const connected = useConnected(type);
  const [removing, setRemoving] = useState(false);
  const own = client.data;
  const remove = withProblem(useWrite(() => api.delete('/v1/oauth-clients/{vendor}', {path: {vendor: type}}), clientRoots, () => {
    setRemoving(false);
    toast({tone: 'good', title: words.removal.done(vendor)});
  }), words.removal.failed);
  return (
    <Card id={`client-${type}`} title={<span className="client-vendor"><VendorMark type={type} />{vendor}</span>}>
      {own === undefined ? (client.isError ? <QueryError id={`client-${type}-retry`} error={client.error} retry={() => void client.refetch()} /> : <Skeleton lines={5} />) : (
        <div className="console-stack">
          <p><StatusPill tone={own ? 'good' : 'off'} icon={own ? 'key' : 'tenants'}>{own ? words.own : words.common}</StatusPill></p>
          <p>{own ? words.ownHelp(vendor) : words.commonHelp(vendor)}</p>
          <dl className="pairs">
            {own ? (
              <>
                <Pair label={words.id(type)}><code id={`client-${type}-id`}>{own.client_id}</code></Pair>
                <Pair label={words.secret}>{words.secretKept}</Pair>
                {own.authority_tenant ? <Pair label={words.directory}><code>{own.authority_tenant}</code></Pair> : null}
              </>
            ) : null}
            <Pair label={words.calendars}>{connected ? words.calendarsOf(connected.n, connected.more) : '–'}</Pair>
          </dl>
          <div className="client-acts">
            <Button id={`client-${type}-change`} kind={own ? 'secondary' : 'primary'} icon={own ? 'edit' : 'plus'} aria-label={words.actOf(own ? words.replace : words.setUp, vendor)} onPress={() => onEdit(true)}>{own ? words.replace : words.setUp}</Button>
            {own ? <Button id={`client-${type}-remove`} kind="danger" icon="trash" aria-label={words.actOf(words.remove, vendor)} onPress={() => setRemoving(true)}>{words.remove}</Button> : null}
          </div>
          <RedirectUri id={`client-${type}-redirect`} type={type} uri={redirectUri(location.origin, type)} />
        </div>
      )}
      {editing && own !== undefined ? <ClientForm type={type} of={own} connected={connected?.n ?? 0} onClose={() => onEdit(false)} /> : null}
      <ConfirmDialog id="client-removal" title={words.removal.title(vendor)} open={removing} onClose={() => setRemoving(false)} busy={remove.isPending} disabled={connected === null} confirm={words.removal.confirm} onConfirm={() => remove.mutate(undefined)}>
        <p>{words.removal.help(vendor)}</p>
        {!connected ? <Skeleton lines={2} /> : connected.n === 0 ? <p>{words.removal.none(vendor)}</p> : <Notice tone="wait" id="client-removal-connected">{words.removal.connected(connected.n, vendor)}</Notice>}
      </ConfirmDialog>
    </Card>
  );
}
