// SPDX-License-Identifier: Apache-2.0
// Deciding a conflict, seeing before what would come of it, and taking a decision back.
import {useState, type ReactNode} from 'react';
import type {Body} from '../../api/client';
import type {Conflict} from '../../api/shapes';
import {makeStale, useAnswer, useWrite} from '../../data/cache';
import type {Root} from '../../data/stale';
import {chosenAll, linesOf, type Picks, type Side} from '../../model/conflicts';
import {api, useRights} from '../../session/context';
import {conflicts as words} from '../../texts/conflicts';
import {Button} from '../../ui/button';
import {ConfirmDialog} from '../../ui/overlays';
import {Card, ErrorState, Notice, Skeleton, StatusPill, wordsOf} from '../../ui/states';
import {toast} from '../../ui/toast';

type Resolution = Body<'/v1/conflicts/{conflict_id}/resolution', 'post'>;
const changed: Root[] = ['conflicts', 'entries', 'occurrences', 'decisions', 'sync-status', 'summary', 'console'];

/** A refusal mostly means that somebody else was faster: looking again shows what holds now. */
function Refusal({title, error, look}: {title: string; error: unknown; look: () => void}): ReactNode {
  const {cause, consequence, code} = wordsOf(error);
  const again = (): void => {
    makeStale(changed);
    look();
  };
  return <div className="conflict-problem"><ErrorState cause={`${title}. ${cause}`} consequence={consequence} code={code} action={<Button id="conflict-look-again" small onPress={again}>{words.again}</Button>} /></div>;
}

export function Decision({conflict: c, picks, look}: {conflict: Conflict; picks: Picks; look: () => void}): ReactNode {
  const {operate} = useRights();
  const path = {conflict_id: c.id};
  const decide = useWrite((body: Resolution) => api.post('/v1/conflicts/{conflict_id}/resolution', {path, body}), changed, () => toast({tone: 'good', title: words.done, detail: words.doneDetail}));
  if (!operate) return <Notice tone="info">{words.notYours}</Notice>;
  const ready = chosenAll(c, picks);
  const busy = (choice: Resolution['choice']): boolean => decide.isPending && decide.variables.choice === choice;
  return (
    <>
      <Card id="conflict-decide" className="conflict-decide" title={words.decide}>
        <p>{words.decideHelp}</p>
        <div className="conflict-buttons">
          <Button id="conflict-keep-local" kind="primary" busy={busy('local')} isDisabled={decide.isPending} onPress={() => decide.mutate({choice: 'local'})}>{words.keepLocal}</Button>
          <Button id="conflict-keep-external" kind="primary" busy={busy('external')} isDisabled={decide.isPending} onPress={() => decide.mutate({choice: 'external'})}>{words.keepExternal}</Button>
          <Button id="conflict-merge" busy={busy('merge')} isDisabled={!ready || decide.isPending} onPress={() => decide.mutate({choice: 'merge', fields: picks})}>{words.merge}</Button>
        </div>
        <div className="conflict-preview" id="conflict-preview">
          <h3>{words.preview}</h3>
          {ready ? <Preview conflict={c} picks={picks} /> : <p className="field-help">{words.previewHint}</p>}
        </div>
      </Card>
      {decide.error ? <Refusal title={words.failed} error={decide.error} look={look} /> : null}
    </>
  );
}

function Preview({conflict: c, picks}: {conflict: Conflict; picks: Picks}): ReactNode {
  const asked = useAnswer(['conflicts', 'preview', c.id, picks], (signal) => api.post('/v1/conflicts/{conflict_id}/preview', {path: {conflict_id: c.id}, body: {choice: 'merge', fields: picks}, signal}), {keep: true});
  const then = asked.data;
  if (asked.isError) return <ErrorState quiet cause={wordsOf(asked.error).cause} code={wordsOf(asked.error).code} />;
  if (!then) return <Skeleton lines={2} />;
  const side = (which: Side): ReactNode => (
    <div className="conflict-side" key={which}>
      <div className="conflict-side-head">
        <h3>{words.becomes(which)}</h3>
        {then.changes[which].length > 0 ? <StatusPill tone="info" icon="edit">{words.willChange}</StatusPill> : <StatusPill tone="off" icon="check">{words.unchanged}</StatusPill>}
      </div>
      {c.groups.map((g) => (
        <div key={g}>
          <h4>{words.group(g)}</h4>
          {linesOf(g, then[which]).map((line, n) => <p key={n} className="conflict-line">{line}</p>)}
        </div>
      ))}
    </div>
  );
  return <div className="conflict-sides">{side('local')}{side('external')}</div>;
}

export function Restoration({conflict: c, look}: {conflict: Conflict; look: () => void}): ReactNode {
  const {operate} = useRights();
  const [asking, setAsking] = useState(false);
  const restore = useWrite(() => api.post('/v1/conflicts/{conflict_id}/restoration', {path: {conflict_id: c.id}, body: {}}), changed, () => {
    setAsking(false);
    toast({tone: 'good', title: words.restored});
  });
  if (!operate) return null;
  const bring = (): void => restore.mutate(undefined, {onError: () => setAsking(false)});
  return (
    <>
      <Card id="conflict-restoration" className="conflict-decide" title={words.restore}>
        <p>{words.restoreHelp}</p>
        <div className="conflict-buttons"><Button id="conflict-restore" onPress={() => setAsking(true)}>{words.restore}</Button></div>
      </Card>
      {restore.error ? <Refusal title={words.notRestored} error={restore.error} look={look} /> : null}
      <ConfirmDialog id="conflict-restore-confirm" title={words.restoreTitle} open={asking} onClose={() => setAsking(false)} confirm={words.restore} kind="primary" busy={restore.isPending} onConfirm={bring}>
        <p>{words.restoreBody}</p>
      </ConfirmDialog>
    </>
  );
}
