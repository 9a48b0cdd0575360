// SPDX-License-Identifier: Apache-2.0
// The facts as they happen.
import type {App} from '../app';
import {factKinds, kindOf, lineOf, type FactKind, type FactLine, type Naming} from '../model/facts';
import {idOf, type JournalItem} from '../model/journal';
import {allProviders, type State} from '../model/state';
import {texts} from '../texts';
import {el, KeyedList, onClick, setAttribute, setText, type View} from './dom';
import {kindIcon, pauseIcon, resumeIcon} from './icons';
import {clock, setMoment, timeElement} from './times';

const words = texts.activity;
/** Rows older than this appear without a greeting. */
const newForMs = 5_000;

interface Row {
  id: string;
  line: FactLine;
  tenant: string;
  atMs: number;
}

export function activityView(app: App): View<State> {
  const controls = controlsView(app);
  const rows = el('ol', {class: 'facts', role: 'list'});
  const list = new KeyedList<Row>(rows, (r) => r.id, rowView);
  const emptyTitle = el('p', {class: 'empty-title'});
  const emptyHelp = el('p', {});
  const empty = el('div', {id: 'activity-empty', class: 'empty'}, emptyTitle, emptyHelp);
  const scroll = el('div', {id: 'activity-list', class: 'facts-scroll', role: 'region', tabindex: '0', 'aria-label': words.list}, rows, empty);
  const root = el('section', {id: 'activity', class: 'activity', 'aria-labelledby': 'activity-title', tabindex: '-1'}, controls.root, scroll);
  return {
    root,
    update(state) {
      controls.update(state);
      const shown = rowsOf(state);
      list.update(shown);
      rows.hidden = shown.length === 0;
      empty.hidden = shown.length > 0;
      const filtered = state.journal.items.length > 0;
      setText(emptyTitle, !state.journalLoaded ? words.loading : filtered ? words.emptyFilter : words.empty);
      setText(emptyHelp, !state.journalLoaded ? '' : filtered ? words.emptyFilterHelp : words.emptyLive);
    },
  };
}

function controlsView(app: App): View<State> {
  const pauseWord = el('span', {});
  const pause = onClick(
    el('button', {id: 'activity-pause', type: 'button', class: 'button button-quiet'}, pauseIcon(), resumeIcon(), pauseWord),
    () => app.togglePause(),
  );
  const chip = (id: string, word: string, act: () => void) =>
    onClick(el('button', {id, type: 'button', class: 'chip'}, word), act);
  const all = chip('filter-all', words.all, () => app.showAllKinds());
  const kinds = factKinds.map((kind): [FactKind, HTMLElement] => [kind, chip(`filter-${kind}`, words.kind(kind), () => app.toggleKind(kind))]);
  const root = el('div', {class: 'activity-head'},
    el('div', {class: 'activity-title'}, el('h2', {id: 'activity-title'}, words.title), pause),
    el('div', {id: 'activity-filters', class: 'chips', role: 'group', 'aria-label': words.filters}, all, ...kinds.map(([, node]) => node)));
  return {
    root,
    update(state) {
      const {paused, waiting} = state.journal;
      setText(pauseWord, paused ? words.resume(waiting.length) : words.pause);
      setAttribute(pause, 'data-paused', paused);
      setAttribute(all, 'aria-pressed', String(state.kinds.size === 0));
      for (const [kind, node] of kinds) setAttribute(node, 'aria-pressed', String(state.kinds.has(kind)));
    },
  };
}

function rowsOf(state: State): Row[] {
  const providers = new Map(allProviders(state.directory).map((p) => [p.id, p]));
  const tenants = new Map(state.directory?.tenants.map((t) => [t.id, t.name]));
  const naming: Naming = {provider: (id) => providers.get(id) ?? null, exact: clock.exact};
  const many = state.session?.mode === 'installation';
  const tenantOf = (id: string) => (many ? (tenants.get(id) ?? words.otherTenant) : '');
  const wanted = ({fact}: JournalItem) => !fact || state.kinds.size === 0 || state.kinds.has(kindOf(fact.type));
  return state.journal.items.filter(wanted).map((item): Row => {
    const told = item.fact ?? item.gap;
    const tenant = tenantOf(told.tenant_id);
    const line = item.fact ? lineOf(item.fact, naming) : gapLine(item.gap.missed, tenant);
    return {id: idOf(item), line, tenant, atMs: Date.parse(told.time)};
  });
}

function gapLine(missed: number, tenant: string): FactLine {
  return {kind: 'push', tone: 'warn', title: words.gap(missed, tenant), detail: words.gapDetail};
}

function rowView(first: Row): View<Row> {
  const title = el('span', {class: 'fact-title'});
  const time = timeElement('short');
  const tenant = el('span', {class: 'fact-tenant'});
  const detail = el('p', {class: 'fact-detail'});
  const root = el('li', {id: `fact-${first.id}`, class: 'fact', 'data-tone': first.line.tone},
    el('span', {class: 'fact-icon'}, kindIcon(first.line.kind)),
    el('div', {class: 'fact-words'},
      el('p', {class: 'fact-head'}, title, time), detail, tenant));
  setMoment(time, {atMs: first.atMs});
  setAttribute(root, 'data-new', Date.now() - first.atMs < newForMs);
  return {
    root,
    update(row) {
      setText(title, row.line.title);
      setText(detail, row.line.detail);
      detail.hidden = row.line.detail === '';
      setText(tenant, row.tenant);
      tenant.hidden = row.tenant === '';
    },
  };
}
