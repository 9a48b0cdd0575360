// SPDX-License-Identifier: Apache-2.0
// Which route an address belongs to. Pure.

export type Params = Record<string, string>;

/** `/calendars/:id` against `/calendars/7`: the parameters, or null. A slash at the end makes no difference. */
export function match(pattern: string, path: string): Params | null {
  const wanted = pattern.split('/').filter((s) => s !== '');
  const given = path.split('/').filter((s) => s !== '');
  if (wanted.length !== given.length) return null;
  const params: Params = {};
  for (const [n, part] of wanted.entries()) {
    const value = given[n]!;
    if (!part.startsWith(':')) {
      if (part !== value) return null;
      continue;
    }
    try {
      params[part.slice(1)] = decodeURIComponent(value);
    } catch {
      return null;
    }
  }
  return params;
}

/** A path of these pages, fit to go to after signing in; null for anything else, above all for another site. */
export function safeReturn(to: string | null | undefined): string | null {
  if (typeof to !== 'string' || !/^\/(?![/\\])[^\\\s]*$/.test(to) || to.length > 2048) return null;
  return to.startsWith('/sign-in') ? null : to;
}
