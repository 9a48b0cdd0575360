// SPDX-License-Identifier: Apache-2.0
// To whom an entry is assigned: into their calendars it goes.
import {useState, type ReactNode} from 'react';
import type {User} from '../../api/shapes';
import {schedule} from '../../texts/schedule';
import {IconButton} from '../../ui/button';
import {ComboBox} from '../../ui/select';

const words = schedule.form;

export function PeopleField({users, value, disabled, onChange, problem}: {users: readonly User[]; value: readonly string[]; disabled: boolean; onChange: (people: string[]) => void; problem: string | null}): ReactNode {
  const [added, setAdded] = useState(0);
  const names = new Map(users.map((u) => [u.id, u.name]));
  const nameOf = (id: string): string => names.get(id) ?? words.unknownPerson;
  const free = users.filter((u) => !value.includes(u.id));
  const add = (id: string): void => {
    onChange([...value, id]);
    setAdded(added + 1);
  };
  return (
    <div className="field">
      <span className="field-label" id="entry-people-label">{words.people}</span>
      {value.length > 0 ? (
        <ul className="entry-people" aria-labelledby="entry-people-label">
          {value.map((id) => (
            <li key={id} className="entry-person">
              <span>{nameOf(id)}</span>
              {disabled ? null : <IconButton id={`entry-person-${id}-drop`} icon="close" label={words.dropPerson(nameOf(id))} onPress={() => onChange(value.filter((p) => p !== id))} />}
            </li>
          ))}
        </ul>
      ) : <p className="field-help">{words.nobody}</p>}
      {disabled || free.length === 0 ? null : (
        <ComboBox key={added} id="entry-person-add" label={words.addPerson} required placeholder={words.personHint} value={null} onChange={add} choices={free.map((u) => ({key: u.id, label: u.name, detail: u.email}))} problem={problem} />
      )}
    </div>
  );
}
