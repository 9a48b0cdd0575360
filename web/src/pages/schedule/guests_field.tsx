// SPDX-License-Identifier: Apache-2.0
// Who is invited from outside, and whether anybody is mailed: that is the calendar's own setting.
import type {ReactNode} from 'react';
import type {User} from '../../api/shapes';
import {folded, inviterOf, mostGuests, withGuests, type Guest, type GuestProblem} from '../../model/guests';
import {nameOf} from '../../model/providers';
import {provider as vendors} from '../../texts/provider';
import {schedule} from '../../texts/schedule';
import {Button, IconButton} from '../../ui/button';
import {Icon} from '../../ui/icons';
import {TextField} from '../../ui/text_field';
import {useProviders} from '../calendars/queries';

const words = schedule.guests;
export const slug = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

/** Addresses of those who are assigned: they have the entry in their own calendars. */
export const assignedAddresses = (users: readonly User[], people: readonly string[]): ReadonlySet<string> => new Set(users.filter((u) => people.includes(u.id)).map((u) => folded(u.email)));

export interface GuestsProps {
  value: readonly Guest[];
  text: string;
  people: readonly string[];
  /** The calendar that the entry was born in. */
  origin: string | null;
  users: readonly User[];
  disabled: boolean;
  problem: GuestProblem | null;
  /** What the server said of them. */
  refused: string | null;
  onText: (text: string) => void;
  onChange: (guests: Guest[]) => void;
  onProblem: (problem: GuestProblem) => void;
}

export function GuestsField(p: GuestsProps): ReactNode {
  const add = (): void => {
    const {guests, problem} = withGuests(p.value, p.text, assignedAddresses(p.users, p.people));
    if (problem) return p.onProblem(problem);
    if (guests.length === p.value.length) return;
    p.onChange(guests);
    p.onText('');
  };
  return (
    <div className="field" role="group" aria-labelledby="entry-guests-label">
      <span className="field-label" id="entry-guests-label">{words.label}</span>
      {p.value.length === 0 ? <p className="field-help">{words.none}</p> : (
        <ul className="entry-guests" aria-labelledby="entry-guests-label">
          {p.value.map((g) => (
            <li key={folded(g.email)} className="entry-guest">
              <span className="menu-words">
                <span>{g.name || g.email}</span>
                <span className="menu-detail">{[g.name ? g.email : '', words.response(g.response ?? 'needs_action'), g.organizer ? words.organizer : '', g.optional ? words.optional : ''].filter((s) => s !== '').join(' · ')}</span>
              </span>
              {p.disabled ? null : <IconButton id={`entry-guest-${slug(g.email)}-drop`} icon="close" label={words.drop(g.name || g.email)} onPress={() => p.onChange(p.value.filter((o) => o !== g))} />}
            </li>
          ))}
        </ul>
      )}
      {p.disabled || p.value.length >= mostGuests ? null : (
        <div className="entry-guest-add" onKeyDown={(e) => { if (e.key === 'Enter') { e.preventDefault(); add(); } }}>
          <TextField id="entry-guest-new" label={words.add} required inputMode="email" value={p.text} placeholder="name@example.com" onChange={p.onText} problem={p.problem ? words.problem(p.problem) : p.refused} />
          <Button id="entry-guest-add" icon="plus" onPress={add}>{words.addOne}</Button>
        </div>
      )}
      {p.value.length > 0 || p.text !== '' ? <Mailing people={p.people} origin={p.origin} /> : null}
    </div>
  );
}

function Mailing({people, origin}: {people: readonly string[]; origin: string | null}): ReactNode {
  const {data} = useProviders();
  if (!data) return null;
  const calendar = inviterOf(data.items, people, origin);
  const said = calendar ? `${vendors.vendor(calendar.type)} · ${calendar.account ?? nameOf(calendar)}` : '';
  return (
    <p className="field-help entry-mailing" id="entry-guests-mail" aria-live="polite">
      <Icon name="letter" />
      <span>{!calendar ? words.noCalendar : calendar.guest_mail === 'guests' ? words.mailed(said) : words.notMailed(said)}</span>
    </p>
  );
}
