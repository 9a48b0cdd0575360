// SPDX-License-Identifier: Apache-2.0
import {App} from './app';
import {keyOfFragment} from './model/session';
import {mountShell} from './views/shell';

/** A sign-in link's key leaves the address bar, and with it the history, before anything else happens. */
function takeKeyFromAddress(): string | null {
  const key = keyOfFragment(location.hash);
  if (key !== null) history.replaceState(null, '', location.pathname + location.search);
  return key;
}

const key = takeKeyFromAddress();
const app = new App();
if (key === null) app.resume();
else void app.signIn(key);
mountShell(document.getElementById('app')!, app);

addEventListener('hashchange', () => {
  const another = takeKeyFromAddress();
  if (another !== null) void app.signIn(another);
});
