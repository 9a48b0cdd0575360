// SPDX-License-Identifier: Apache-2.0
// What stands where something is awaited, missing, or wrong.
import type {ReactNode} from 'react';
import {ProgressBar} from 'react-aria-components/ProgressBar';
import {Problem, Unreachable} from '../api/problem';
import {kit} from '../texts/kit';
import {Icon, type IconName} from './icons';

export function Spinner(): ReactNode {
  return (
    <svg viewBox="0 0 24 24" className="spinner" aria-hidden="true" focusable="false">
      <circle cx="12" cy="12" r="9" className="spinner-track" />
      <path d="M12 3a9 9 0 0 1 9 9" />
    </svg>
  );
}

export type Tone = 'good' | 'bad' | 'wait' | 'off' | 'info';
const toneIcons: Record<Tone, IconName> = {good: 'check', bad: 'problem', wait: 'clock', off: 'pause', info: 'info'};

/** A state in a word, with colour and a drawing: never by colour alone. */
export function StatusPill({tone, icon, children}: {tone: Tone; icon?: IconName; children: ReactNode}): ReactNode {
  return (
    <span className="pill" data-tone={tone}>
      <Icon name={icon ?? toneIcons[tone]} />
      <span>{children}</span>
    </span>
  );
}

export function Badge({tone = 'off', children}: {tone?: Tone; children: ReactNode}): ReactNode {
  return <span className="badge" data-tone={tone}>{children}</span>;
}

export interface CardProps {
  title?: ReactNode;
  /** The heading's level in the page; 2 if nothing is said. */
  level?: 2 | 3 | 4;
  actions?: ReactNode;
  tone?: Tone;
  id?: string;
  className?: string;
  children: ReactNode;
}

export function Card({title, level = 2, actions, tone, id, className = '', children}: CardProps): ReactNode {
  const Heading = `h${level}` as 'h2';
  const named = title !== undefined && id !== undefined;
  return (
    <section className={`card ${className}`} data-tone={tone} id={id} aria-labelledby={named ? `${id}-title` : undefined}>
      {title !== undefined || actions !== undefined ? (
        <header className="card-top">
          {title !== undefined ? <Heading id={named ? `${id}-title` : undefined}>{title}</Heading> : null}
          {actions !== undefined ? <div className="card-actions">{actions}</div> : null}
        </header>
      ) : null}
      {children}
    </section>
  );
}

export function EmptyState({icon = 'info', title, children, action}: {icon?: IconName; title: string; children?: ReactNode; action?: ReactNode}): ReactNode {
  return (
    <div className="empty">
      <span className="empty-icon"><Icon name={icon} /></span>
      <p className="empty-title">{title}</p>
      {children ? <div className="empty-help">{children}</div> : null}
      {action ? <div className="empty-action">{action}</div> : null}
    </div>
  );
}

/** Cause, consequence, way out. */
export function ErrorState({cause, consequence, action, code, quiet = false}: {cause: ReactNode; consequence?: ReactNode; action?: ReactNode; code?: string | null; quiet?: boolean}): ReactNode {
  return (
    <div className="error-state" role={quiet ? undefined : 'alert'} data-quiet={quiet || undefined}>
      <Icon name={quiet ? 'info' : 'problem'} />
      <div className="error-words">
        <p className="error-cause">{cause}</p>
        {consequence ? <p>{consequence}</p> : null}
        {code ? <p className="error-code"><code>{code}</code></p> : null}
        {action ? <div className="error-action">{action}</div> : null}
      </div>
    </div>
  );
}

/** What a failed request says to a reader; for the toast, the form, and ErrorState. */
export function wordsOf(e: unknown): {cause: string; consequence: string; code: string | null} {
  if (e instanceof Unreachable) return {cause: kit.error.unreachable, consequence: kit.error.unreachableHelp, code: null};
  if (e instanceof Problem) {
    const known = kit.error.problem(e.code);
    return {cause: known ?? ([e.title, e.detail].filter((s) => s !== '').join('. ') || kit.error.other), consequence: '', code: e.code || null};
  }
  return {cause: kit.error.other, consequence: '', code: null};
}

/** For a query that failed: says why, and offers to try again. */
export function QueryError({id, error, retry}: {id: string; error: unknown; retry: () => void}): ReactNode {
  const {cause, consequence, code} = wordsOf(error);
  return (
    <ErrorState cause={cause} consequence={consequence} code={code}
      action={<button id={id} type="button" className="button button-secondary" onClick={retry}>{kit.error.retry}</button>} />
  );
}

/** Grey lines in the shape of what is coming; the words are for those who do not see them. */
export function Skeleton({lines = 3, cards = 0}: {lines?: number; cards?: number}): ReactNode {
  const bones = Array.from({length: lines}, (_, n) => <span key={n} className="bone" data-width={n % 3} />);
  return (
    <div className="skeleton">
      <span className="unseen" role="status">{kit.loading}</span>
      <div aria-hidden="true" className={cards > 0 ? 'cards' : ''}>
        {cards > 0 ? Array.from({length: cards}, (_, n) => <div key={n} className="card">{bones}</div>) : bones}
      </div>
    </div>
  );
}

/** `of` unknown: the bar only moves. */
export function Progress({label, value, of}: {label: string; value?: number; of?: number}): ReactNode {
  const known = value !== undefined && of !== undefined && of > 0;
  return (
    <ProgressBar className="progress" aria-label={label} value={known ? (100 * value) / of : 0} isIndeterminate={!known}>
      {({percentage}) => (
        <>
          <span className="progress-words">{label}</span>
          <span className="progress-track" data-moving={!known || undefined}>
            <span className="progress-bar" style={known ? {inlineSize: `${percentage}%`} : undefined} />
          </span>
        </>
      )}
    </ProgressBar>
  );
}

/** A line across the page or a card about something to know or do. */
export function Notice({tone = 'wait', children, action, id}: {tone?: Tone; children: ReactNode; action?: ReactNode; id?: string}): ReactNode {
  return (
    <div className="notice" data-tone={tone} id={id}>
      <Icon name={tone === 'wait' ? 'warning' : toneIcons[tone]} />
      <div className="notice-words">{children}</div>
      {action ? <div className="notice-action">{action}</div> : null}
    </div>
  );
}
