-- Why: both sides changed the same since they last agreed. The losing values are kept as long as they can be taken back, and
-- under policy `manual` both wait here for a person. The three appointments are bases as in mappings; `groups` are bits,
-- `state` and `choice` enumerators. A conflict goes with its entry and with its calendar.
CREATE TABLE conflicts (
  tenant_id       uuid NOT NULL,
  conflict_id     uuid NOT NULL,
  provider_id     uuid NOT NULL,
  entry_id        uuid NOT NULL,
  event_id        text CHECK (length(event_id) BETWEEN 1 AND 1024),
  groups          integer NOT NULL CHECK (groups BETWEEN 0 AND 511),
  state           smallint NOT NULL CHECK (state >= 0),
  choice          smallint CHECK (choice >= 0),
  decided_by      text NOT NULL,
  base            text NOT NULL,
  entry_values    text NOT NULL,
  event_values    text NOT NULL,
  entry_version   bigint NOT NULL,
  event_version   text NOT NULL,
  opened_at       timestamptz NOT NULL,
  resolved_at     timestamptz,
  PRIMARY KEY (tenant_id, conflict_id),
  CONSTRAINT conflicts_provider_fkey FOREIGN KEY (tenant_id, provider_id) REFERENCES providers ON DELETE CASCADE,
  CONSTRAINT conflicts_entry_fkey FOREIGN KEY (tenant_id, entry_id) REFERENCES entries ON DELETE CASCADE,
  CHECK ((state = 0) = (resolved_at IS NULL))
);
CREATE INDEX conflicts_by_state ON conflicts (tenant_id, state, conflict_id);
CREATE INDEX conflicts_of_entry ON conflicts (tenant_id, entry_id, conflict_id);
CREATE INDEX conflicts_of_provider ON conflicts (tenant_id, provider_id, conflict_id);
SELECT keep_tenants_apart('conflicts');
