// SPDX-License-Identifier: Apache-2.0
// One calendar: whose it is, which way it syncs, how it is, and when it was last heard of.
import type {ReactNode} from 'react';
import type {BadgeTone, CardTime, ProviderCard} from '../../model/providers';
import {provider as words} from '../../texts/provider';
import {Icon, VendorMark, type IconName} from '../../ui/icons';
import {StatusPill} from '../../ui/states';
import {RelativeTime} from '../../ui/time';

const toneIcons: Record<BadgeTone, IconName> = {good: 'check', bad: 'problem', wait: 'clock', off: 'pause'};

export function ProviderCardView({card}: {card: ProviderCard}): ReactNode {
  return (
    <li className="card provider" data-tone={card.tone}>
      <div className="provider-head">
        <VendorMark type={card.type} />
        <div className="provider-names">
          <h3>{card.name}</h3>
          <p className="provider-vendor">{card.vendor}</p>
        </div>
        <StatusPill tone={card.tone} icon={toneIcons[card.tone]}>{card.badge}</StatusPill>
      </div>
      <ul className="provider-facts">
        <Line icon="letter">{card.account}</Line>
        {card.person === '' ? null : <Line icon="person">{card.person}</Line>}
        <Line icon={card.way}>{card.direction}</Line>
      </ul>
      {card.problem ? (
        <div className="provider-problem" data-severe={card.problem.severe || undefined}>
          <p className="provider-cause">{card.problem.cause}</p>
          {card.problem.wayOut === '' ? null : <p>{card.problem.wayOut}</p>}
          {card.problem.code === '' ? null : <p className="provider-trace"><code>{card.problem.code}</code>{card.problem.sinceMs === null ? null : <> · <RelativeTime at={card.problem.sinceMs} /></>}</p>}
        </div>
      ) : null}
      <dl className="provider-times">{card.times.map((t) => <Time key={t.label} time={t} />)}</dl>
    </li>
  );
}

function Line({icon, children}: {icon: IconName; children: string}): ReactNode {
  return <li><Icon name={icon} /><span>{children}</span></li>;
}

function Time({time}: {time: CardTime}): ReactNode {
  return <div><dt>{time.label}</dt><dd><RelativeTime at={time.atMs} none={time.none || words.never} past={time.past ?? undefined} /></dd></div>;
}
