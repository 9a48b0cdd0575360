// SPDX-License-Identifier: Apache-2.0
// One endpoint: why it stands as it does, and what a person can do about it.
import {useState, type ReactNode} from 'react';
import {useWrite} from '../../data/cache';
import type {Root} from '../../data/stale';
import {api, useRights} from '../../session/context';
import {PageHead} from '../../shell/page_head';
import {factTexts} from '../../texts/facts';
import {webhooks} from '../../texts/webhooks';
import {Button} from '../../ui/button';
import {ConfirmDialog} from '../../ui/overlays';
import {Card, StatusPill} from '../../ui/states';
import {RelativeTime} from '../../ui/time';
import {toast} from '../../ui/toast';
import {withProblem} from '../calendars/queries';
import {Pair} from '../console/shared';
import {Deliveries} from './deliveries';
import {EndpointForm, endpointTones, SecretDialog, type Endpoint} from './parts';

const words = webhooks.one;
const stales: Root[] = ['webhooks', 'audit'];

export function EndpointView({endpoint: e, onBack}: {endpoint: Endpoint; onBack: () => void}): ReactNode {
  const rights = useRights();
  const [asked, ask] = useState<'change' | 'rotate' | 'remove' | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const path = {endpoint_id: e.id};
  const close = (): void => ask(null);
  const turn = withProblem(useWrite((enabled: boolean) => api.patch('/v1/webhook-endpoints/{endpoint_id}', {path, body: {enabled}}), stales, (_, enabled) => toast({tone: 'good', title: enabled ? words.mended : words.pausedDone})), words.failed);
  const test = withProblem(useWrite(() => api.post('/v1/webhook-endpoints/{endpoint_id}/test', {path}), stales, (d) =>
    toast(d.outcome === 'delivered' ? {tone: 'good', title: words.testDone} : {tone: 'bad', title: words.testFailed, detail: webhooks.why(d.code ?? '')})), words.failed);
  const rotate = withProblem(useWrite(() => api.post('/v1/webhook-endpoints/{endpoint_id}/rotate-secret', {path}), stales, (made) => {
    close();
    setSecret(made.secret);
  }), words.failed);
  const remove = withProblem(useWrite(() => api.delete('/v1/webhook-endpoints/{endpoint_id}', {path}), stales, () => {
    toast({tone: 'good', title: words.removed});
    onBack();
  }), words.failed);
  const runs = e.state === 'active' || e.state === 'failing';
  return (
    <>
      <PageHead title={webhooks.title} lead={e.url} back={{id: 'webhook-back', href: '/console/webhooks', label: words.back}} actions={
        <>
          <Button id="webhook-test" busy={test.isPending} onPress={() => test.mutate(undefined)}>{words.test}</Button>
          {rights.administer ? <Button id="webhook-change" icon="edit" onPress={() => ask('change')}>{words.change}</Button> : null}
        </>} />
      <div className="console-stack">
        <Card id="webhook-state" title={<StatusPill tone={endpointTones[e.state]}>{webhooks.state(e.state)}</StatusPill>} tone={e.state === 'disabled' ? 'bad' : undefined}
          actions={rights.administer ? (
            <>
              {runs ? <Button key="pause" id="webhook-pause" icon="pause" busy={turn.isPending} onPress={() => turn.mutate(false)}>{words.pause}</Button>
                : <Button key="mend" id="webhook-mend" icon="play" kind="primary" busy={turn.isPending} onPress={() => turn.mutate(true)}>{words.mend}</Button>}
              <Button id="webhook-rotate" onPress={() => ask('rotate')}>{words.rotate}</Button>
              <Button id="webhook-remove" kind="danger" icon="trash" onPress={() => ask('remove')}>{words.remove}</Button>
            </>
          ) : undefined}>
          <State endpoint={e} />
        </Card>
        <Deliveries endpoint={e} />
      </div>
      {asked === 'change' ? <EndpointForm of={e} onClose={close} onMade={close} /> : null}
      <ConfirmDialog id="webhook-rotate-ask" title={words.rotateTitle} open={asked === 'rotate'} onClose={close} kind="primary" busy={rotate.isPending} confirm={words.rotateConfirm} onConfirm={() => rotate.mutate(undefined)}>
        <p>{words.rotateHelp}</p>
      </ConfirmDialog>
      <ConfirmDialog id="webhook-remove-ask" title={words.removeTitle} open={asked === 'remove'} onClose={close} busy={remove.isPending} confirm={words.removeConfirm} onConfirm={() => remove.mutate(undefined)}>
        <p>{words.removeHelp}</p>
      </ConfirmDialog>
      {secret ? <SecretDialog secret={secret} rotated onClose={() => setSecret(null)} /> : null}
    </>
  );
}

function State({endpoint: e}: {endpoint: Endpoint}): ReactNode {
  const {disabled, failing} = e;
  return (
    <div className="console-stack">
      {disabled ? <p>{disabled.detail} {words.disabled}</p> : failing ? <p>{words.failing}</p> : e.state === 'paused' ? <p>{words.paused}</p> : null}
      <dl className="pairs">
        {e.description ? <Pair label={words.description}>{e.description}</Pair> : null}
        <Pair label={webhooks.columns.events}>{e.event_types ? e.event_types.map(factTexts.unknown).join(', ') : webhooks.all}</Pair>
        {disabled ? <><Pair label={words.cause}><code>{disabled.code}</code></Pair><Pair label={words.since}><RelativeTime at={disabled.since} /></Pair></> : null}
        {failing ? (
          <>
            <Pair label={words.cause}>{webhooks.why(failing.code)}</Pair>
            {failing.since ? <Pair label={words.since}><RelativeTime at={failing.since} /></Pair> : null}
            <Pair label={words.attempts}>{failing.attempts}</Pair>
            {failing.next_attempt_at ? <Pair label={words.next}><RelativeTime at={failing.next_attempt_at} /></Pair> : null}
          </>
        ) : null}
        <Pair label={words.position}>{words.positionOf(e.position.sequence, e.position.last_sequence)}</Pair>
        <Pair label={words.last}>{e.last_delivered_at ? <RelativeTime at={e.last_delivered_at} /> : webhooks.never}</Pair>
        {e.old_secret_until && new Date(e.old_secret_until).getTime() > Date.now() ? <Pair label={words.oldSecret}><RelativeTime at={e.old_secret_until} /></Pair> : null}
      </dl>
    </div>
  );
}
