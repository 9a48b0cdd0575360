// SPDX-License-Identifier: Apache-2.0

export type Mode = 'installation' | 'tenant';

export interface Session {
  key: string;
  mode: Mode;
  /** A tenant's key names its tenant. */
  tenantId: string | null;
}

const longestKey = 512;

/** Who a key speaks for: tenants' keys are recognisable, any other can only be the installation's. Null: no key at all. */
export function sessionOf(text: string): Session | null {
  const key = text.trim();
  if (key === '' || key.length > longestKey || !/^[\x21-\x7e]+$/.test(key)) return null;
  const tenant = /^kl_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_/.exec(key);
  if (!tenant) return {key, mode: 'installation', tenantId: null};
  return {key, mode: 'tenant', tenantId: tenant.slice(1).join('-')};
}

/** The key of a sign-in link's fragment ("#key=…"). */
export function keyOfFragment(hash: string): string | null {
  const found = /^#(?:[^&]*&)*key=([^&]*)/.exec(hash);
  if (!found) return null;
  try {
    return decodeURIComponent(found[1]!);
  } catch {
    return null;
  }
}
