// SPDX-License-Identifier: Apache-2.0
import type {CardProblem, CardTime, ProviderCard} from '../model/providers';
import {el, KeyedList, setAttribute, setText, type View} from './dom';
import {accountIcon, directionIcon, personIcon, vendorMark} from './icons';
import {setMoment, timeElement} from './times';

export function providerCardView(first: ProviderCard): View<ProviderCard> {
  const name = el('h4', {id: `provider-${first.id}-name`});
  const vendor = el('p', {class: 'card-vendor'});
  const account = el('span', {});
  const badge = el('span', {class: 'badge'});
  const direction = el('span', {});
  const arrows = el('span', {class: 'card-arrows'});
  let drawn = '';
  const person = el('span', {});
  const personPart = el('span', {class: 'card-fact'}, personIcon(), person);
  const rows = el('dl', {class: 'card-times'});
  const times = new KeyedList<CardTime>(rows, (t) => t.label, timeRow);
  const problem = problemView();
  const root = el(
    'li',
    {id: `provider-${first.id}`, class: 'card', 'aria-labelledby': `provider-${first.id}-name`},
    el('div', {class: 'card-head'}, vendorMark(first.type),
      el('div', {class: 'card-names'}, name, vendor), badge),
    el('p', {class: 'card-facts'},
      el('span', {class: 'card-fact card-account'}, accountIcon(), account),
      el('span', {class: 'card-fact'}, arrows, direction), personPart),
    problem.root,
    rows,
  );
  return {
    root,
    update(card) {
      setText(name, card.name);
      setText(vendor, card.vendor);
      setText(account, card.account);
      setText(badge, card.badge);
      setAttribute(badge, 'data-tone', card.tone);
      setAttribute(root, 'data-tone', card.tone);
      setText(direction, card.direction);
      if (drawn !== card.way) arrows.replaceChildren(directionIcon(card.way));
      drawn = card.way;
      setText(person, card.person);
      personPart.hidden = card.person === '';
      times.update(card.times);
      problem.update(card.problem);
    },
  };
}

function timeRow(first: CardTime): View<CardTime> {
  const time = timeElement('relative');
  return {
    root: el('div', {}, el('dt', {}, first.label), el('dd', {}, time)),
    update: (row) => setMoment(time, row),
  };
}

function problemView(): View<CardProblem | null> {
  const cause = el('p', {class: 'problem-cause'});
  const wayOut = el('p', {});
  const code = el('code', {});
  const since = timeElement('relative');
  const trace = el('p', {class: 'problem-trace'}, code, ' · ', since);
  const root = el('div', {class: 'problem', hidden: true}, cause, wayOut, trace);
  return {
    root,
    update(problem) {
      root.hidden = problem === null;
      if (!problem) return;
      setText(cause, problem.cause);
      setText(wayOut, problem.wayOut);
      wayOut.hidden = problem.wayOut === '';
      setText(code, problem.code);
      trace.hidden = problem.code === '';
      setMoment(since, {atMs: problem.sinceMs});
      setAttribute(root, 'data-quiet', !problem.severe);
    },
  };
}
