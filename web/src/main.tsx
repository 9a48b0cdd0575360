// SPDX-License-Identifier: Apache-2.0
// The start: takes a credential out of the address, asks who is signed in, and draws the page of the address.
import {createRoot} from 'react-dom/client';
import {followLinks, navigate} from './router/router';
import {sessions} from './session/context';
import {arrive} from './session/arrival';
import {closeConsentWindow} from './session/consent';
import {credentialsOfFragment} from './session/link';
import {Root} from './shell/root';

/** A sign-in link's secret leaves the address bar, and with it the history, before anything else happens. */
function takeCredentials(): ReturnType<typeof credentialsOfFragment> {
  const found = credentialsOfFragment(location.hash);
  if (found) history.replaceState(null, '', location.pathname + location.search);
  return found;
}

function start(): void {
  const found = takeCredentials();
  if (found) void arrive(found, navigate);
  else void sessions.resume();
}

if (!closeConsentWindow()) start();
addEventListener('hashchange', () => {
  const found = takeCredentials();
  if (found) void arrive(found, navigate);
});
followLinks();
createRoot(document.getElementById('app')!).render(<Root />);
