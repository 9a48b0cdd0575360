-- Why: several nodes share one database, and each tenant is run by one of them at a time. Who that is stands in
-- tenant_directory, which everybody may read: ids only. The token that makes it safe, `epoch`, stands in tenant_counters as
-- well: whoever writes a tenant's rows locks that row anyway, so a take-over (epoch + 1 under the same lock) waits for a
-- commit under way, and every later write of the former holder finds another epoch than its own and is refused.
--
-- Heartbeats are one row per node, not one per tenant. All times are this server's: the nodes' clocks may differ.

CREATE TABLE nodes (
  node_id     uuid PRIMARY KEY,
  incarnation uuid NOT NULL, -- of its process: leases of an earlier one are nobody's
  url         text NOT NULL CHECK (length(url) <= 2048),
  started_at  timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE nodes IS 'Processes that share the work; alive until expires_at. Holds no tenant''s data.';

ALTER TABLE tenant_directory
  ADD COLUMN node_id uuid,
  ADD COLUMN incarnation uuid,
  ADD COLUMN epoch bigint NOT NULL DEFAULT 0,
  ADD CHECK ((node_id IS NULL) = (incarnation IS NULL));
CREATE POLICY move_own ON tenant_directory FOR UPDATE
  USING (tenant_id = ANY ((SELECT acting_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT acting_tenants())::uuid[]));

ALTER TABLE tenant_counters ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
