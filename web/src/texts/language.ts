// SPDX-License-Identifier: Apache-2.0
// The language of all texts, and how it counts. A translation replaces the files of this folder by objects of the same types.
export const language = 'en';

const plural = new Intl.PluralRules(language);
const number = new Intl.NumberFormat(language);
const list = new Intl.ListFormat(language, {type: 'conjunction'});

export const numberWord = (n: number): string => number.format(n);
export const count = (n: number, one: string, other: string): string => `${number.format(n)} ${plural.select(n) === 'one' ? one : other}`;
export const listOf = (items: string[]): string => list.format(items);
