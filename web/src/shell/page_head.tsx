// SPDX-License-Identifier: Apache-2.0
import type {ReactNode} from 'react';
import {Link} from '../ui/button';
import {useTitle} from './title';

export interface PageHeadProps {
  title: string;
  /** A line below the title. */
  lead?: ReactNode;
  /** Where this page hangs. */
  back?: {id: string; href: string; label: string};
  actions?: ReactNode;
}

/** The one h1 of a page; it gets the focus when the page is gone to, so that its name is said. */
export function PageHead({title, lead, back, actions}: PageHeadProps): ReactNode {
  useTitle(title);
  return (
    <header className="page-head">
      {back ? <Link id={back.id} href={back.href} look="plain" icon="left">{back.label}</Link> : null}
      <div className="page-head-row">
        <div className="page-head-words">
          <h1 id="page-title" tabIndex={-1}>{title}</h1>
          {lead ? <p className="page-lead">{lead}</p> : null}
        </div>
        {actions ? <div className="page-actions">{actions}</div> : null}
      </div>
    </header>
  );
}
