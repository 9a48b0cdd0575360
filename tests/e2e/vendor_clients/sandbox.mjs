// SPDX-License-Identifier: Apache-2.0
//
// The running sandbox, as run.mjs announced it.
export const sandbox = JSON.parse(process.env.KALENDS_SANDBOX ?? '{}');

/** Calls /_sandbox. */
export async function admin(verb, path, body) {
  const answer = await fetch(sandbox.admin_url + path, { method: verb, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${verb} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? {} : answer.json();
}

/** Follows a sign-in page in automatic consent to the redirect, and returns what it brings. */
export async function signIn(url) {
  const answer = await fetch(url, { redirect: 'manual' });
  if (answer.status !== 302) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`);
  return new URL(answer.headers.get('location')).searchParams;
}
