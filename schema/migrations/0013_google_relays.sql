-- Why: a tenant's Google notices may come through Pub/Sub. Who may push them stands here; the pushed token must be that
-- account's, and the notice inside must still prove itself by its channel's secret.
CREATE TABLE google_relays (
  tenant_id       uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
  topic           text NOT NULL,
  subscription    text NOT NULL,
  service_account text NOT NULL CHECK (service_account <> '' AND service_account = lower(service_account)),
  changed_at      timestamptz NOT NULL
);
SELECT keep_tenants_apart('google_relays');
