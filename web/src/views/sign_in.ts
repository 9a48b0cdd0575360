// SPDX-License-Identifier: Apache-2.0
import type {App} from '../app';
import type {State} from '../model/state';
import {texts} from '../texts';
import {el, setAttribute, setText, type View} from './dom';
import {productMark} from './icons';

export function signInView(app: App): View<State> {
  const words = texts.signIn;
  const key = el('input', {
    id: 'sign-in-key', name: 'key', type: 'password', required: true, autocomplete: 'off', autocapitalize: 'none',
    spellcheck: 'false', maxlength: '512', 'aria-describedby': 'sign-in-help sign-in-problem',
  });
  const show = el('input', {id: 'sign-in-show', type: 'checkbox'});
  show.addEventListener('change', () => (key.type = show.checked ? 'text' : 'password'));
  const problem = el('p', {id: 'sign-in-problem', class: 'form-problem', role: 'alert'});
  const submit = el('button', {id: 'sign-in-submit', type: 'submit', class: 'button button-primary'}, words.submit);
  const form = el(
    'form',
    {id: 'sign-in-form', class: 'sign-in-form', novalidate: true},
    el('label', {for: 'sign-in-key', class: 'form-label'}, words.keyLabel),
    key,
    el('label', {for: 'sign-in-show', class: 'form-check'}, show, words.show),
    problem,
    submit,
    el('p', {id: 'sign-in-help', class: 'form-help'}, words.keyHelp),
  );
  form.addEventListener('submit', (e) => {
    e.preventDefault();
    void app.signIn(key.value);
  });
  const root = el(
    'main',
    {id: 'sign-in', class: 'sign-in'},
    el('div', {class: 'sign-in-card'},
      el('div', {class: 'sign-in-brand'}, productMark(), el('span', {}, texts.product)),
      el('h1', {}, words.title),
      el('p', {class: 'sign-in-intro'}, words.intro),
      form),
  );
  return {
    root,
    update(state) {
      setText(problem, state.signInProblem);
      setAttribute(key, 'aria-invalid', state.signInProblem === '' ? null : 'true');
      setAttribute(submit, 'aria-disabled', state.signingIn ? 'true' : null);
      setText(submit, state.signingIn ? words.busy : words.submit);
      if (state.session) key.value = '';
      if (state.signInProblem !== '' && root.isConnected && document.activeElement === submit) key.focus();
    },
  };
}
