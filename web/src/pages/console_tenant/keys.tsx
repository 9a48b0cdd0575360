// SPDX-License-Identifier: Apache-2.0
// The tenant's API keys: listed without their secrets, shown once when made, revoked for good.
import {useState, type ReactNode} from 'react';
import {allPages} from '../../api/client';
import type {Role, Schemas} from '../../api/shapes';
import {useAnswer, useWrite} from '../../data/cache';
import {api} from '../../session/context';
import {console_} from '../../texts/console';
import {Button} from '../../ui/button';
import {ConfirmDialog, Dialog} from '../../ui/overlays';
import {RadioGroup} from '../../ui/radio_group';
import {Card, EmptyState, Notice, QueryError, Skeleton, StatusPill} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {TextField} from '../../ui/text_field';
import {RelativeTime} from '../../ui/time';
import {toast} from '../../ui/toast';
import {withProblem} from '../calendars/queries';

const words = console_.one;
type Key = Schemas['api_key'];
const roles: Role[] = ['reader', 'operator', 'admin'];
const pageLimit = 200;

export function Keys({tenantId}: {tenantId: string}): ReactNode {
  const keys = useAnswer(['tenants', 'keys', tenantId], (signal) => allPages<Key>((cursor) => api.get('/v1/admin/tenants/{tenant_id}/keys', {path: {tenant_id: tenantId}, query: {limit: pageLimit, cursor}, signal})));
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key | null>(null);
  const revoke = withProblem(useWrite((key: Key) => api.delete('/v1/admin/tenants/{tenant_id}/keys/{key_id}', {path: {tenant_id: tenantId, key_id: key.id}}), ['tenants', 'audit'], () => {
    setRevoking(null);
    toast({tone: 'good', title: words.revokedDone});
  }), words.failed);
  const columns: ColumnOf<Key>[] = [
    {key: 'name', label: words.key.name, heading: true, minWidth: 160, grow: 2, cell: (k) => k.name},
    {key: 'role', label: words.key.role, minWidth: 110, cell: (k) => words.roles[k.role].split(':')[0]},
    {key: 'created', label: words.key.created, minWidth: 130, cell: (k) => <RelativeTime at={k.created_at} />},
    {key: 'state', label: words.key.state, minWidth: 220, cell: (k) => (k.revoked_at
      ? <StatusPill tone="off">{words.key.revoked}</StatusPill>
      : <><StatusPill tone="good">{words.key.valid}</StatusPill> <Button id={`tenant-key-revoke-${k.id}`} small kind="quiet" aria-label={words.revokeOf(k.name)} onPress={() => setRevoking(k)}>{words.revoke}</Button></>)},
  ];
  return (
    <Card id="tenant-keys" title={words.keys} actions={<Button id="tenant-key-make" icon="plus" onPress={() => setMaking(true)}>{words.makeKey}</Button>}>
      {!keys.data ? (keys.isError ? <QueryError id="tenant-keys-retry" error={keys.error} retry={() => void keys.refetch()} /> : <Skeleton lines={3} />)
        : keys.data.items.length === 0 ? <EmptyState icon="link" title={words.noKeys} />
          : <DataTable id="tenant-keys-table" label={words.keys} columns={columns} rows={keys.data.items} rowKey={(k) => k.id} />}
      {making ? <MakeKey tenantId={tenantId} onClose={() => setMaking(false)} /> : null}
      <ConfirmDialog id="tenant-key-ask" title={words.revokeTitle(revoking?.name ?? '')} open={revoking !== null} onClose={() => setRevoking(null)} busy={revoke.isPending} confirm={words.revokeConfirm} onConfirm={() => revoking && revoke.mutate(revoking)}>
        <p>{words.revokeHelp}</p>
      </ConfirmDialog>
    </Card>
  );
}

function MakeKey({tenantId, onClose}: {tenantId: string; onClose: () => void}): ReactNode {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('reader');
  const [missing, setMissing] = useState(false);
  const make = withProblem(useWrite(() => api.post('/v1/admin/tenants/{tenant_id}/keys', {path: {tenant_id: tenantId}, body: {name: name.trim(), role}}), ['tenants', 'audit']), words.failed);
  const secret = make.data?.key ?? null;
  const submit = (): void => {
    setMissing(name.trim() === '');
    if (name.trim() !== '') make.mutate(undefined);
  };
  const copy = (text: string): void => void (navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard')))
    .then(() => toast({tone: 'good', title: words.copied}), () => toast({tone: 'info', title: words.notCopied}));
  if (secret !== null) {
    return (
      <Dialog id="tenant-key-made" title={words.made} open onClose={onClose} sticky
        actions={<><Button id="tenant-key-copy" onPress={() => copy(secret)}>{words.copy}</Button><Button id="tenant-key-kept" kind="primary" onPress={onClose}>{words.done}</Button></>}>
        <Notice tone="wait">{words.madeHelp}</Notice>
        <p><code id="tenant-key-secret">{secret}</code></p>
      </Dialog>
    );
  }
  return (
    <Dialog id="tenant-key-new" title={words.makeKey} open onClose={onClose} actions={<Button id="tenant-key-submit" kind="primary" busy={make.isPending} onPress={submit}>{words.make}</Button>}>
      <TextField id="tenant-key-name" label={words.key.name} required maxLength={200} autoFocus value={name} onChange={setName} problem={missing && name.trim() === '' ? words.nameMissing : null} />
      <RadioGroup id="tenant-key-role" label={words.key.role} value={role} onChange={setRole}
        choices={roles.map((key) => { const [label, detail] = words.roles[key].split(': '); return {key, label: label!, detail: detail ?? ''}; })} />
    </Dialog>
  );
}
