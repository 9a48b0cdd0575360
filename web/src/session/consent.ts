// SPDX-License-Identifier: Apache-2.0
// The vendor's consent, in a window of its own or on this page. What comes back says that it is done and nothing else: no secret ever passes here.
import {api} from './context';

const mark = 'connected';
const kind = 'kalends:connected';

export interface Link {
  url: string;
  expires_at: string;
}

/** A link for the owner of the account; it works once. */
export const consentLink = (providerId: string, returnTo?: string): Promise<Link> =>
  api.post('/v1/calendar-providers/{provider_id}/authorization', {path: {provider_id: providerId}, body: returnTo ? {return_to: returnTo} : {}});

const returnTo = (providerId: string, how: 'window' | 'page'): string => `/calendars/${providerId}?${mark}=${how}`;

/** Leaves this page for the vendor's, and comes back to the calendar. */
export async function consentHere(providerId: string): Promise<void> {
  const {url} = await consentLink(providerId, returnTo(providerId, 'page'));
  location.assign(url);
}

/** `blocked`: the browser does not open windows. Call it from a press: only then may it. */
export async function consentInWindow(providerId: string): Promise<Window | 'blocked'> {
  const other = open('about:blank', 'kalends-consent', 'popup,width=560,height=720');
  if (!other) return 'blocked';
  try {
    const {url} = await consentLink(providerId, returnTo(providerId, 'window'));
    other.location.href = url;
    return other;
  } catch (e) {
    other.close();
    throw e;
  }
}

/** In the window of the consent, once it is back at our address: tells its opener, if that is one of our own pages, and closes. */
export function closeConsentWindow(): boolean {
  if (new URLSearchParams(location.search).get(mark) !== 'window' || !opener) return false;
  const id = location.pathname.split('/').at(-1) ?? '';
  (opener as Window).postMessage({kind, providerId: id}, location.origin);
  close();
  return true;
}

/** Calls back when the window of this page has come back. Anything from another origin is not listened to. */
export function onConsent(tell: (providerId: string) => void): () => void {
  const hear = (e: MessageEvent<unknown>): void => {
    const said = e.data as {kind?: unknown; providerId?: unknown} | null;
    if (e.origin !== location.origin || said?.kind !== kind || typeof said.providerId !== 'string') return;
    tell(said.providerId);
  };
  addEventListener('message', hear);
  return () => removeEventListener('message', hear);
}
