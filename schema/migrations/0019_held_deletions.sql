-- Why: a pass that would delete too many events of one calendar waits for a person (invariant 14). `removal_gate` says of a
-- link that is `removing` whether its event may go: 0 open, 1 held, 2 approved, 3 refused (the event stays, and the link
-- keeps it from being imported again). `removed_count` deletions were made unasked since `removed_since`: a few at a time,
-- again and again, are one pass, whatever restarts lie between.
-- And a tenant may want every new calendar to begin with a rehearsal.
ALTER TABLE mappings
  ADD COLUMN removal_gate smallint NOT NULL DEFAULT 0 CHECK (removal_gate BETWEEN 0 AND 3),
  ADD COLUMN held_since timestamptz,
  ADD CONSTRAINT mappings_held_check CHECK ((removal_gate = 1) = (held_since IS NOT NULL));
CREATE INDEX mappings_held ON mappings (tenant_id, provider_id, entry_id) WHERE removal_gate = 1;

ALTER TABLE provider_state
  ADD COLUMN removed_since timestamptz,
  ADD COLUMN removed_count integer NOT NULL DEFAULT 0;

ALTER TABLE tenants ADD COLUMN rehearses boolean NOT NULL DEFAULT false;
