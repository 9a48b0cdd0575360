// SPDX-License-Identifier: Apache-2.0
// What just happened, said once in the corner; also to those who do not see it.
import type {ReactNode} from 'react';
import {Button as AriaButton} from 'react-aria-components/Button';
import {Text} from 'react-aria-components/Text';
import {UNSTABLE_Toast as AriaToast, UNSTABLE_ToastContent as ToastContent, UNSTABLE_ToastQueue as ToastQueue, UNSTABLE_ToastRegion as ToastRegion} from 'react-aria-components/Toast';
import {kit} from '../texts/kit';
import {Icon, type IconName} from './icons';
import {wordsOf} from './states';

export interface ToastWords {
  tone: 'good' | 'bad' | 'info';
  title: string;
  detail?: string;
}

const queue = new ToastQueue<ToastWords>({maxVisibleToasts: 4});
/** Long enough to be read, and failures stay until they are put away. */
const goodForMs = 6_000;

export function toast(words: ToastWords): void {
  queue.add(words, words.tone === 'bad' ? {} : {timeout: goodForMs});
}

/** Says why a write failed. */
export function toastProblem(title: string, e: unknown): void {
  toast({tone: 'bad', title, detail: wordsOf(e).cause});
}

const icons: Record<ToastWords['tone'], IconName> = {good: 'check', bad: 'problem', info: 'info'};

export function Toasts(): ReactNode {
  return (
    <ToastRegion queue={queue} className="toasts" aria-label={kit.toasts}>
      {({toast: t}) => (
        <AriaToast toast={t} className="toast" data-tone={t.content.tone}>
          <Icon name={icons[t.content.tone]} />
          <ToastContent className="toast-words">
            <Text slot="title" className="toast-title">{t.content.title}</Text>
            {t.content.detail ? <Text slot="description" className="toast-detail">{t.content.detail}</Text> : null}
          </ToastContent>
          <AriaButton slot="close" id={`toast-close-${t.key}`} className="icon-button" aria-label={kit.close}><Icon name="close" /></AriaButton>
        </AriaToast>
      )}
    </ToastRegion>
  );
}
