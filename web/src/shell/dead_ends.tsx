// SPDX-License-Identifier: Apache-2.0
// Pages that are none: each says why, and the way on.
import type {ReactNode} from 'react';
import {sessions} from '../session/context';
import {shell} from '../texts/shell';
import {Button, Link} from '../ui/button';
import {ProductMark} from '../ui/icons';
import {EmptyState, ErrorState} from '../ui/states';
import {useTitle} from './title';

export function NotFound(): ReactNode {
  useTitle(shell.notFound.title);
  return (
    <>
      <h1 id="page-title" tabIndex={-1} className="unseen">{shell.notFound.title}</h1>
      <EmptyState icon="search" title={shell.notFound.title} action={<Link id="not-found-home" href="/" look="button-primary">{shell.notFound.home}</Link>}>{shell.notFound.help}</EmptyState>
    </>
  );
}

export function Refused(): ReactNode {
  useTitle(shell.refused.title);
  return (
    <>
      <h1 id="page-title" tabIndex={-1} className="unseen">{shell.refused.title}</h1>
      <EmptyState icon="person" title={shell.refused.title} action={<Link id="refused-home" href="/" look="button-primary">{shell.notFound.home}</Link>}>{shell.refused.help}</EmptyState>
    </>
  );
}

export function Broken(): ReactNode {
  return <ErrorState cause={shell.broken.title} consequence={shell.broken.help} action={<Button id="broken-reload" onPress={() => location.reload()}>{shell.broken.reload}</Button>} />;
}

export function Away(): ReactNode {
  useTitle('');
  return (
    <main className="alone">
      <div className="alone-card">
        <div className="alone-brand"><ProductMark /><span>{shell.product}</span></div>
        <h1 className="unseen">{shell.away.cause}</h1>
        <ErrorState cause={shell.away.cause} consequence={shell.away.consequence} action={<Button id="away-retry" onPress={() => void sessions.resume()}>{shell.away.retry}</Button>} />
      </div>
    </main>
  );
}
