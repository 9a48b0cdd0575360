// SPDX-License-Identifier: Apache-2.0
import {useState, type ReactNode} from 'react';
import {Problem} from '../../api/problem';
import type {Provider, ProviderType} from '../../api/shapes';
import {useWrite} from '../../data/cache';
import {api, useSession} from '../../session/context';
import {calendars} from '../../texts/calendars';
import {kit} from '../../texts/kit';
import {Button} from '../../ui/button';
import {Switch} from '../../ui/checks';
import {RadioGroup} from '../../ui/radio_group';
import {ComboBox} from '../../ui/select';
import {Dialog} from '../../ui/overlays';
import {Notice, wordsOf} from '../../ui/states';
import {toast} from '../../ui/toast';
import {PolicyFields, usualPolicies, type Policies} from './policy_fields';
import {providerRoots, useUsers} from './queries';

const words = calendars.form;

export function AddDialog({onClose, onAdded}: {onClose: () => void; onAdded: (p: Provider) => void}): ReactNode {
  const session = useSession();
  const users = useUsers();
  const [type, setType] = useState<ProviderType>('google');
  const [person, setPerson] = useState<string | null>(session.user?.id ?? null);
  const [scope, setScope] = useState<'user' | 'tenant'>('user');
  const [policies, setPolicies] = useState<Policies>(usualPolicies);
  const [rehearse, setRehearse] = useState(true);
  const [asked, setAsked] = useState(false);
  const add = useWrite(
    () => api.post('/v1/calendar-providers', {body: {type, user_id: person!, scope, ...policies, rehearsal: rehearse}}),
    providerRoots,
    (made) => {
      toast({tone: 'good', title: words.added});
      onAdded(made);
    },
  );
  const refusal = add.error instanceof Problem ? add.error : null;
  const problemOf = (field: string): string | null => (refusal?.field === field ? refusal.detail || refusal.title : null);
  const submit = (): void => {
    setAsked(true);
    if (person) add.mutate(undefined);
  };
  return (
    <Dialog id="add-calendar" title={words.title} open onClose={onClose} sticky wide actions={
      <>
        <Button id="add-calendar-cancel" onPress={onClose}>{kit.cancel}</Button>
        <Button id="add-calendar-submit" kind="primary" busy={add.isPending} onPress={submit}>{words.submit}</Button>
      </>}>
      <RadioGroup id="add-calendar-vendor" label={words.vendor} value={type} onChange={setType} problem={problemOf('type')}
        choices={[{key: 'google', label: words.google, detail: words.googleHelp}, {key: 'microsoft', label: words.microsoft, detail: words.microsoftHelp}]} />
      {session.kind === 'user' ? null : (
        <>
          <ComboBox id="add-calendar-person" label={words.person} required placeholder={words.personHint} value={person} onChange={setPerson}
            choices={(users.data?.items ?? []).map((u) => ({key: u.id, label: u.name, detail: u.email}))} problem={problemOf('user_id') ?? (asked && !person ? words.personMissing : null)} />
          <RadioGroup id="add-calendar-scope" label={words.scope} value={scope} onChange={setScope} problem={problemOf('scope')}
            choices={[{key: 'user', ...words.scopeUser}, {key: 'tenant', ...words.scopeTenant}]} />
        </>
      )}
      <PolicyFields prefix="add-calendar" type={type} value={policies} onChange={setPolicies} problemOf={problemOf} />
      <Switch id="add-calendar-rehearse" label={words.rehearse} help={words.rehearseHelp} value={rehearse} onChange={setRehearse} />
      {add.error && !refusal?.field ? <Notice tone="bad">{words.notAdded}. {wordsOf(add.error).cause}</Notice> : null}
    </Dialog>
  );
}
