// SPDX-License-Identifier: Apache-2.0
// The rules of one calendar, in a form.
import type {ReactNode} from 'react';
import type {ProviderType, Schemas} from '../../api/shapes';
import {calendars} from '../../texts/calendars';
import {provider as providerWords} from '../../texts/provider';
import {Select, type Choice} from '../../ui/select';

export interface Policies {
  direction: Schemas['direction'];
  conflict_policy: Schemas['conflict_policy'];
  deletion_policy: Schemas['deletion_policy'];
  import_policy: Schemas['import_policy'];
  guest_mail: Schemas['guest_mail'];
}

export const usualPolicies: Policies = {direction: 'both', conflict_policy: 'newest', deletion_policy: 'unlink', import_policy: 'all', guest_mail: 'nobody'};

export const policiesOf = (p: Policies): Policies =>
  ({direction: p.direction, conflict_policy: p.conflict_policy, deletion_policy: p.deletion_policy, import_policy: p.import_policy, guest_mail: p.guest_mail});

const choicesOf = <K extends string>(of: Record<K, {label: string; detail: string}>): Choice<K>[] =>
  (Object.keys(of) as K[]).map((key) => ({key, ...of[key]}));

export interface PolicyProps {
  prefix: string;
  type: ProviderType;
  value: Policies;
  onChange: (next: Policies) => void;
  /** The server's word on one field, if it refused it. */
  problemOf: (field: string) => string | null;
}

export function PolicyFields({prefix, type, value, onChange, problemOf}: PolicyProps): ReactNode {
  const words = calendars.form;
  const directions = words.directions(providerWords.vendor(type));
  const reads = value.direction !== 'to_provider';
  const writes = value.direction !== 'from_provider';
  const set = <K extends keyof Policies>(key: K) => (chosen: Policies[K]): void => onChange({...value, [key]: chosen});
  return (
    <div className="form-pairs">
      <Select id={`${prefix}-direction`} label={words.direction} required choices={choicesOf(directions)} value={value.direction} onChange={set('direction')}
        help={directions[value.direction].detail} problem={problemOf('direction')} />
      <Select id={`${prefix}-conflicts`} label={words.conflicts} required disabled={!reads || !writes} choices={choicesOf(words.conflictPolicies)} value={value.conflict_policy} onChange={set('conflict_policy')}
        help={words.conflictPolicies[value.conflict_policy].detail} problem={problemOf('conflict_policy')} />
      <Select id={`${prefix}-imports`} label={words.imports} required disabled={!reads} choices={choicesOf(words.importPolicies)} value={value.import_policy} onChange={set('import_policy')}
        help={words.importPolicies[value.import_policy].detail} problem={problemOf('import_policy')} />
      <Select id={`${prefix}-deletions`} label={words.deletions} required disabled={!reads} choices={choicesOf(words.deletionPolicies)} value={value.deletion_policy} onChange={set('deletion_policy')}
        help={words.deletionPolicies[value.deletion_policy].detail} problem={problemOf('deletion_policy')} />
      <Select id={`${prefix}-mail`} label={words.mail} required disabled={!writes} choices={choicesOf(words.guestMail)} value={value.guest_mail} onChange={set('guest_mail')}
        help={words.guestMail[value.guest_mail].detail} problem={problemOf('guest_mail')} />
    </div>
  );
}
