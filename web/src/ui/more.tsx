// SPDX-License-Identifier: Apache-2.0
import type {ReactNode} from 'react';
import {kit} from '../texts/kit';
import {Button} from './button';

/** Below a list of which there is more than is shown. */
export function ShowMore({id, shown, there, busy, onMore}: {id: string; shown: number; there: boolean; busy: boolean; onMore: (() => void) | undefined}): ReactNode {
  if (!there) return null;
  return (
    <div className="console-more">
      <span role="status">{kit.moreThere(shown)}</span>
      {onMore ? <Button id={id} small busy={busy} onPress={onMore}>{kit.more}</Button> : null}
    </div>
  );
}
