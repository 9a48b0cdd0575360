// SPDX-License-Identifier: Apache-2.0
import {useEffect, useState, type ReactNode} from 'react';
import {Problem} from '../../api/problem';
import type {Provider} from '../../api/shapes';
import {useAnswer} from '../../data/cache';
import {canChooseCalendar} from '../../model/calendars';
import {setLeaveGuard} from '../../router/router';
import {api, useRights} from '../../session/context';
import {calendars} from '../../texts/calendars';
import {Button} from '../../ui/button';
import {Select, type Choice} from '../../ui/select';
import {Card, Notice, wordsOf} from '../../ui/states';
import {toast} from '../../ui/toast';
import {PolicyFields, policiesOf, type Policies} from '../calendars/policy_fields';
import {useChange, type Change} from '../calendars/queries';

const words = calendars.form;
/** The account's main calendar has no id of its own until it is connected. */
const primary = '(primary)';

export function Settings({provider: p}: {provider: Provider}): ReactNode {
  const rights = useRights();
  const [policies, setPolicies] = useState<Policies>(policiesOf(p));
  const [calendar, setCalendar] = useState(p.calendar_id ?? primary);
  const change = useChange(() => toast({tone: 'good', title: words.saved}));
  const changed = changesOf(p, policies, calendar);
  const dirty = Object.keys(changed).length > 0;
  useEffect(() => {
    if (!dirty) return;
    setLeaveGuard(() => confirm(words.leave));
    const ask = (e: BeforeUnloadEvent): void => e.preventDefault();
    addEventListener('beforeunload', ask);
    return () => {
      setLeaveGuard(null);
      removeEventListener('beforeunload', ask);
    };
  }, [dirty]);
  const refusal = change.error instanceof Problem ? change.error : null;
  const problemOf = (field: string): string | null => (refusal?.field === field ? refusal.detail || refusal.title : null);
  return (
    <div className="settings">
      <Card id="calendar-settings" title={calendars.detail.policies}>
        <div className="form">
          <CalendarChoice provider={p} value={calendar} onChange={setCalendar} problem={problemOf('calendar_id')} />
          <PolicyFields prefix="settings" type={p.type} value={policies} onChange={setPolicies} problemOf={problemOf} />
          {change.error && !refusal?.field ? <Notice tone="bad">{words.notSaved}. {wordsOf(change.error).cause}</Notice> : null}
          {rights.administer ? (
            <div className="form-foot">
              <Button id="settings-save" kind="primary" isDisabled={!dirty} busy={change.isPending} onPress={() => change.mutate({id: p.id, change: changed})}>{words.save}</Button>
              <span className="field-help" role="status">{dirty ? words.unsaved : words.unchanged}</span>
            </div>
          ) : null}
        </div>
      </Card>
    </div>
  );
}

function CalendarChoice({provider: p, value, onChange, problem}: {provider: Provider; value: string; onChange: (id: string) => void; problem: string | null}): ReactNode {
  const {operate} = useRights();
  const free = canChooseCalendar(p);
  const found = useAnswer(['calendars', p.id], (signal) => api.get('/v1/calendar-providers/{provider_id}/calendars', {path: {provider_id: p.id}, signal}), {enabled: free && operate});
  const known = found.data?.items ?? [];
  const here: Choice = {key: p.calendar_id ?? primary, label: p.calendar_name ?? words.calendarPrimary};
  const choices = known.length > 0 ? known.map((c): Choice => ({key: c.id, label: c.name, detail: c.writable ? (c.time_zone ?? '') : words.readOnly})) : [];
  const all = choices.some((c) => c.key === here.key) ? choices : [here, ...choices];
  return <Select id="settings-calendar" label={words.calendar} required choices={all} value={value} onChange={onChange} disabled={!free} help={free ? words.calendarHelp : words.calendarFixed} problem={problem} />;
}

function changesOf(p: Provider, policies: Policies, calendar: string): Change {
  const changed: Record<string, string | null> = {};
  for (const key of Object.keys(policies) as (keyof Policies)[]) if (policies[key] !== p[key]) changed[key] = policies[key];
  if (calendar !== (p.calendar_id ?? primary)) changed['calendar_id'] = calendar === primary ? null : calendar;
  return changed as Change;
}
