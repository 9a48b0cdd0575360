// SPDX-License-Identifier: Apache-2.0
// The sandbox of both vendors from the outside: what people do in their calendars, what the journal saw, what goes wrong.
import { readFileSync } from 'node:fs';
import { send } from './http.mjs';

export class Sandbox {
  /** `home` as in demo.json: `base_url`, `admin_url`, `ca_file`. */
  constructor(home) {
    this.home = home;
    this.ca = readFileSync(home.ca_file, 'utf8');
  }

  /** A call of /_sandbox; anything but 2xx is our own mistake. */
  async admin(method, path, body) {
    const answer = await send({
      method,
      url: this.home.admin_url + path,
      ca: this.ca,
      headers: body ? { 'Content-Type': 'application/json' } : {},
      body: body && JSON.stringify(body),
    });
    if (answer.status >= 300) throw new Error(`${method} /_sandbox${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  /** As an application with an access token of its own. */
  async call(token, method, path, { body, headers = {} } = {}) {
    return send({
      method,
      url: path.startsWith('https:') ? path : this.home.base_url + path,
      ca: this.ca,
      headers: { Authorization: `Bearer ${token}`, ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
      body: body && JSON.stringify(body),
    });
  }

  async openAccount(email, kind, timeZone = 'Europe/Berlin') {
    await this.admin('POST', '/accounts', { email, kind, display_name: email.split('@')[0], time_zone: timeZone });
    const grant = await this.admin('POST', `/accounts/${email}/grants`, { client_id: 'calendar-app', expires_in: 864_000 });
    return grant.access_token;
  }

  /** Withdraws what `email` has consented to. */
  revoke(email, clientId) {
    return this.admin('POST', `/accounts/${email}/grants`, { revoke: true, client_id: clientId });
  }

  /** `{items, count, by_method, last_sequence}`. */
  journal(filter = {}) {
    return this.admin('GET', `/journal?${new URLSearchParams(filter)}`);
  }
  async journalEnd() {
    return (await this.journal({ limit: 1 })).last_sequence;
  }

  /** Adds a fault plan and returns how to end it. */
  async fault(plan) {
    const { id } = await this.admin('POST', '/faults', plan);
    return {
      id,
      struck: async () => (await this.admin('GET', '/faults')).items.find((f) => f.id === id)?.struck ?? 0,
      end: () => this.admin('DELETE', `/faults/${id}`).catch(() => {}),
    };
  }
  /** No notice about this account leaves the sandbox any more. */
  dropNotices(account) {
    return this.fault({ account, notice: 'drop', times: 0 });
  }

  channels() {
    return this.admin('GET', '/channels').then((list) => list.items);
  }
  forgetCursors(account) {
    return this.admin('POST', '/sync-tokens/invalidate', { account });
  }
  clock(change) {
    return this.admin('POST', '/clock', change);
  }
}
