// SPDX-License-Identifier: Apache-2.0
// Asks for the consent of the account's owner: in a window, on this page, or by a link that is sent to them.
import {useEffect, useState, type ReactNode} from 'react';
import type {Provider} from '../../api/shapes';
import {makeStale} from '../../data/cache';
import {consentHere, consentInWindow, consentLink, onConsent, type Link} from '../../session/consent';
import {useRights} from '../../session/context';
import {calendars} from '../../texts/calendars';
import {provider as providerWords} from '../../texts/provider';
import {kit} from '../../texts/kit';
import {Button, Link as PageLink} from '../../ui/button';
import {TextField} from '../../ui/text_field';
import {Dialog} from '../../ui/overlays';
import {Progress} from '../../ui/states';
import {RelativeTime} from '../../ui/time';
import {toast, toastProblem} from '../../ui/toast';
import {nameOf} from '../../model/providers';
import {providerRoots} from './queries';

const words = calendars.connect;
const lookMs = 500;

export function ConnectDialog({provider, onClose, onConnected}: {provider: Provider; onClose: () => void; onConnected?: () => void}): ReactNode {
  const vendor = providerWords.vendor(provider.type);
  const rights = useRights();
  const [busy, setBusy] = useState<'window' | 'page' | 'link' | null>(null);
  const [other, setOther] = useState<Window | null>(null);
  const [link, setLink] = useState<Link | null>(null);

  useEffect(() => onConsent((id) => {
    if (id !== provider.id) return;
    makeStale(providerRoots);
    toast({tone: 'good', title: words.done, detail: words.doneDetail(nameOf(provider))});
    onClose();
    onConnected?.();
  }), [provider, onClose, onConnected]);

  useEffect(() => {
    if (!other) return;
    const timer = setInterval(() => {
      if (!other.closed) return;
      setOther(null);
      makeStale(providerRoots);
    }, lookMs);
    return () => clearInterval(timer);
  }, [other]);

  const begin = (how: 'window' | 'page' | 'link', act: () => Promise<void>) => (): void => {
    setBusy(how);
    act().catch((e: unknown) => toastProblem(words.failed, e)).finally(() => setBusy(null));
  };
  const inWindow = begin('window', async () => {
    const opened = await consentInWindow(provider.id);
    if (opened !== 'blocked') return setOther(opened);
    toast({tone: 'info', title: words.blocked});
    await consentHere(provider.id);
  });
  return (
    <Dialog id="connect" title={words.title(vendor)} open onClose={onClose} actions={<Button id="connect-later" onPress={onClose}>{kit.close}</Button>}>
      <p>{words.help(vendor)}</p>
      <div className="connect-ways">
        <Button id="connect-window" kind="primary" icon="external" busy={busy === 'window'} onPress={inWindow}>{words.popup}</Button>
        <Button id="connect-page" icon="right" busy={busy === 'page'} onPress={begin('page', () => consentHere(provider.id))}>{words.page}</Button>
      </div>
      {other ? <Progress label={words.waiting} /> : null}
      <div className="connect-owner">
        <p className="field-help">{words.linkHelp}</p>
        {link ? (
          <>
            <TextField id="connect-link-text" label={words.linkLabel} value={link.url} onChange={() => {}} required mono />
            <p className="connect-owner-line">
              <Button id="connect-link-copy" small icon="link" onPress={() => void navigator.clipboard.writeText(link.url).then(() => toast({tone: 'good', title: words.copied}), () => {})}>{words.copy}</Button>
              <span className="field-help">{words.expires} <RelativeTime at={link.expires_at} /></span>
            </p>
          </>
        ) : <Button id="connect-link" kind="quiet" icon="link" busy={busy === 'link'} onPress={begin('link', async () => setLink(await consentLink(provider.id)))}>{words.link}</Button>}
      </div>
      {rights.clients ? <p className="field-help">{words.clientHelp(vendor)} <PageLink id="connect-client" href={`/console/oauth-clients?vendor=${provider.type}`}>{words.client}</PageLink></p> : null}
    </Dialog>
  );
}
