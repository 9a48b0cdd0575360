// SPDX-License-Identifier: Apache-2.0
import {useEffect} from 'react';
import {shell} from '../texts/shell';

/** The browser's tab says where the reader is. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = shell.pageTitle(title);
  }, [title]);
}
