// SPDX-License-Identifier: Apache-2.0
// One entry in a form: a new one, a single one, or an occurrence of a series.
import {useState, type ReactNode} from 'react';
import {Problem} from '../../api/problem';
import type {Entry, User} from '../../api/shapes';
import {useAnswer} from '../../data/cache';
import {withGuests, type GuestProblem} from '../../model/guests';
import {firstDay} from '../../model/recurrence';
import {changeOfAll, changeOfEntry, changeOfFuture, changeOfOne, draftOf, entryOf, isChanged, isWorded, scopesFor, wallOf, type Draft, type EditScope, type EntryStatus, type Item} from '../../model/schedule';
import {useRights, useSession} from '../../session/context';
import {kit} from '../../texts/kit';
import {schedule} from '../../texts/schedule';
import {Button} from '../../ui/button';
import {Switch} from '../../ui/checks';
import {ConfirmDialog, Dialog} from '../../ui/overlays';
import {Select} from '../../ui/select';
import {Notice, QueryError, Skeleton, wordsOf} from '../../ui/states';
import {TextField} from '../../ui/text_field';
import {toast, toastProblem} from '../../ui/toast';
import {assignedAddresses, GuestsField} from './guests_field';
import {PeopleField} from './people_field';
import {readEntry, useAdd, useChange, useRemoval} from './queries';
import {RepeatFields} from './repeat_fields';
import {ScopeDialog} from './scope_dialog';
import {SyncList} from './sync_list';
import {WhenFields, type Blank} from './when_fields';

const words = schedule.form;
const statuses = Object.keys(words.statuses) as EntryStatus[];
const limits = {title: 1024, location: 1024, notes: 262_144};

export interface EntryDialogProps {
  of: {item: Item} | {draft: Draft};
  users: readonly User[];
  reader: string;
  onClose: () => void;
  onReload: (item: Item) => void;
}

export function EntryDialog({of, ...rest}: EntryDialogProps): ReactNode {
  return 'draft' in of ? <EntryForm was={of.draft} known={null} {...rest} /> : <KnownEntry item={of.item} {...rest} />;
}

type Rest = Omit<EntryDialogProps, 'of'>;

function KnownEntry({item, ...rest}: Rest & {item: Item}): ReactNode {
  const found = useAnswer(['entries', 'edit', item.id, item.version], () => readEntry(item.id));
  if (found.data) return <EntryForm was={draftOf(item, found.data)} known={{item, entry: found.data}} {...rest} />;
  const gone = found.error instanceof Problem && found.error.code === 'entry_not_found';
  return (
    <Dialog id="entry" title={words.editTitle} open wide onClose={rest.onClose}>
      {gone ? <Notice tone="info">{words.gone}</Notice> : found.isError ? <QueryError id="entry-retry" error={found.error} retry={() => void found.refetch()} /> : <Skeleton lines={8} />}
    </Dialog>
  );
}

interface FormProps extends Rest {
  was: Draft;
  known: {item: Item; entry: Entry} | null;
}

function EntryForm({was: given, known, users, reader, onClose, onReload}: FormProps): ReactNode {
  const session = useSession();
  const may = useRights().operate;
  const [was] = useState(given);
  const [is, set] = useState(given);
  const [blank, setBlank] = useState<Blank>({});
  const [guestText, setGuestText] = useState('');
  const [guestProblem, setGuestProblem] = useState<GuestProblem | null>(null);
  const [asked, setAsked] = useState(false);
  const [question, setQuestion] = useState<'change' | 'remove' | 'leave' | null>(null);
  const withPeople = session.kind !== 'user';
  const writes = useWrites(onClose);
  const failure = writes.error;
  const refusal = failure instanceof Problem ? failure : null;
  const stale = refusal?.code === 'version_mismatch';
  const shown = new Set(['title', 'location', 'notes', 'start', 'end', 'recurrence', 'assigned_user_ids', 'status', 'time_zone', 'attendees']);
  const problemOf = (field: string): string | null => (refusal && partOf(refusal) === field ? refusal.detail || refusal.title : null);
  const untold = failure && !stale && !shown.has(partOf(refusal));
  const incomplete = is.title.trim() === '' || blank.start || blank.end;
  const save = (): void => {
    setAsked(true);
    // An address that was typed and not added is meant, too.
    const {guests, problem} = withGuests(is.guests, guestText, assignedAddresses(users, is.people));
    setGuestProblem(problem);
    if (incomplete || problem) return;
    const now = guests.length === is.guests.length ? is : {...is, guests};
    set(now);
    setGuestText('');
    if (!known) return writes.add(entryOf(now, withPeople && now.people.length > 0));
    if (!isChanged(was, now)) return onClose();
    if (known.item.series) return setQuestion('change');
    writes.change(known.item, null, changeOfEntry(was, now));
  };
  const answered = (scope: EditScope): void => {
    setQuestion(null);
    if (!known) return;
    if (question === 'remove') return writes.remove(known.item, scope);
    writes.change(known.item, scope, scope === 'single' ? changeOfOne(was, is) : scope === 'future' ? changeOfFuture(was, is, known.entry) : changeOfAll(was, is, known.entry));
  };
  return (
    <Dialog id="entry" title={known ? words.editTitle : words.newTitle} open wide onClose={() => (may && (isChanged(was, is) || guestText !== '') ? setQuestion('leave') : onClose())} actions={may ? (
      <>
        {known ? <span className="entry-remove"><Button id="entry-remove" kind="quiet" icon="trash" isDisabled={writes.busy} onPress={() => setQuestion('remove')}>{words.remove}</Button></span> : null}
        <Button id="entry-cancel" onPress={onClose}>{kit.cancel}</Button>
        <Button id="entry-save" kind="primary" busy={writes.busy} onPress={save}>{known ? words.save : words.create}</Button>
      </>
    ) : null}>
      {may ? null : <Notice tone="info">{schedule.asOnlyViewer}</Notice>}
      {stale && known ? <Notice tone="bad" action={<Button id="entry-reload" small onPress={() => onReload(known.item)}>{words.again}</Button>}>{words.stale}</Notice> : null}
      {untold ? <Notice tone="bad">{schedule.notSaved}. {wordsOf(failure).cause}</Notice> : null}
      <TextField id="entry-title" label={words.title} required autoFocus={!known} value={is.title} maxLength={limits.title} disabled={!may} onChange={(title) => set({...is, title})}
        problem={problemOf('title') ?? (asked && is.title.trim() === '' ? words.titleMissing : null)} />
      <WhenFields draft={is} set={set} reader={reader} disabled={!may} blank={blank} setBlank={setBlank} asked={asked} problemOf={problemOf} />
      <RepeatFields draft={is} set={set} first={firstOf(is, known?.entry ?? null)} disabled={!may} problem={problemOf('recurrence')} />
      {withPeople ? <PeopleField users={users} value={is.people} disabled={!may} onChange={(people) => set({...is, people})} problem={problemOf('assigned_user_ids')} /> : null}
      <GuestsField value={is.guests} text={guestText} people={withPeople ? is.people : [session.user!.id]} origin={known?.entry.origin_provider_id ?? null} users={users} disabled={!may} problem={guestProblem} refused={problemOf('attendees')}
        onText={(text) => { setGuestText(text); setGuestProblem(null); }} onChange={(guests) => set({...is, guests})} onProblem={setGuestProblem} />
      <TextField id="entry-location" label={words.location} value={is.location} maxLength={limits.location} disabled={!may} onChange={(location) => set({...is, location})} problem={problemOf('location')} />
      <TextField id="entry-notes" label={words.notes} lines={3} value={is.notes} maxLength={limits.notes} disabled={!may} onChange={(notes) => set({...is, notes})} problem={problemOf('notes')} />
      <div className="form-pairs">
        <Select id="entry-status" label={words.status} required value={is.status} disabled={!may} onChange={(status) => set({...is, status})} choices={statuses.map((key) => ({key, label: words.statuses[key]}))} problem={problemOf('status')} />
        <Switch id="entry-private" label={words.isPrivate} help={words.isPrivateHelp} value={is.isPrivate} disabled={!may} onChange={(isPrivate) => set({...is, isPrivate})} />
      </div>
      {known ? <SyncList entryId={known.entry.id} sync={known.item.sync ?? []} /> : null}
      {question === 'leave' ? (
        <ConfirmDialog id="entry-leave" title={words.leave} open onClose={() => setQuestion(null)} confirm={words.leaveConfirm} onConfirm={onClose}><p>{words.leaveHelp}</p></ConfirmDialog>
      ) : null}
      {known && (question === 'change' || question === 'remove') && known.item.series ? (
        <ScopeDialog act={question} scopes={question === 'remove' ? ['single', 'future', 'all'] : scopesFor(was, is)} busy={false} onClose={() => setQuestion(null)} onChosen={answered} />
      ) : null}
      {known && question === 'remove' && !known.item.series ? (
        <ConfirmDialog id="entry-removal" title={schedule.scope.removeOne} open onClose={() => setQuestion(null)} confirm={schedule.scope.confirmRemove} onConfirm={() => answered('all')}>
          <p>{schedule.scope.removeHelp}</p>
        </ConfirmDialog>
      ) : null}
    </Dialog>
  );
}

/** "recurrence" of "recurrence.rdates[2]". */
const partOf = (refusal: Problem | null): string => refusal?.field?.split(/[.[]/)[0] ?? '';

/** Where the series begins: as it is kept, or as the form would begin it. */
function firstOf(d: Draft, entry: Entry | null): string {
  if (entry?.recurrence) {
    const {time} = wallOf(entry.start);
    return d.start.zone === null ? time.slice(0, 10) : time.length === 10 ? `${time}T${d.start.time.slice(11)}` : time;
  }
  return isWorded(d.repeat) ? `${firstDay(d.repeat, d.start.time)}${d.start.time.slice(10)}` : d.start.time;
}

type Change = Parameters<ReturnType<typeof useChange>['mutate']>[0]['change'];

interface Writes {
  busy: boolean;
  /** Of the last thing that was tried. */
  error: Error | null;
  add: (entry: ReturnType<typeof entryOf>) => void;
  change: (item: Item, scope: EditScope | null, change: Change) => void;
  remove: (item: Item, scope: EditScope | null) => void;
}

function useWrites(onClose: () => void): Writes {
  const done = (title: string) => () => {
    toast({tone: 'good', title});
    onClose();
  };
  const add = useAdd(done(schedule.added));
  const change = useChange(done(schedule.saved));
  const remove = useRemoval(done(schedule.removed));
  return {
    busy: add.isPending || change.isPending || remove.isPending,
    error: add.error ?? change.error,
    add: (entry) => add.mutate(entry),
    change: (item, scope, what) => change.mutate({target: {item, scope, version: item.version}, change: what}),
    remove: (item, scope) => remove.mutate({item, scope: item.series ? scope : null, version: item.version}, {onError: (e) => toastProblem(schedule.notRemoved, e)}),
  };
}
