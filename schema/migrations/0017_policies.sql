-- Why: what a calendar brings in, whom its writes may mail, and what in it waits for a person: conflicts under policy
-- `manual`, a pass that would delete too much (`held_*`), a calendar that was connected for a rehearsal, and one that is on
-- its way out and takes its copies along (`leaving`).
ALTER TABLE providers
  DROP CONSTRAINT providers_on_conflict_check,
  ADD CONSTRAINT providers_on_conflict_check CHECK (on_conflict IN ('newest', 'local', 'external', 'manual')),
  ADD COLUMN imports text NOT NULL DEFAULT 'all' CHECK (imports IN ('all', 'marked', 'busy_only', 'none')),
  ADD COLUMN mails text NOT NULL DEFAULT 'nobody' CHECK (mails IN ('nobody', 'guests'));

ALTER TABLE provider_state
  DROP CONSTRAINT provider_state_status_check,
  ADD CONSTRAINT provider_state_status_check
    CHECK (status IN ('pending_authorization', 'active', 'action_required', 'paused', 'leaving')),
  ADD COLUMN rehearsing boolean NOT NULL DEFAULT false,
  ADD COLUMN held_from_calendar boolean,
  ADD COLUMN held_count integer NOT NULL DEFAULT 0,
  ADD COLUMN held_of integer NOT NULL DEFAULT 0,
  ADD COLUMN held_since timestamptz,
  ADD COLUMN held_approved boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT provider_state_held_check CHECK ((held_from_calendar IS NULL) = (held_since IS NULL));

-- What connecting would do, as it was found by the last rehearsal: JSON that people are shown.
CREATE TABLE rehearsals (
  tenant_id   uuid NOT NULL,
  provider_id uuid NOT NULL,
  report      text NOT NULL CHECK (octet_length(report) <= 262144),
  finished_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, provider_id),
  CONSTRAINT rehearsals_provider_fkey FOREIGN KEY (tenant_id, provider_id) REFERENCES providers ON DELETE CASCADE
);
SELECT keep_tenants_apart('rehearsals');
