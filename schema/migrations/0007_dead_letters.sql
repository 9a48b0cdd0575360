-- Why: work that does not get through is set aside with its cause, so that the rest goes on; and an outbox row remembers what
-- a bounded number of tries needs to know. `strikes` are attempts that count against the row itself, `waited_ms` is the
-- wait before the attempt that is due, `failing_since` the first failure. All of it is written only when a write fails.
ALTER TABLE outbox
  ADD COLUMN strikes integer NOT NULL DEFAULT 0,
  ADD COLUMN waited_ms bigint NOT NULL DEFAULT 0,
  ADD COLUMN failing_since timestamptz;

-- What the entry said between the base and now, as an array of bases: a write of it may have reached the calendar though no
-- answer told so. NULL nearly always.
ALTER TABLE mappings ADD COLUMN superseded text;

-- `kind`, `action` and `state` are enumerators. At most one letter is open about an entry (push) or an event (pull) of a
-- calendar.
CREATE TABLE dead_letters (
  tenant_id       uuid NOT NULL,
  letter_id       uuid NOT NULL,
  kind            smallint NOT NULL CHECK (kind >= 0),
  provider_id     uuid NOT NULL,
  entry_id        uuid,
  event_id        text CHECK (length(event_id) BETWEEN 1 AND 1024),
  action          smallint NOT NULL CHECK (action >= 0),
  state           smallint NOT NULL CHECK (state >= 0),
  attempts        integer NOT NULL,
  code            text NOT NULL CHECK (length(code) <= 64),
  detail          text NOT NULL CHECK (octet_length(detail) <= 2000),
  first_failed_at timestamptz NOT NULL,
  last_failed_at  timestamptz NOT NULL,
  closed_at       timestamptz,
  PRIMARY KEY (tenant_id, letter_id),
  CONSTRAINT dead_letters_provider_fkey FOREIGN KEY (tenant_id, provider_id) REFERENCES providers ON DELETE CASCADE,
  CHECK ((state = 0) = (closed_at IS NULL)),
  CHECK (kind <> 0 OR entry_id IS NOT NULL),
  CHECK (kind <> 1 OR event_id IS NOT NULL)
);
CREATE UNIQUE INDEX dead_letters_open_push ON dead_letters (tenant_id, provider_id, entry_id) WHERE kind = 0 AND state = 0;
CREATE UNIQUE INDEX dead_letters_open_pull ON dead_letters (tenant_id, provider_id, event_id) WHERE kind = 1 AND state = 0;
CREATE INDEX dead_letters_of_provider ON dead_letters (tenant_id, provider_id, letter_id);
SELECT keep_tenants_apart('dead_letters');

-- The ledger is forgotten by age. It is appended in that order, so that a summary per range of pages finds what is old, and
-- costs its writers next to nothing.
CREATE INDEX decisions_by_age ON decisions USING brin (tenant_id, decided_at);
