// SPDX-License-Identifier: Apache-2.0
// What needs a person, wherever they are: each matter once, with what can be done about it.
import type {ReactNode} from 'react';
import type {Body} from '../api/client';
import {useWrite} from '../data/cache';
import {useMailSwitch, useNotifications, useNotificationSettings, useSeen, type Notification} from '../data/notifications';
import {api, useRights, useSession} from '../session/context';
import {conflicts as conflictWords} from '../texts/conflicts';
import {provider as providerWords} from '../texts/provider';
import {shell} from '../texts/shell';
import {Button, IconButton, Link} from '../ui/button';
import {Switch} from '../ui/checks';
import {Icon} from '../ui/icons';
import {InfoPopover} from '../ui/overlays';
import {RelativeTime} from '../ui/time';
import {toast, toastProblem} from '../ui/toast';

const words = shell.notices;
type Choice = Body<'/v1/conflicts/{conflict_id}/resolution', 'post'>['choice'];

export function Bell(): ReactNode {
  const found = useNotifications();
  const items = found.data?.items ?? [];
  const unseen = found.data?.unseen ?? 0;
  return (
    <InfoPopover id="bell" label={words.label(unseen)} icon="bell" count={unseen}>
      <div className="bell-head">
        <p className="bell-title">{words.title}</p>
        <SeeAll unseen={unseen} />
      </div>
      {items.length === 0 ? <p className="bell-none">{found.isError ? words.unknown : words.none}</p> : (
        <ul className="bell-list" id="bell-list">{items.map((n) => (n.kind === 'conflict' ? <ConflictNotice key={n.id} notice={n} /> : <CalendarNotice key={n.id} notice={n} />))}</ul>
      )}
      {found.data?.next_cursor ? <p className="bell-none">{words.more}</p> : null}
      <MailSwitch />
    </InfoPopover>
  );
}

function SeeAll({unseen}: {unseen: number}): ReactNode {
  const seen = useSeen();
  const {operate} = useRights();
  if (unseen === 0 || !operate) return null;
  return <Button id="bell-see-all" small kind="quiet" icon="check" busy={seen.isPending} onPress={() => seen.mutate(null)}>{words.seeAll}</Button>;
}

const nameOf = (n: Notification): string => n.provider.calendar_name ?? n.provider.account ?? providerWords.vendor(n.provider.type);

function Frame({notice: n, icon, children}: {notice: Notification; icon: 'conflict' | 'problem'; children: ReactNode}): ReactNode {
  const seen = useSeen();
  const {operate} = useRights();
  return (
    <li className="bell-item" data-seen={n.seen_at !== null || undefined} id={`bell-item-${n.id}`}>
      <Icon name={icon} />
      <div className="bell-words">
        {children}
        <p className="bell-when"><RelativeTime at={n.opened_at} />{n.mail.state === 'sent' ? ` · ${words.mailed}` : ''}</p>
      </div>
      {n.seen_at === null && operate ? <IconButton id={`bell-see-${n.id}`} icon="check" label={words.see} onPress={() => seen.mutate(n.id)} /> : null}
    </li>
  );
}

function ConflictNotice({notice: n}: {notice: Notification}): ReactNode {
  const {operate} = useRights();
  const c = n.conflict;
  const id = c?.id ?? '';
  const decide = useWrite((choice: Choice) => api.post('/v1/conflicts/{conflict_id}/resolution', {path: {conflict_id: id}, body: {choice}}), ['notifications', 'conflicts', 'entries', 'decisions', 'summary', 'console'], () => toast({tone: 'good', title: conflictWords.done, detail: conflictWords.doneDetail}));
  const choose = (choice: Choice): void => decide.mutate(choice, {onError: (e) => toastProblem(conflictWords.failed, e)});
  return (
    <Frame notice={n} icon="conflict">
      <p><Link id={`bell-conflict-${id}`} href={`/conflicts/${id}`}>{c?.entry_title || conflictWords.entry}</Link></p>
      <p>{conflictWords.differs((c?.fields ?? []).map(conflictWords.group))} · {nameOf(n)}</p>
      <div className="bell-actions">
        {operate ? (
          <>
            <Button id={`bell-local-${id}`} small busy={decide.isPending && decide.variables === 'local'} isDisabled={decide.isPending} onPress={() => choose('local')}>{words.keepLocal}</Button>
            <Button id={`bell-external-${id}`} small busy={decide.isPending && decide.variables === 'external'} isDisabled={decide.isPending} onPress={() => choose('external')}>{words.keepExternal}</Button>
          </>
        ) : null}
        <Link id={`bell-side-${id}`} href={`/conflicts/${id}`}>{words.sideBySide}</Link>
      </div>
    </Frame>
  );
}

function CalendarNotice({notice: n}: {notice: Notification}): ReactNode {
  return (
    <Frame notice={n} icon="problem">
      <p><Link id={`bell-calendar-${n.id}`} href={`/calendars/${n.provider.id}`}>{words.calendar(nameOf(n))}</Link></p>
      {n.problem ? <p>{n.problem.detail}</p> : null}
    </Frame>
  );
}

function MailSwitch(): ReactNode {
  const session = useSession();
  const {administer} = useRights();
  const settings = useNotificationSettings().data;
  const change = useMailSwitch();
  if (!settings?.mail_offered || !administer) return null;
  const own = session.kind === 'user';
  const value = own ? settings.mail_own === true : settings.mail_tenant;
  return (
    <div className="bell-mail">
      <Switch id="bell-mail" label={own ? words.mailOwn : words.mailTenant} help={own && !settings.mail_tenant ? words.mailOff : undefined}
        value={change.isPending ? change.variables : value} onChange={(mail) => change.mutate(mail, {onError: (e) => toastProblem(words.mailFailed, e)})} />
    </div>
  );
}
