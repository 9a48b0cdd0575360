// SPDX-License-Identifier: Apache-2.0
// What can be said of an OAuth client before its vendor is asked. Pure.
import type {ProviderType} from '../api/shapes';

export type IdProblem = 'missing' | 'blank' | 'is_secret' | 'not_google' | 'not_microsoft';
export type SecretProblem = 'missing' | 'blank' | 'is_id' | 'is_secret_id' | 'short';

const blank = /[\s"']/;
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const googleClient = /^[a-z0-9_-]+\.apps\.googleusercontent\.com$/i;
const domain = /^(?=.{3,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])$/i;
const leastSecret = 10;

/** Null: nothing is wrong as far as can be seen from here. */
export function idProblem(type: ProviderType, text: string): IdProblem | null {
  const id = text.trim();
  if (id === '') return 'missing';
  if (blank.test(id)) return 'blank';
  if (id.startsWith('GOCSPX-')) return 'is_secret';
  if (type === 'google') return googleClient.test(id) ? null : 'not_google';
  return guid.test(id) ? null : 'not_microsoft';
}

/** `clientId`: as it stands beside it. */
export function secretProblem(type: ProviderType, text: string, clientId: string): SecretProblem | null {
  const secret = text.trim();
  if (secret === '') return 'missing';
  if (blank.test(secret)) return 'blank';
  if (secret === clientId.trim() || googleClient.test(secret)) return 'is_id';
  if (type === 'microsoft' && guid.test(secret)) return 'is_secret_id';
  return secret.length < leastSecret ? 'short' : null;
}

/** Nothing given means `common`. */
export const directoryFits = (text: string): boolean => {
  const directory = text.trim();
  return directory === '' || directory === 'common' || directory === 'organizations' || guid.test(directory) || domain.test(directory);
};

/** Where the vendor sends a browser back to: the server's own address, which is that of its pages. */
export const redirectUri = (origin: string, type: ProviderType): string => `${origin}/oauth/${type}/callback`;
