// SPDX-License-Identifier: Apache-2.0
// Load from both sides: hosts write through the API with Idempotency-Keys and repeat what got no answer; people write in
// their own calendars. Each change goes into the journal once it is acknowledged.
import { randomUUID } from 'node:crypto';
import { at, day } from '../e2e/support/entries.mjs';
import { pause } from '../e2e/support/eventually.mjs';
import { Item, nameIn } from './journal.mjs';

const liveItems = 24; // per tenant; above it deletions prevail
const repeatAfterMs = 150;

const pad = (n) => String(n).padStart(2, '0');

/** A quarter of an hour somewhere in the weeks to come, as both sides write it. */
function someTime(chance) {
  const date = day(chance.between(2, 40));
  const clock = `${pad(chance.between(6, 20))}:${pad(chance.pick([0, 15, 30]))}:00`;
  const end = `${clock.slice(0, 3)}${pad(Number(clock.slice(3, 5)) + 15)}:00`;
  return { date, clock, end };
}
const zone = 'Europe/Berlin';
const instantOf = (entry) => new Date(entry.start.date_time).toISOString();

export class Load {
  #working = [];
  #going = false;
  #abandoned = false;

  constructor(town, journal, chance, { pace = 1 } = {}) {
    Object.assign(this, { town, journal, chance, pace });
    this.counts = { host: 0, people: 0, repeated: 0, unavailable: 0 };
    this.unexpected = []; // answers that no host should get
  }

  start() {
    this.#going = true;
    for (const tenant of this.town.tenants) {
      for (let n = 0; n < 2; ++n) this.#work(this.chance.branch(), (c) => this.#hostActs(tenant, c), 60);
      for (const person of tenant.people) this.#work(this.chance.branch(), (c) => this.#personActs(tenant, person, c), 250);
    }
  }

  /** No new change begins; those under way are carried to their acknowledgement. */
  async stop() {
    this.#going = false;
    await Promise.all(this.#working);
    this.#working = [];
  }

  /** The installation ends: nothing is waited for. */
  abandon() {
    this.#going = false;
    this.#abandoned = true;
  }

  #work(chance, act, everyMs) {
    const go = async () => {
      while (this.#going) {
        await act(chance);
        await pause((everyMs * (0.5 + chance.next())) / this.pace);
      }
    };
    const work = go();
    work.catch(() => {}); // stop() tells it
    this.#working.push(work);
  }

  async #alone(item, change) {
    item.busy = true;
    try {
      return await change();
    } finally {
      item.busy = false;
    }
  }

  // -- hosts --

  /** Repeats until there is an answer, as a careful host does. */
  async #write(tenant, method, path, body) {
    const headers = { 'Idempotency-Key': randomUUID() };
    for (;;) {
      let answer;
      try {
        answer = await tenant.host.request(method, path, body, headers);
      } catch (failure) {
        if (!failure.code && !/took too long|socket hang up/.test(failure.message)) throw failure;
      }
      const again = !answer || answer.status === 503 || answer.status === 429 || answer.json?.code === 'idempotency_in_progress';
      if (!again) {
        if (answer.status >= 500) this.unexpected.push(`${method} ${path}: ${answer.status} ${answer.text}`);
        if (answer.status < 500) return answer;
      }
      if (answer?.status === 503) {
        ++this.counts.unavailable;
        if (!answer.headers['retry-after']) this.unexpected.push(`${method} ${path}: 503 without Retry-After`);
      }
      if (this.#abandoned) throw new Error('the installation has ended');
      ++this.counts.repeated;
      await pause(repeatAfterMs);
    }
  }

  async #hostActs(tenant, chance) {
    const free = this.journal.free(tenant);
    const known = free.filter((i) => i.entryId);
    const crowded = free.length > liveItems;
    const what = known.length
      ? chance.weighted([
          [crowded ? 0 : 3, 'create'],
          [6, 'edit'],
          [2, 'assign'],
          [crowded ? 4 : 1, 'remove'],
        ])
      : 'create';
    if (what === 'create') return this.#create(tenant, chance);
    const item = chance.pick(known);
    await this.#alone(item, () => {
      if (what === 'edit') return this.#edit(item, chance);
      if (what === 'assign') return this.#assign(item, chance);
      return this.#remove(item);
    });
    ++this.counts.host;
  }

  async #create(tenant, chance) {
    const name = this.journal.newName(tenant);
    const time = someTime(chance);
    const people = tenant.people.filter(() => chance.happens(0.5));
    if (!people.length) people.push(chance.pick(tenant.people));
    const body = {
      title: `${name} made`,
      notes: `notes ${name}`,
      location: '',
      start: at(time.date, time.clock, zone),
      end: at(time.date, time.end, zone),
      assigned_user_ids: people.map((p) => p.userId),
    };
    const answer = await this.#write(tenant, 'POST', '/v1/schedule-entries', body);
    if (answer.status !== 201) return this.unexpected.push(`POST: ${answer.status} ${answer.text}`);
    const values = { title: body.title, notes: body.notes, location: '', start: instantOf(answer.json) };
    const item = new Item(name, tenant, 'host', values, people.map((p) => p.email));
    item.entryId = answer.json.id;
    item.note(`created for ${[...item.people]}`);
    this.journal.add(item);
    ++this.counts.host;
  }

  async #edit(item, chance) {
    const field = chance.weighted([[3, 'notes'], [2, 'start'], [2, 'title']]);
    const change = {};
    const word = Math.floor(chance.next() * 1e9).toString(36);
    if (field === 'start') {
      const time = someTime(chance);
      change.start = at(time.date, time.clock, zone);
      change.end = at(time.date, time.end, zone);
    } else {
      change[field] = field === 'title' ? `${item.name} host ${word}` : `notes ${word}`;
    }
    const answer = await this.#write(item.tenant, 'PATCH', `/v1/schedule-entries/${item.entryId}`, change);
    if (answer.status === 404 && item.deletedBy) return;
    if (answer.status !== 200) return this.#missing(item, answer);
    item.fields[field].write('host', field === 'start' ? instantOf(answer.json) : change[field]);
    item.note(`host: ${field} = ${JSON.stringify(change[field])}, version ${answer.json.version}`);
  }

  async #assign(item, chance) {
    if (item.deletedBy) return; // who has it then is the program's to say, until both sides agree again
    const people = item.tenant.people.filter(() => chance.happens(0.5));
    if (!people.length) people.push(chance.pick(item.tenant.people));
    const change = { assigned_user_ids: people.map((p) => p.userId) };
    const answer = await this.#write(item.tenant, 'PATCH', `/v1/schedule-entries/${item.entryId}`, change);
    if (answer.status !== 200) return this.#missing(item, answer);
    const after = new Set(people.map((p) => p.email));
    for (const email of item.people)
      if (!after.has(email)) for (const field of Object.values(item.fields)) field.doubt(email);
    item.people = after;
    item.reassigned = true;
    item.note(`host: assigned ${[...after]}, version ${answer.json.version}`);
  }

  async #remove(item) {
    const answer = await this.#write(item.tenant, 'DELETE', `/v1/schedule-entries/${item.entryId}`);
    if (answer.status !== 204 && answer.status !== 404) return this.#missing(item, answer);
    item.gone = true;
    item.note(`host: deleted (${answer.status})`);
  }

  #missing(item, answer) {
    item.note(`unexpected answer ${answer.status} ${answer.text}`);
    this.unexpected.push(`${item.name}: ${answer.status} ${answer.text}\n  ${item.history.join('\n  ')}`);
    item.failed = true;
  }

  // -- people --

  async #personActs(tenant, person, chance) {
    if (chance.happens(0.25) && this.journal.free(tenant).length <= liveItems) return this.#add(tenant, person, chance);
    const shown = (await this.#shownTo(person)).filter((e) => {
      const item = this.journal.items.get(nameIn(e.title));
      return item && item.tenant === tenant && !item.busy && !item.gone && !item.failed;
    });
    if (!shown.length) return;
    const event = chance.pick(shown);
    const item = this.journal.items.get(nameIn(event.title));
    await this.#alone(item, () =>
      chance.happens(0.15) ? this.#personDeletes(item, person, event) : this.#personEdits(item, person, event, chance),
    );
    ++this.counts.people;
  }

  /** While the vendor's API is away, people go on with what their telephones showed last. */
  async #shownTo(person) {
    try {
      person.shown = await person.calendar.events();
    } catch (failure) {
      if (!/: 503 /.test(failure.message)) throw failure;
    }
    return person.shown ?? [];
  }

  async #add(tenant, person, chance) {
    const name = this.journal.newName(tenant);
    const time = someTime(chance);
    const title = `${name} own`;
    const start = `${time.date}T${time.clock}`;
    await person.calendar.add({ title, notes: '', location: 'at home', start, end: `${time.date}T${time.end}`, zone });
    const values = { title, notes: '', location: 'at home' };
    const item = new Item(name, tenant, person.email, values, [person.email]);
    item.fields.start.base = undefined; // learnt from the calendar: nobody else writes it yet
    item.note(`${person.email}: added`);
    this.journal.add(item);
    ++this.counts.people;
  }

  async #personEdits(item, person, event, chance) {
    const field = chance.weighted([[3, 'location'], [1, 'title']]);
    const word = Math.floor(chance.next() * 1e9).toString(36);
    const value = field === 'title' ? `${item.name} own ${word}` : `room ${word}`;
    if (!(await this.#inCalendar(() => person.calendar.edit(event.id, { [field]: value })))) return;
    const certain = !item.reassigned && item.people.has(person.email);
    item.fields[field].write(person.email, value, certain);
    item.note(`${person.email}: ${field} = ${JSON.stringify(value)}${certain ? '' : ' (perhaps)'}`);
  }

  /**
   * Whom it leaves is certain only if the host did not move it meanwhile, and if one person does it at a time. Microsoft
   * gives ids of its own: of a program that died before it heard the answer to its insertion, an event deleted meanwhile
   * looks like one that never was, and the insertion is repeated. (Google refuses the id a second time.)
   */
  async #personDeletes(item, person, event) {
    if (item.reassigned || item.deletedBy || !item.people.has(person.email)) return;
    if (!(await this.#inCalendar(() => person.calendar.remove(event.id)))) return;
    item.deletedBy = person.email;
    if (item.young && person.type === 'microsoft') item.mayReturnTo = person.email;
    for (const field of Object.values(item.fields)) field.doubt(person.email);
    item.people.delete(person.email);
    if (item.born === person.email && !item.people.size) item.gone = true;
    item.note(`${person.email}: deleted${item.mayReturnTo ? ' (may return)' : ''}`);
  }

  /** False when the event left the calendar before. */
  async #inCalendar(change) {
    try {
      await change();
      return true;
    } catch (failure) {
      if (/: (400|404|409|410) /.test(failure.message)) return false;
      throw failure;
    }
  }
}
