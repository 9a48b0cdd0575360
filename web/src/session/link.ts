// SPDX-License-Identifier: Apache-2.0
// What a sign-in link or a key may look like. Pure.

export type Credentials = {link: string} | {key: string} | {email: string; password: string; code: string};

const longestSecret = 512;

/** A key as pasted: no spaces around it, printable, bounded. Null: no key at all. */
export function keyOf(text: string): string | null {
  const key = text.trim();
  return key !== '' && key.length <= longestSecret && /^[\x21-\x7e]+$/.test(key) ? key : null;
}

/** The credential in an address's fragment: `#key=…` or a sign-in link's token alone. Null: none. */
export function credentialsOfFragment(hash: string): Credentials | null {
  if (!hash.startsWith('#') || hash.length < 2) return null;
  const named = /^#(?:[^&]*&)*key=([^&]*)/.exec(hash);
  try {
    if (named) {
      const key = keyOf(decodeURIComponent(named[1]!));
      return key === null ? null : {key};
    }
    const link = keyOf(decodeURIComponent(hash.slice(1)));
    return link !== null && /^[A-Za-z0-9._~-]{16,}$/.test(link) ? {link} : null;
  } catch {
    return null;
  }
}
