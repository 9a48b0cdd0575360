// SPDX-License-Identifier: Apache-2.0
// The guests of an entry, and whom its calendars mail. Pure.
import type {Provider, Schemas} from '../api/shapes';

export type Guest = Schemas['attendee'];

export const mostGuests = 500;
const longest = 254;
/** The server takes any name@host; a host without a dot is a slip of the hand nearly always. */
const address = /^[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;".]+$/;

export type GuestProblem = {kind: 'malformed' | 'twice' | 'assigned'; text: string} | {kind: 'too_many'; text: string};

export const folded = (email: string): string => email.trim().toLowerCase();

/** "a@b.c", "Ann <a@b.c>", or several of them parted by commas, semicolons or lines. Nothing is taken if anything is wrong. */
export function withGuests(known: readonly Guest[], text: string, assigned: ReadonlySet<string>): {guests: Guest[]; problem: GuestProblem | null} {
  const guests = [...known];
  const refuse = (kind: GuestProblem['kind'], said: string): {guests: Guest[]; problem: GuestProblem} => ({guests: [...known], problem: {kind, text: said}});
  for (const said of text.split(/[,;\n]/).map((s) => s.trim()).filter((s) => s !== '')) {
    const named = /^(.*)<([^<>]*)>$/.exec(said);
    const email = (named ? named[2]! : said).trim();
    const name = named ? named[1]!.trim().replace(/^"(.*)"$/, '$1') : '';
    if (!address.test(email) || email.length > longest) return refuse('malformed', said);
    if (assigned.has(folded(email))) return refuse('assigned', email);
    if (guests.some((g) => folded(g.email) === folded(email))) return refuse('twice', email);
    if (guests.length >= mostGuests) return refuse('too_many', email);
    guests.push({email, name: name === '' ? null : name.slice(0, 200), optional: false, organizer: false});
  }
  return {guests, problem: null};
}

/** As they are sent: an answer that is known stays as it is. */
export const attendeesOf = (guests: readonly Guest[]): Guest[] => guests.map(({email, name, optional, organizer}) => ({email, name: name ?? null, optional: optional ?? false, organizer: organizer ?? false}));

/** The calendar that invites guests, if it is set to mail: the one that the entry was born in, else the first of the first person who has one. */
export function inviterOf(providers: readonly Provider[], people: readonly string[], origin: string | null): Provider | null {
  const calendars = providers.filter((p) => p.status !== 'leaving' && p.status !== 'pending_authorization' && p.direction !== 'from_provider').sort((a, b) => (a.id < b.id ? -1 : 1));
  const born = calendars.find((p) => p.id === origin);
  if (born) return born;
  for (const person of [...people].sort()) {
    const own = calendars.find((p) => p.scope === 'user' && p.user_id === person);
    if (own) return own;
  }
  return null;
}
