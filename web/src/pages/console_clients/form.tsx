// SPDX-License-Identifier: Apache-2.0
// The form of an OAuth client. What is typed as its secret lives in this form alone and goes with it.
import {useState, type ReactNode} from 'react';
import {Problem} from '../../api/problem';
import type {ProviderType, Schemas} from '../../api/shapes';
import {useWrite} from '../../data/cache';
import type {Root} from '../../data/stale';
import {directoryFits, idProblem, redirectUri, secretProblem} from '../../model/oauth_clients';
import {api} from '../../session/context';
import {kit} from '../../texts/kit';
import {oauthClients} from '../../texts/oauth_clients';
import {provider as providerWords} from '../../texts/provider';
import {Button} from '../../ui/button';
import {Dialog} from '../../ui/overlays';
import {Notice, wordsOf} from '../../ui/states';
import {TextField} from '../../ui/text_field';
import {toast} from '../../ui/toast';

const words = oauthClients.form;
export const clientRoots: Root[] = ['oauth-clients', 'audit', 'providers', 'quota'];

type Field = 'client_id' | 'client_secret' | 'authority_tenant';

export function ClientForm({type, of, connected, onClose}: {type: ProviderType; of: Schemas['oauth_client'] | null; connected: number; onClose: () => void}): ReactNode {
  const vendor = providerWords.vendor(type);
  const [id, setId] = useState(of?.client_id ?? '');
  const [secret, setSecret] = useState('');
  const [directory, setDirectory] = useState(of?.authority_tenant ?? '');
  const [left, setLeft] = useState<ReadonlySet<Field>>(new Set());
  const save = useWrite(
    () => api.put('/v1/oauth-clients/{vendor}', {path: {vendor: type}, body: {client_id: id.trim(), client_secret: secret.trim(), ...(type === 'microsoft' ? {authority_tenant: directory.trim() || null} : {})}}),
    clientRoots,
    () => {
      toast({tone: 'good', title: words.saved(vendor)});
      onClose();
    },
  );
  const refusal = save.error instanceof Problem ? save.error : null;
  const idWrong = idProblem(type, id);
  const secretWrong = secretProblem(type, secret, id);
  const directoryWrong = type === 'microsoft' && !directoryFits(directory);
  const refused = (field: Field): string | null => (refusal?.field === field ? refusal.detail || refusal.title : null);
  const leave = (field: Field): void => setLeft((were) => new Set([...were, field]));
  const typed = (set: (text: string) => void) => (text: string): void => {
    set(text);
    if (save.isError) save.reset();
  };
  const submit = (): void => {
    setLeft(new Set(['client_id', 'client_secret', 'authority_tenant']));
    if (!idWrong && !secretWrong && !directoryWrong) save.mutate(undefined);
  };
  const same = of !== null && id.trim() === of.client_id;
  return (
    <Dialog id="client-form" title={words.title(vendor)} open onClose={onClose} sticky wide actions={
      <>
        <Button id="client-form-cancel" onPress={onClose}>{kit.cancel}</Button>
        <Button id="client-form-submit" kind="primary" busy={save.isPending} onPress={submit}>{words.submit}</Button>
      </>}>
      <p className="field-help">{words.where(type)}</p>
      <RedirectUri id="client-form-redirect" type={type} uri={redirectUri(location.origin, type)} />
      <TextField id="client-form-id" label={oauthClients.id(type)} required mono maxLength={512} autoFocus value={id} placeholder={words.idExample(type)}
        onChange={typed(setId)} onBlur={() => id !== '' && leave('client_id')} problem={refused('client_id') ?? (left.has('client_id') && idWrong ? words.idProblem(idWrong) : null)} />
      <TextField id="client-form-secret" label={oauthClients.secret} required mono type="password" maxLength={512} value={secret}
        help={of ? `${words.secretHelp(type)} ${words.secretAgain}` : words.secretHelp(type)}
        onChange={typed(setSecret)} onBlur={() => secret !== '' && leave('client_secret')} problem={refused('client_secret') ?? (left.has('client_secret') && secretWrong ? words.secretProblem(secretWrong) : null)} />
      {type === 'microsoft' ? (
        <TextField id="client-form-directory" label={oauthClients.directory} mono maxLength={253} value={directory} placeholder="common" help={words.directoryHelp}
          onChange={typed(setDirectory)} onBlur={() => leave('authority_tenant')} problem={refused('authority_tenant') ?? (left.has('authority_tenant') && directoryWrong ? words.directoryProblem : null)} />
      ) : null}
      {same ? <Notice tone="info" id="client-form-follows">{words.sameClient}</Notice> : connected > 0 ? <Notice tone="wait" id="client-form-follows">{words.otherClient(connected, vendor)}</Notice> : null}
      {save.error && !refusal?.field ? <Notice tone="bad">{words.failed}. {wordsOf(save.error).cause}</Notice> : null}
    </Dialog>
  );
}

export function RedirectUri({id, type, uri}: {id: string; type: ProviderType; uri: string}): ReactNode {
  const copy = (): void => void (navigator.clipboard?.writeText(uri) ?? Promise.reject(new Error('no clipboard')))
    .then(() => toast({tone: 'good', title: oauthClients.copied}), () => toast({tone: 'info', title: oauthClients.notCopied}));
  return (
    <div className="client-redirect">
      <p><span className="field-label">{oauthClients.redirect}</span> <span className="field-help">{oauthClients.redirectHelp(type)}</span></p>
      <div className="client-redirect-line">
        <code id={`${id}-text`} data-mask="origin">{uri}</code>
        <Button id={`${id}-copy`} small icon="link" aria-label={oauthClients.copyOf(providerWords.vendor(type))} onPress={copy}>{oauthClients.copy}</Button>
      </div>
    </div>
  );
}
