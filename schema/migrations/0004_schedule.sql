-- Why: entries, how they stand in each calendar, and what was done about them. Written in groups across tenants, so every
-- row must be cheap: HOT updates (fillfactor 50), few indexes, JSON as text that the server never parses, and foreign keys
-- only where somebody outside the tenant's lock (tenant_counters) could break them. Entries, facts and decisions have
-- none to tenants: their writers hold the lock, and an erasure deletes them under it.

-- `starts` and `ends` are the truth: "2026-12-01" (all day) or "2026-12-01T09:00:00|1796112000|Europe/Berlin" (wall clock,
-- the instant it means in seconds, zone). `starts_at` and `ends_at` are for lists; a date counts from midnight UTC.
-- `assigned` repeats entry_assignments, so that reading an entry is reading one row. `status` is an enumerator.
CREATE TABLE entries (
  tenant_id    uuid NOT NULL,
  entry_id     uuid NOT NULL,
  version      bigint NOT NULL CHECK (version >= 1),
  title        text NOT NULL,
  notes        text NOT NULL,
  location     text NOT NULL,
  starts       text NOT NULL,
  ends         text NOT NULL,
  starts_at    timestamptz NOT NULL,
  ends_at      timestamptz NOT NULL,
  is_private   boolean NOT NULL,
  is_tentative boolean NOT NULL,
  status       smallint NOT NULL CHECK (status >= 0),
  work_type    text NOT NULL,
  work_id      text,
  assigned     uuid[] NOT NULL,
  origin       uuid,
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, entry_id)
) WITH (fillfactor = 50);
-- Lists ask "not ended before". The past grows without end and the future does not, so the end is what narrows; it changes
-- only when an entry is moved, all other updates stay HOT.
CREATE INDEX entries_by_end ON entries (tenant_id, ends_at);
SELECT keep_tenants_apart('entries');

-- Who has which entry. No `user_id` may go while it is used: users are deleted outside the tenant's lock.
CREATE TABLE entry_assignments (
  tenant_id uuid NOT NULL,
  user_id   uuid NOT NULL,
  entry_id  uuid NOT NULL,
  PRIMARY KEY (tenant_id, user_id, entry_id),
  CONSTRAINT entry_assignments_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users,
  CONSTRAINT entry_assignments_entry_fkey FOREIGN KEY (tenant_id, entry_id) REFERENCES entries ON DELETE CASCADE
);
CREATE INDEX entry_assignments_of_entry ON entry_assignments (tenant_id, entry_id);
SELECT keep_tenants_apart('entry_assignments');

-- The bases are compact JSON written by the engine; base_event is NULL when it equals base_entry. A mapping may outlive its
-- entry (`removing`), so it has no foreign key to it. Its key begins with the entry: siblings are one index range.
CREATE TABLE mappings (
  tenant_id      uuid NOT NULL,
  entry_id       uuid NOT NULL,
  provider_id    uuid NOT NULL,
  event_id       text CHECK (length(event_id) BETWEEN 1 AND 1024),
  transaction_id text CHECK (length(transaction_id) BETWEEN 1 AND 256),
  linked         boolean NOT NULL,
  removing       boolean NOT NULL,
  event_version  text NOT NULL,
  entry_version  bigint NOT NULL,
  base_entry     text NOT NULL,
  base_event     text,
  PRIMARY KEY (tenant_id, entry_id, provider_id),
  CONSTRAINT mappings_provider_fkey FOREIGN KEY (tenant_id, provider_id) REFERENCES providers ON DELETE CASCADE
) WITH (fillfactor = 50);
CREATE INDEX mappings_of_provider ON mappings (tenant_id, provider_id, entry_id);
CREATE UNIQUE INDEX mappings_event_key ON mappings (tenant_id, provider_id, event_id) WHERE event_id IS NOT NULL;
CREATE UNIQUE INDEX mappings_transaction_key ON mappings (tenant_id, provider_id, transaction_id)
  WHERE transaction_id IS NOT NULL;
SELECT keep_tenants_apart('mappings');

-- What has to be pushed; `action` is an enumerator. Retries change no indexed column.
CREATE TABLE outbox (
  tenant_id     uuid NOT NULL,
  outbox_id     uuid NOT NULL,
  provider_id   uuid NOT NULL,
  entry_id      uuid NOT NULL,
  entry_version bigint NOT NULL,
  action        smallint NOT NULL CHECK (action >= 0),
  attempts      integer NOT NULL,
  due_at        timestamptz NOT NULL,
  error_code    text,
  PRIMARY KEY (tenant_id, outbox_id),
  CONSTRAINT outbox_provider_fkey FOREIGN KEY (tenant_id, provider_id) REFERENCES providers ON DELETE CASCADE
) WITH (fillfactor = 50);
CREATE INDEX outbox_of_provider ON outbox (tenant_id, provider_id, outbox_id);
SELECT keep_tenants_apart('outbox');

-- The event bus. Only ever appended; `type` is an enumerator.
CREATE TABLE facts (
  tenant_id   uuid NOT NULL,
  sequence    bigint NOT NULL CHECK (sequence >= 1),
  fact_id     uuid NOT NULL,
  type        smallint NOT NULL CHECK (type >= 0),
  happened_at timestamptz NOT NULL,
  data        text NOT NULL CHECK (octet_length(data) <= 65536),
  PRIMARY KEY (tenant_id, sequence)
);
SELECT keep_tenants_apart('facts');

-- The decision ledger, asked for by entry. Only ever appended; `reason` is an enumerator. A decision without an entry has
-- the nil UUID for it, so that one index serves as key and as the way in.
CREATE TABLE decisions (
  tenant_id   uuid NOT NULL,
  entry_id    uuid NOT NULL,
  decision_id uuid NOT NULL,
  provider_id uuid,
  event_id    text,
  reason      smallint NOT NULL CHECK (reason >= 0),
  inputs      text NOT NULL CHECK (octet_length(inputs) <= 65536),
  decided_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, entry_id, decision_id)
);
SELECT keep_tenants_apart('decisions');

CREATE TABLE sync_runs (
  tenant_id       uuid NOT NULL,
  run_id          uuid NOT NULL,
  provider_id     uuid NOT NULL,
  cause           text NOT NULL CHECK (cause IN ('notice', 'manual', 'poll', 'reconcile', 'connect', 'push')),
  outcome         text NOT NULL CHECK (outcome IN ('running', 'succeeded', 'failed')),
  pulled          integer NOT NULL,
  entries_changed integer NOT NULL,
  pushed          integer NOT NULL,
  refused         integer NOT NULL,
  vendor_calls    integer NOT NULL,
  error_code      text NOT NULL,
  error_detail    text NOT NULL,
  started_at      timestamptz NOT NULL,
  finished_at     timestamptz,
  PRIMARY KEY (tenant_id, run_id),
  CONSTRAINT sync_runs_provider_fkey FOREIGN KEY (tenant_id, provider_id) REFERENCES providers ON DELETE CASCADE
) WITH (fillfactor = 70); -- written at the start and at the end
CREATE INDEX sync_runs_of_provider ON sync_runs (tenant_id, provider_id, run_id);
SELECT keep_tenants_apart('sync_runs');

-- Idempotency-Key: the first answer to a request. `status` 0: still under way.
CREATE TABLE kept_answers (
  tenant_id   uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  key         text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint bytea NOT NULL,
  status      integer NOT NULL,
  headers     text NOT NULL,
  body        text NOT NULL,
  claimed_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
SELECT keep_tenants_apart('kept_answers');
