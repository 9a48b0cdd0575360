-- Why: who exists. Every table of a tenant's rows begins every key with tenant_id and is closed to all but the acting
-- tenants, for the owner too (FORCE); tests walk the catalogue and fail on a table that is not.
--
-- Closed sets of values are kept in two ways. Text with a CHECK: where rows are few and people read them by hand.
-- smallint, the enumerator's position in its C++ enum (new values are appended only): where rows are many.

CREATE FUNCTION keep_tenants_apart(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY tenant_rows ON %s USING (tenant_id = ANY ((SELECT acting_tenants())::uuid[]))'
                 ' WITH CHECK (tenant_id = ANY ((SELECT acting_tenants())::uuid[]))', target);
END $$;
REVOKE EXECUTE ON FUNCTION keep_tenants_apart(regclass) FROM PUBLIC;
COMMENT ON FUNCTION keep_tenants_apart(regclass) IS 'For migrations: closes a table to all but the acting tenants.';

CREATE TABLE tenants (
  tenant_id  uuid PRIMARY KEY,
  name       text NOT NULL,
  created_at timestamptz NOT NULL
);
SELECT keep_tenants_apart('tenants');

-- The one question that needs no tenant: which are there? Ids only, readable by all, written by the tenant concerned.
CREATE TABLE tenant_directory (
  tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE
);
ALTER TABLE tenant_directory ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_directory FORCE ROW LEVEL SECURITY;
CREATE POLICY read_all ON tenant_directory FOR SELECT USING (true);
CREATE POLICY add_own ON tenant_directory FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT acting_tenants())::uuid[]));
CREATE POLICY remove_own ON tenant_directory FOR DELETE
  USING (tenant_id = ANY ((SELECT acting_tenants())::uuid[]));

-- The next sequence of a tenant's facts. Its row is also the tenant's lock: whoever writes entries, facts or decisions
-- holds it (FOR NO KEY UPDATE) from before the first write to COMMIT. That makes the facts gapless and in commit order,
-- and lets the tables that grow fastest do without a foreign key to tenants: no writer can outlive an erasure.
CREATE TABLE tenant_counters (
  tenant_id     uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
  next_sequence bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 50);
SELECT keep_tenants_apart('tenant_counters');

CREATE TABLE users (
  tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  user_id    uuid NOT NULL,
  email      text NOT NULL,
  name       text NOT NULL,
  time_zone  text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, user_id),
  CONSTRAINT users_email_key UNIQUE (tenant_id, email),
  CONSTRAINT users_email_lower CHECK (email = lower(email))
);
SELECT keep_tenants_apart('users');

-- The key itself is never here: `hash` is its SHA-256.
CREATE TABLE api_keys (
  tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  key_id     uuid NOT NULL,
  name       text NOT NULL,
  role       text NOT NULL CHECK (role IN ('reader', 'operator', 'admin')),
  hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  PRIMARY KEY (tenant_id, key_id),
  CONSTRAINT api_keys_hash_key UNIQUE (tenant_id, hash)
);
SELECT keep_tenants_apart('api_keys');

CREATE TABLE audit_log (
  tenant_id   uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  audit_id    uuid NOT NULL,
  happened_at timestamptz NOT NULL,
  actor       text NOT NULL,
  action      text NOT NULL,
  subject     text NOT NULL,
  detail      text NOT NULL CHECK (octet_length(detail) <= 4096),
  peer        text NOT NULL,
  PRIMARY KEY (tenant_id, audit_id)
);
SELECT keep_tenants_apart('audit_log');
