// SPDX-License-Identifier: Apache-2.0
import type {App} from '../app';
import type {State} from '../model/state';
import {texts} from '../texts';
import {activityView} from './activity';
import {calendarsView} from './calendars';
import {el, onClick, setAttribute, setText, type View} from './dom';
import {productMark} from './icons';
import {clock} from './times';

export function overviewView(app: App): View<State> {
  const header = headerView(app);
  const calendars = calendarsView();
  const activity = activityView(app);
  const parts = [header, calendars, activity];
  const root = el(
    'div',
    {class: 'page'},
    el('a', {id: 'skip-to-content', class: 'skip', href: '#calendars'}, texts.skipToContent),
    header.root,
    el('main', {id: 'main', class: 'columns'}, el('h1', {id: 'page-title', class: 'unseen', tabindex: '-1'}, texts.pageTitle),
      calendars.root, activity.root),
  );
  return {
    root,
    update(state) {
      for (const part of parts) part.update(state);
    },
  };
}

function headerView(app: App): View<State> {
  const words = texts.header;
  const stream = el('span', {id: 'stream-state', class: 'stream-state', role: 'status'});
  const exact = onClick(
    el('button', {id: 'exact-times', type: 'button', class: 'button button-quiet', title: words.exactTimesHelp}, words.exactTimes),
    () => app.toggleExactTimes(),
  );
  const signOut = onClick(
    el('button', {id: 'sign-out', type: 'button', class: 'button button-quiet'}, texts.signIn.out),
    () => app.signOut(),
  );
  const root = el(
    'header',
    {class: 'header'},
    el('div', {class: 'header-inner'},
      el('a', {id: 'home', class: 'brand', href: '/', 'aria-label': texts.product}, productMark(), el('span', {}, texts.product)),
      el('nav', {class: 'jump', 'aria-label': words.navigation},
        el('a', {id: 'to-calendars', href: '#calendars'}, words.toCalendars),
        el('a', {id: 'to-activity', href: '#activity'}, words.toActivity)),
      stream,
      el('div', {class: 'header-actions'}, exact, signOut)),
  );
  return {
    root,
    update(state) {
      const since = state.lostAtMs === null ? '' : clock.short(state.lostAtMs, Date.now());
      setText(stream, texts.stream.state(state.stream, since));
      setAttribute(stream, 'data-state', state.stream);
      setAttribute(exact, 'aria-pressed', String(state.exactTimes));
    },
  };
}
