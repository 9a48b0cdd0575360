// SPDX-License-Identifier: Apache-2.0
// One person's calendar: what stands in it by the vendor's own API, and what the person does in the vendor's own pages.
// Both vendors' events are shown in one shape:
//   {id, title, notes, location, start, end, zone, isPrivate, isTentative, raw}
// where start and end are "2026-12-01" or an instant as "2026-12-01T08:00:00.000Z".

/** Outlook's names of the zones that the tests use. */
const outlookZones = {
  UTC: 'UTC',
  'W. Europe Standard Time': 'Europe/Berlin',
  'Eastern Standard Time': 'America/New_York',
  'Lord Howe Standard Time': 'Australia/Lord_Howe',
  'New Zealand Standard Time': 'Pacific/Auckland',
  'Nepal Standard Time': 'Asia/Kathmandu',
};

const instant = (text) => new Date(text).toISOString();

function googleEvent(raw) {
  const time = (t) => t.date ?? instant(t.dateTime);
  return {
    id: raw.id,
    title: raw.summary ?? '',
    notes: raw.description ?? '',
    location: raw.location ?? '',
    start: time(raw.start),
    end: time(raw.end),
    zone: raw.start.timeZone,
    isPrivate: raw.visibility === 'private',
    isTentative: raw.status === 'tentative',
    raw,
  };
}

function microsoftEvent(raw) {
  const time = (t) => (raw.isAllDay ? t.dateTime.slice(0, 10) : instant(`${t.dateTime.slice(0, 23)}Z`));
  return {
    id: raw.id,
    title: raw.subject,
    notes: raw.body.content.replaceAll('\r\n', '\n').trim(), // Outlook's line ends
    location: raw.location?.displayName ?? '',
    start: time(raw.start),
    end: time(raw.end),
    zone: outlookZones[raw.originalStartTimeZone] ?? raw.originalStartTimeZone,
    isPrivate: raw.sensitivity === 'private',
    isTentative: raw.showAs === 'tentative',
    raw,
  };
}

export class Calendar {
  constructor(sandbox, { type, email, token }) {
    Object.assign(this, { sandbox, type, email, token });
  }

  /** Everything in the calendar, by the vendor's API. */
  async events() {
    const raw = [];
    const google = this.type === 'google';
    let next = google ? '/calendar/v3/calendars/primary/events?maxResults=2500' : '/v1.0/me/events?$top=500';
    const headers = google ? {} : { Prefer: 'outlook.body-content-type="text", outlook.timezone="UTC"' };
    while (next) {
      const answer = await this.sandbox.call(this.token, 'GET', next, { headers });
      if (answer.status !== 200) throw new Error(`${this.email}: ${answer.status} ${answer.text}`);
      raw.push(...(google ? answer.json.items : answer.json.value));
      next = google ? undefined : answer.json['@odata.nextLink'];
    }
    return raw.map(google ? googleEvent : microsoftEvent);
  }

  /** The event of this title, or undefined; two of them are one too many. */
  async event(title) {
    const found = (await this.events()).filter((e) => e.title === title);
    if (found.length > 1) throw new Error(`${this.email} has "${title}" ${found.length} times`);
    return found[0];
  }

  /** As the person, with the fields of an event above; `start` and `end` are local to `zone`, without offset. */
  add(event) {
    return this.#write('POST', '', event);
  }
  edit(id, change) {
    return this.#write('PATCH', `/${encodeURIComponent(id)}`, change);
  }
  remove(id) {
    return this.sandbox.admin('DELETE', `/accounts/${this.email}/events/${encodeURIComponent(id)}`);
  }

  #write(method, path, { title, notes, location, start, end, zone, isPrivate, isTentative }) {
    const resource = {};
    const google = this.type === 'google';
    if (isPrivate !== undefined)
      google
        ? (resource.visibility = isPrivate ? 'private' : 'default')
        : (resource.sensitivity = isPrivate ? 'private' : 'normal');
    if (isTentative !== undefined)
      google
        ? (resource.status = isTentative ? 'tentative' : 'confirmed')
        : (resource.showAs = isTentative ? 'tentative' : 'busy');
    const body = { title, notes, location, start, end, time_zone: zone, resource };
    if (start?.length === 10) body.all_day = true;
    else if (start) body.all_day = false;
    return this.sandbox.admin(method, `/accounts/${this.email}/events${path}`, body);
  }
}
