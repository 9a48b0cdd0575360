// SPDX-License-Identifier: Apache-2.0
// One tenant: whether its work runs, how far it is rolled out, and its keys.
import {useState, type ReactNode} from 'react';
import type {Body} from '../../api/client';
import {Problem} from '../../api/problem';
import type {Tenant} from '../../api/shapes';
import {useAnswer, useWrite} from '../../data/cache';
import type {PageProps} from '../../routes';
import {api} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {console_} from '../../texts/console';
import {Button} from '../../ui/button';
import {Switch} from '../../ui/checks';
import {ConfirmDialog} from '../../ui/overlays';
import {Select} from '../../ui/select';
import {Card, EmptyState, QueryError, Skeleton, StatusPill} from '../../ui/states';
import {RelativeTime} from '../../ui/time';
import {toast} from '../../ui/toast';
import {withProblem} from '../calendars/queries';
import {goIn} from '../console/shared';
import {Keys} from './keys';

const words = console_.one;
const back = {id: 'tenant-back', href: '/console/tenants', label: words.back};
const stages: Tenant['release_stage'][] = ['internal', 'beta', 'ga'];
const flags = ['connect_google', 'connect_microsoft', 'guest_mail'] as const;
type Change = Body<'/v1/admin/tenants/{tenant_id}', 'patch'>;

const useChange = (id: string, done: (tenant: Tenant) => void) =>
  withProblem(useWrite((change: Change) => api.patch('/v1/admin/tenants/{tenant_id}', {path: {tenant_id: id}, body: change}), ['tenants', 'summary', 'console', 'overview', 'audit'], done), words.failed);

export default function TenantPage({params}: PageProps): ReactNode {
  const id = params['id'] ?? '';
  const tenant = useAnswer(['tenants', 'one', id], (signal) => api.get('/v1/admin/tenants/{tenant_id}', {path: {tenant_id: id}, signal}));
  const t = tenant.data;
  if (!t) {
    const gone = tenant.error instanceof Problem && tenant.error.status === 404;
    return (
      <>
        <PageHead title={console_.tenants.title} back={back} />
        {gone ? <EmptyState icon="tenants" title={words.gone} /> : tenant.isError ? <QueryError id="tenant-retry" error={tenant.error} retry={() => void tenant.refetch()} /> : <Skeleton lines={6} />}
      </>
    );
  }
  return (
    <>
      <PageHead title={t.name} back={back} actions={<Button id="tenant-enter" icon="calendars" onPress={() => goIn(t.id, '/calendars')}>{words.enter}</Button>} />
      <div className="console-columns">
        <Work tenant={t} />
        <RollOut tenant={t} />
      </div>
      <Keys tenantId={t.id} />
      <Card id="tenant-clients" title={words.clients} actions={<Button id="tenant-clients-open" icon="key" onPress={() => goIn(t.id, '/console/oauth-clients')}>{words.clientsOpen}</Button>}>
        <p>{words.clientsHelp}</p>
      </Card>
    </>
  );
}

function Work({tenant: t}: {tenant: Tenant}): ReactNode {
  const [asking, setAsking] = useState(false);
  const change = useChange(t.id, (now) => {
    setAsking(false);
    toast({tone: 'good', title: now.work_stopped ? words.stopDone : words.releaseDone});
  });
  return (
    <Card id="tenant-work" title={words.work} tone={t.work_stopped ? 'bad' : undefined}>
      <div className="console-stack">
        <p>{t.work_stopped ? <StatusPill tone="bad" icon="pause">{console_.tenants.stopped}</StatusPill> : <StatusPill tone="good">{console_.tenants.running}</StatusPill>}{' '}
          {t.work_stopped ? <RelativeTime at={t.work_stopped_at} /> : null}</p>
        <p>{t.work_stopped ? words.stopped : words.runs}</p>
        <div><Button id="tenant-work-change" kind={t.work_stopped ? 'primary' : 'secondary'} icon={t.work_stopped ? 'play' : 'pause'} onPress={() => setAsking(true)}>{t.work_stopped ? words.release : words.stop}</Button></div>
      </div>
      <ConfirmDialog id="tenant-work-ask" title={t.work_stopped ? words.releaseTitle(t.name) : words.stopTitle(t.name)} open={asking} onClose={() => setAsking(false)} busy={change.isPending}
        kind={t.work_stopped ? 'primary' : 'danger'} confirm={t.work_stopped ? words.releaseConfirm : words.stopConfirm} onConfirm={() => change.mutate({work_stopped: !t.work_stopped})}>
        {t.work_stopped ? <p>{words.releaseHelp}</p> : <><p>{words.stopHelp}</p><p>{words.stopKept}</p></>}
      </ConfirmDialog>
    </Card>
  );
}

function RollOut({tenant: t}: {tenant: Tenant}): ReactNode {
  const change = useChange(t.id, () => toast({tone: 'good', title: words.saved}));
  return (
    <Card id="tenant-settings" title={words.settings}>
      <div className="console-stack">
        <Select id="tenant-stage" label={words.stage} required help={words.stageHelp} disabled={change.isPending} value={t.release_stage}
          choices={stages.map((key) => ({key, label: console_.tenants.stages[key]}))} onChange={(release_stage) => release_stage !== t.release_stage && change.mutate({release_stage})} />
        <Switch id="tenant-rehearsal" label={words.rehearsal} help={words.rehearsalHelp} disabled={change.isPending} value={t.rehearsal_default} onChange={(rehearsal_default) => change.mutate({rehearsal_default})} />
        <h3>{words.features}</h3>
        <p className="console-dim">{words.featuresHelp}</p>
        {flags.map((f) => <Switch key={f} id={`tenant-flag-${f}`} label={words.flags[f]} disabled={change.isPending} value={t.flags[f] ?? true} onChange={(on) => change.mutate({flags: {[f]: on}})} />)}
      </div>
    </Card>
  );
}
