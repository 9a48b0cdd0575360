-- Why: one entry may be a whole series, with guests. Empty text means none, so that single entries cost nothing: `recurrence`
-- is compact JSON of rule, added, cancelled and changed occurrences, `attendees` of the guests, `occurrences` of how far the
-- host is with single ones. Nobody asks the database what is in them. `ends_at` of a series is the end of its last
-- occurrence (2200 if it never ends), so that one that still runs has not "ended before"; `starts_at` is its earliest start.
ALTER TABLE entries
  ADD COLUMN recurrence text NOT NULL DEFAULT '',
  ADD COLUMN attendees text NOT NULL DEFAULT '',
  ADD COLUMN occurrences text NOT NULL DEFAULT '';

-- `disputed`: the field groups of an open conflict, as bits.
ALTER TABLE mappings
  ADD COLUMN guest_copy boolean NOT NULL DEFAULT false,
  ADD COLUMN masked boolean NOT NULL DEFAULT false,
  ADD COLUMN disputed integer NOT NULL DEFAULT 0 CHECK (disputed BETWEEN 0 AND 511);

-- Which entry a meeting is, by the UID that all copies of it share (RFC 5545 3.8.4.7), in whichever calendar it is met. It
-- outlives the calendars: one that is connected anew finds its entries again.
CREATE TABLE meetings (
  tenant_id uuid NOT NULL,
  ical_uid  text NOT NULL CHECK (octet_length(ical_uid) BETWEEN 1 AND 1024),
  entry_id  uuid NOT NULL,
  PRIMARY KEY (tenant_id, ical_uid),
  CONSTRAINT meetings_entry_fkey FOREIGN KEY (tenant_id, entry_id) REFERENCES entries ON DELETE CASCADE
);
CREATE INDEX meetings_of_entry ON meetings (tenant_id, entry_id);
SELECT keep_tenants_apart('meetings');
