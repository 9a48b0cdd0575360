// SPDX-License-Identifier: Apache-2.0
// Nothing that a browser is told is a secret of somebody else: asked of every answer that any page of any test saw.

/** Names under which a secret would stand. */
const secretNames = /token|secret|password|hash|vault|sealed|cipher|refresh|private_key|client_state|authorization_code/i;
/** What signs this browser's own writes, and where the page gets what it shows once or by name only. */
const harmless = /^(csrf_token|has_secret|secret_set|secret_expires_at|token_expires_at|old_secret_until|refused|notices_refused|page_token|kalends_notices_refused_total)$/;
/** Forms that no answer has: tokens of the vendors and of OpenID, sealed and hashed values, keys in PEM. */
const secretForms = /ya29\.[\w-]{10,}|1\/\/0[\w-]{10,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}|GOCSPX-[\w-]+|\$scrypt\$|-----BEGIN [A-Z ]*PRIVATE KEY/;

/** `known`: the values themselves. A key, and what signs an endpoint's messages, is shown to who made it, once. */
export function secretsIn({ method, path, text, json }, known) {
  const found = [];
  const makesKey = method === 'POST' && /\/(keys|webhook-endpoints|rotate-secret)$/.test(path);
  if (secretForms.test(text)) found.push(`${method} ${path} holds ${secretForms.exec(text)[0].slice(0, 6)}…`);
  for (const [name, value] of known) if (text.includes(value)) found.push(`${method} ${path} holds ${name}`);
  const walk = (value, name) => {
    if (value && typeof value === 'object') for (const [key, inner] of Object.entries(value)) walk(inner, Array.isArray(value) ? name : key);
    else if (typeof value === 'string' && value !== '' && secretNames.test(name) && !harmless.test(name)) found.push(`${method} ${path} has ${name}`);
  };
  if (json && !makesKey) walk(json, '');
  return found;
}

/** Every string of the demonstration's manifest under such a name. */
export function secretsOf(world) {
  const known = [];
  const walk = (value, name) => {
    if (value && typeof value === 'object') for (const [key, inner] of Object.entries(value)) walk(inner, Array.isArray(value) ? name : key);
    else if (typeof value === 'string' && value.length >= 12 && /key$|token|secret/.test(name)) known.push([name, value]);
  };
  walk(world, '');
  return known;
}
