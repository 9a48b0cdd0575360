// SPDX-License-Identifier: Apache-2.0
// Which page is shown. Further pages become further cases here.
import type {App} from '../app';
import type {State} from '../model/state';
import {texts} from '../texts';
import {overviewView} from './overview';
import {signInView} from './sign_in';
import {paintTimes} from './times';

const tickMs = 5_000;

export function mountShell(place: HTMLElement, app: App): void {
  const signIn = signInView(app);
  const overview = overviewView(app);
  document.title = texts.pageTitle;
  document.documentElement.lang = texts.language;

  let shown: HTMLElement | null = null;
  app.store.listen((state) => {
    const view = state.session ? overview : signIn;
    view.update(state);
    const first = shown === null;
    if (shown !== view.root) {
      place.replaceChildren(view.root);
      shown = view.root;
      if (!first || !state.session) focusFirst(view.root);
    }
    paint(state);
  });
  setInterval(() => paint(app.store.state), tickMs);

  function paint(state: State): void {
    paintTimes(place, state.exactTimes, Date.now());
  }
}

function focusFirst(root: HTMLElement): void {
  root.querySelector<HTMLElement>('#sign-in-key, #page-title')?.focus({preventScroll: true});
}
