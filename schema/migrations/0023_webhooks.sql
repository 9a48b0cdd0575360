-- Why: the host is told of facts where it likes, instead of asking for them. Each endpoint has its own place in the tenant's
-- facts, `position`, so that none is lost whatever happens to us, and a slow one keeps nobody waiting.
--
-- `turn` grows when a person moves the position or switches: whoever writes what came of an attempt says for which turn and
-- from which position, and is refused when that has passed. So two nodes that both believe they send for a tenant cannot
-- move the position past something that neither delivered. `types`: names of facts with blanks between them; empty: all.
CREATE TABLE webhook_endpoints (
  tenant_id         uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  endpoint_id       uuid NOT NULL,
  url               text NOT NULL CHECK (octet_length(url) BETWEEN 1 AND 2048),
  description       text NOT NULL,
  types             text NOT NULL,
  enabled           boolean NOT NULL,
  sealed_secret     bytea NOT NULL,
  sealed_old_secret bytea,
  old_secret_until  timestamptz,
  position          bigint NOT NULL CHECK (position >= 0),
  turn              bigint NOT NULL DEFAULT 0,
  attempts          integer NOT NULL DEFAULT 0,
  waited_ms         bigint NOT NULL DEFAULT 0,
  next_attempt_at   timestamptz,
  failing_since     timestamptz,
  last_code         text NOT NULL DEFAULT '',
  last_delivered_at timestamptz,
  stop_code         text CHECK (length(stop_code) BETWEEN 1 AND 64),
  stop_detail       text,
  stopped_at        timestamptz,
  created_at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, endpoint_id),
  CHECK ((sealed_old_secret IS NULL) = (old_secret_until IS NULL)),
  CHECK ((stop_code IS NULL) = (stopped_at IS NULL))
) WITH (fillfactor = 50); -- the position moves with every fact; no index has it
SELECT keep_tenants_apart('webhook_endpoints');

-- One row per attempt. `cause` and `outcome` are enumerators; `sequence` 0: not about a fact. The newest are kept.
CREATE TABLE webhook_deliveries (
  tenant_id       uuid NOT NULL,
  endpoint_id     uuid NOT NULL,
  delivery_id     uuid NOT NULL,
  cause           smallint NOT NULL CHECK (cause >= 0),
  outcome         smallint NOT NULL CHECK (outcome >= 0),
  message_id      text NOT NULL,
  type            text NOT NULL,
  sequence        bigint NOT NULL,
  attempt         integer NOT NULL,
  status          integer NOT NULL,
  code            text NOT NULL,
  took_ms         bigint NOT NULL,
  attempted_at    timestamptz NOT NULL,
  next_attempt_at timestamptz,
  PRIMARY KEY (tenant_id, endpoint_id, delivery_id),
  CONSTRAINT webhook_deliveries_endpoint_fkey FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints
    ON DELETE CASCADE
);
SELECT keep_tenants_apart('webhook_deliveries');
