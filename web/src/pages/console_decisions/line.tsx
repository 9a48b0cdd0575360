// SPDX-License-Identifier: Apache-2.0
// One decision in plain words, and what it looked at.
import type {ReactNode} from 'react';
import type {Answer} from '../../api/client';
import {fieldsOf, notesOf} from '../../model/decisions';
import {decisions as words} from '../../texts/decisions';
import {Link} from '../../ui/button';
import type {IconName} from '../../ui/icons';
import {StatusPill, type Tone} from '../../ui/states';
import {ExactTime} from '../../ui/time';

type LedgerLine = Answer<'/v1/ledger', 'get'>['items'][number];

const bad = ['pull_refused_unreadable', 'pull_poisoned', 'push_refused', 'push_dead_lettered', 'push_unsayable', 'push_not_organizer'];
const waits = ['pull_held', 'push_held', 'pull_conflict_manual'];
const toneOf = (code: string): Tone => (bad.includes(code) ? 'bad' : waits.includes(code) ? 'wait' : code.startsWith('pull_ignored') || code.startsWith('pull_conflict') ? 'off' : 'good');

/** What a state of rest would be drawn as is no pause here. */
const iconOf = (code: string): IconName | undefined => (toneOf(code) !== 'off' ? undefined : code.startsWith('pull_conflict') ? 'conflict' : 'minus');

export function Line({line: d, calendar, alone}: {line: LedgerLine; calendar: string | null; /** The page is about its entry anyway. */ alone: boolean}): ReactNode {
  const title = d.entry_title === null ? null : d.entry_title || words.untitled;
  return (
    <li className="card ledger-line" id={`decision-${d.id}`}>
      <div className="ledger-top">
        <StatusPill tone={toneOf(d.reason)} icon={iconOf(d.reason)}>{words.reasonName(d.reason)}</StatusPill>
        <span className="ledger-about"><ExactTime at={d.time} /></span>
      </div>
      <p>{d.sentence}</p>
      <p className="ledger-about">
        {d.entry_id === null ? words.noEntry : alone ? (title ?? words.goneEntry) : <Link id={`decision-entry-${d.id}`} href={`/console/decisions?entry=${d.entry_id}`} aria-label={words.about(title ?? words.goneEntry)}>{title ?? words.goneEntry}</Link>}
        {' · '}
        {d.provider_id ? <Link id={`decision-calendar-${d.id}`} href={`/calendars/${d.provider_id}`}>{calendar ?? words.calendar}</Link> : words.noCalendar}
        {d.event_id ? <> · {words.event} <code>{d.event_id}</code></> : null}
      </p>
      <Inputs line={d} />
    </li>
  );
}

function Inputs({line: d}: {line: LedgerLine}): ReactNode {
  const fields = fieldsOf(d.inputs);
  const notes = notesOf(d.inputs);
  return (
    <details>
      <summary id={`decision-inputs-${d.id}`}>{words.unfold}</summary>
      <div className="ledger-inputs">
        {fields.length + notes.length === 0 ? <p>{words.nothingLooked}</p> : null}
        {fields.map((f) => (
          <div key={f.field}>
            <p className="ledger-name">{words.field(f.field)}</p>
            <dl className="ledger-field">{f.sides.map((s) => <div key={s.side}><dt>{words.side(s.side)}</dt><dd>{s.text}</dd></div>)}</dl>
          </div>
        ))}
        {notes.length > 0 ? <dl className="ledger-field">{notes.map((n) => <div key={n.name}><dt>{words.input(n.name)}</dt><dd>{words.inputValue(n.name, n.text)}</dd></div>)}</dl> : null}
        <details>
          <summary id={`decision-raw-${d.id}`}>{words.raw}</summary>
          <p className="ledger-raw"><code>{d.reason}</code> <code>{JSON.stringify(d.inputs, null, 1)}</code></p>
        </details>
      </div>
    </details>
  );
}
