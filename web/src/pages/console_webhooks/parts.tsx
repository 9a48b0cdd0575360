// SPDX-License-Identifier: Apache-2.0
// What the page of webhook endpoints is made of: what is asked and written, the form, and a secret that is shown once.
import {useState, type ReactNode} from 'react';
import {allPages} from '../../api/client';
import {Problem} from '../../api/problem';
import type {Schemas} from '../../api/shapes';
import {useAnswer, useWrite} from '../../data/cache';
import {factTypes, urlProblem} from '../../model/webhooks';
import {api} from '../../session/context';
import {kit} from '../../texts/kit';
import {factTexts} from '../../texts/facts';
import {webhooks} from '../../texts/webhooks';
import {Button} from '../../ui/button';
import {Checkbox, Switch} from '../../ui/checks';
import {Dialog} from '../../ui/overlays';
import {RadioGroup} from '../../ui/radio_group';
import {Notice, wordsOf, type Tone} from '../../ui/states';
import {TextField} from '../../ui/text_field';
import {toast} from '../../ui/toast';

export type Endpoint = Schemas['webhook_endpoint'];
export type Delivery = Schemas['webhook_delivery'];
type FactType = Schemas['fact_type'];
const words = webhooks.form;
const pageLimit = 200;
const watchMs = 5_000;

export const endpointTones: Record<Endpoint['state'], Tone> = {active: 'good', failing: 'wait', paused: 'off', disabled: 'bad'};

export const useEndpoints = () =>
  useAnswer(['webhooks', 'all'], (signal) => allPages<Endpoint>((cursor) => api.get('/v1/webhook-endpoints', {query: {limit: pageLimit, cursor}, signal})), {everyMs: watchMs});

const urlWords = {missing: words.urlMissing, malformed: words.urlMalformed, insecure: words.urlInsecure};

/** A new endpoint, or another look for one. */
export function EndpointForm({of, onClose, onMade}: {of?: Endpoint; onClose: () => void; onMade: (secret: string) => void}): ReactNode {
  const [url, setUrl] = useState(of?.url ?? '');
  const [description, setDescription] = useState(of?.description ?? '');
  const [which, setWhich] = useState<'all' | 'some'>(of?.event_types ? 'some' : 'all');
  const [types, setTypes] = useState<readonly FactType[]>(of?.event_types ?? []);
  const [enabled, setEnabled] = useState(true);
  const [left, setLeft] = useState(false);
  const [asked, setAsked] = useState(false);
  const body = {url: url.trim(), description: description.trim(), event_types: which === 'all' ? null : [...types]};
  const save = useWrite(
    async () => {
      if (!of) return (await api.post('/v1/webhook-endpoints', {body: {...body, enabled}})).secret;
      await api.patch('/v1/webhook-endpoints/{endpoint_id}', {path: {endpoint_id: of.id}, body});
      return null;
    },
    ['webhooks', 'audit'],
    (secret) => {
      if (secret) return onMade(secret);
      toast({tone: 'good', title: webhooks.one.changed});
      onClose();
    },
  );
  const refusal = save.error instanceof Problem ? save.error : null;
  const wrong = urlProblem(url);
  const urlText = refusal?.field === 'url' ? refusal.detail : (left || asked) && wrong ? urlWords[wrong] : null;
  const noTypes = which === 'some' && types.length === 0;
  const submit = (): void => {
    setAsked(true);
    if (!wrong && !noTypes) save.mutate(undefined);
  };
  return (
    <Dialog id="endpoint-form" title={of ? words.change : words.add} open onClose={onClose} sticky wide actions={
      <>
        <Button id="endpoint-form-cancel" onPress={onClose}>{kit.cancel}</Button>
        <Button id="endpoint-form-submit" kind="primary" busy={save.isPending} onPress={submit}>{of ? words.save : words.submit}</Button>
      </>}>
      <TextField id="endpoint-form-url" label={words.url} help={words.urlHelp} required type="url" mono maxLength={2048} autoFocus value={url} placeholder="https://"
        onChange={(v) => { setUrl(v); if (save.isError) save.reset(); }} onBlur={() => setLeft(url !== '')} problem={urlText} />
      <TextField id="endpoint-form-description" label={words.description} maxLength={200} value={description} onChange={setDescription} />
      <RadioGroup id="endpoint-form-which" label={words.types} value={which} onChange={setWhich} problem={asked && noTypes ? words.typesMissing : null}
        choices={[{key: 'all', label: words.typesAll, detail: words.typesAllHelp}, {key: 'some', label: words.typesSome}]} />
      {which === 'some' ? factTypes.map((t) => (
        <Checkbox key={t} id={`endpoint-form-type-${t.toLowerCase()}`} label={factTexts.unknown(t)} value={types.includes(t)}
          onChange={(on) => setTypes(on ? [...types, t] : types.filter((other) => other !== t))} />
      )) : null}
      {of ? null : <Switch id="endpoint-form-enabled" label={words.enabled} value={enabled} onChange={setEnabled} />}
      {save.error && refusal?.field !== 'url' ? <Notice tone="bad">{words.failed}. {wordsOf(save.error).cause}</Notice> : null}
    </Dialog>
  );
}

export function SecretDialog({secret, rotated, onClose}: {secret: string; rotated: boolean; onClose: () => void}): ReactNode {
  const copy = (): void => void (navigator.clipboard?.writeText(secret) ?? Promise.reject(new Error('no clipboard')))
    .then(() => toast({tone: 'good', title: webhooks.secret.copied}), () => toast({tone: 'info', title: webhooks.secret.notCopied}));
  return (
    <Dialog id="endpoint-secret" title={webhooks.secret.title} open onClose={onClose} sticky
      actions={<><Button id="endpoint-secret-copy" onPress={copy}>{webhooks.secret.copy}</Button><Button id="endpoint-secret-kept" kind="primary" onPress={onClose}>{webhooks.secret.done}</Button></>}>
      <Notice tone="wait">{rotated ? webhooks.secret.rotatedHelp : webhooks.secret.help}</Notice>
      <p><code id="endpoint-secret-text">{secret}</code></p>
    </Dialog>
  );
}
