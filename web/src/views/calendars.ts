// SPDX-License-Identifier: Apache-2.0
// The tenants and their calendars.
import type {Provider, TenantOverview} from '../api/shapes';
import {cardOf, countStatuses, inOrder, type ProviderCard} from '../model/providers';
import {allProviders, type State} from '../model/state';
import {texts} from '../texts';
import {el, KeyedList, setAttribute, setText, type View} from './dom';
import {providerCardView} from './provider_card';

const words = texts.calendars;
const skeletonCards = 4;

interface Section {
  tenant: TenantOverview;
  cards: ProviderCard[];
}

export function calendarsView(): View<State> {
  const summary = summaryView();
  const stale = el('p', {id: 'calendars-stale', class: 'notice', role: 'status'});
  const sections = el('div', {class: 'tenants'});
  const list = new KeyedList<Section>(sections, (s) => s.tenant.id, sectionView);
  const skeleton = skeletonView();
  const none = emptyState('no-tenants', words.noTenants, words.noTenantsHelp);
  const more = el('p', {class: 'notice'});
  const root = el('section', {id: 'calendars', class: 'calendars', 'aria-labelledby': 'calendars-title', tabindex: '-1'},
    el('h2', {id: 'calendars-title'}, words.title), summary.root, stale, skeleton, sections, none, more);
  return {
    root,
    update(state) {
      const {directory} = state;
      setAttribute(root, 'aria-busy', directory === null ? 'true' : null);
      skeleton.hidden = directory !== null;
      summary.update(state);
      setText(stale, state.stale ? words.failed : '');
      list.update(directory?.tenants.map((tenant) => sectionOf(tenant, state)) ?? []);
      none.hidden = directory === null || directory.tenants.length > 0;
      setText(more, directory?.more ? words.moreTenants(directory.tenants.length) : '');
    },
  };
}

function sectionOf(tenant: TenantOverview, state: State): Section {
  const card = (p: Provider) => cardOf(p, state.directory?.users.get(p.user_id) ?? null, state.channels.get(p.id) ?? null);
  return {tenant, cards: inOrder(tenant.providers).map(card)};
}

function sectionView({tenant}: Section): View<Section> {
  const title = el('h3', {id: `tenant-${tenant.id}-title`});
  const count = el('span', {class: 'tenant-count'});
  const cards = el('ul', {class: 'cards', role: 'list'});
  const list = new KeyedList<ProviderCard>(cards, (c) => c.id, providerCardView);
  const none = emptyState(`tenant-${tenant.id}-empty`, words.none, words.noneHelp);
  const more = el('p', {class: 'notice'});
  const root = el('section', {id: `tenant-${tenant.id}`, class: 'tenant', 'aria-labelledby': `tenant-${tenant.id}-title`},
    el('div', {class: 'tenant-head'}, title, count), cards, none, more);
  return {
    root,
    update(section) {
      setText(title, section.tenant.name);
      setText(count, words.count(section.cards.length));
      list.update(section.cards);
      cards.hidden = section.cards.length === 0;
      none.hidden = section.cards.length > 0;
      setText(more, section.tenant.more_providers ? words.moreProviders : '');
    },
  };
}

function summaryView(): View<State> {
  const figures = (['active', 'action_required', 'pending_authorization', 'paused'] as const).map((status) => ({
    status,
    number: el('dd', {}, '–'),
  }));
  const labels = {
    active: texts.summary.connected,
    action_required: texts.summary.action,
    pending_authorization: texts.summary.waiting,
    paused: texts.summary.paused,
  };
  const root = el('dl', {id: 'summary', class: 'summary', 'aria-label': texts.summary.label},
    ...figures.map((f) => el('div', {class: 'figure', 'data-status': f.status}, el('dt', {}, labels[f.status]), f.number)));
  return {
    root,
    update(state) {
      if (state.directory === null) return figures.forEach((f) => setText(f.number, '–'));
      const counts = countStatuses(allProviders(state.directory));
      for (const f of figures) {
        setText(f.number, texts.number(counts[f.status]));
        setAttribute(f.number.parentElement!, 'data-none', counts[f.status] === 0);
      }
    },
  };
}

function skeletonView(): HTMLElement {
  const bone = (name: string) => el('span', {class: `bone ${name}`});
  const card = () =>
    el('div', {class: 'card'}, el('div', {class: 'card-head'}, bone('bone-mark'), el('div', {class: 'card-names'}, bone('bone-title'), bone('bone-text'))),
      bone('bone-text'), bone('bone-line'), bone('bone-line'));
  return el('div', {class: 'skeleton'}, el('span', {class: 'unseen', role: 'status'}, words.loading), bone('bone-title'),
    el('div', {class: 'cards', 'aria-hidden': 'true'}, ...Array.from({length: skeletonCards}, card)));
}

function emptyState(id: string, title: string, help: string): HTMLElement {
  return el('div', {id, class: 'empty', hidden: true}, el('p', {class: 'empty-title'}, title), el('p', {}, help));
}
