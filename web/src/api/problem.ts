// SPDX-License-Identifier: Apache-2.0

/** The server said no (RFC 9457). `code` is what programs look at, `detail` is for people, `field` names the field it is about. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly field: string | null = null,
    readonly requestId: string | null = null,
    readonly retryAfterMs: number | null = null,
  ) {
    super(`${code}: ${detail}`);
    this.name = 'Problem';
  }
}

/** The server did not answer. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

export async function problemOf(response: Response): Promise<Problem> {
  let body: Record<string, unknown> = {};
  if (/^application\/(problem\+)?json\b/.test(response.headers.get('Content-Type') ?? ''))
    body = await response.json().catch(() => ({}));
  const said = (name: string): string | null => (typeof body[name] === 'string' ? (body[name] as string) : null);
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return new Problem(
    response.status, said('code') ?? '', said('title') ?? '', said('detail') ?? '', said('field'),
    said('request_id') ?? response.headers.get('X-Request-Id'),
    Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null,
  );
}

const passing = new Set(['idempotency_in_progress', 'serialization_failure', 'tenant_moving', 'tenant_not_awake', 'provider_busy', 'answer_lost']);

/** Whether the same request may succeed later without anybody doing anything. */
export function mayPass(e: unknown): boolean {
  if (e instanceof Unreachable) return true;
  return e instanceof Problem && (e.status === 429 || e.status === 502 || e.status === 503 || e.status === 504 || passing.has(e.code));
}
