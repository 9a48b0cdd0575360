-- Why: row-level security needs one answer to "for whom is this transaction?". The engine sets `kalends.tenants` at the
-- start of each transaction, for that transaction only, to an array literal of tenant ids. Unset or empty means nobody,
-- so that a forgotten setting shows no rows instead of all.
--
-- Policies write `tenant_id = ANY ((SELECT acting_tenants())::uuid[])`: the sub-select is evaluated once per statement,
-- a bare call would be evaluated once per row.

CREATE FUNCTION acting_tenants() RETURNS uuid[]
  LANGUAGE sql STABLE
  RETURN coalesce(nullif(current_setting('kalends.tenants', true), ''), '{}')::uuid[];

COMMENT ON FUNCTION acting_tenants() IS 'The tenants this transaction acts for; empty when nobody said.';
