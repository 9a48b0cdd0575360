-- Why: connected calendars. What a person configured stands apart from what changes with every notice and run: the first
-- is indexed by user and rarely written, the second is written all day and must stay HOT (fillfactor 50, no index but its
-- key), so that an update touches one page and no index. Columns named sealed_* hold token_vault's output only.

CREATE TABLE providers (
  tenant_id     uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  provider_id   uuid NOT NULL,
  type          text NOT NULL CHECK (type IN ('google', 'microsoft')),
  scope         text NOT NULL CHECK (scope IN ('user', 'tenant')),
  user_id       uuid NOT NULL,
  direction     text NOT NULL CHECK (direction IN ('both', 'to_provider', 'from_provider')),
  on_conflict   text NOT NULL CHECK (on_conflict IN ('newest', 'local', 'external')),
  on_deletion   text NOT NULL CHECK (on_deletion IN ('unlink', 'cancel_entry')),
  account       text NOT NULL,
  subject       text NOT NULL,
  calendar_id   text,
  calendar_name text NOT NULL,
  created_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, provider_id),
  CONSTRAINT providers_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users
);
CREATE INDEX providers_of_user ON providers (tenant_id, user_id, provider_id);
SELECT keep_tenants_apart('providers');

-- `mark` counts notices; `stale_since` is set by the first one that no read has covered. The cursor is kept in the row and
-- not moved out of line (it is short of 2 KB): a toasted one would cost two more index writes per run.
CREATE TABLE provider_state (
  tenant_id          uuid NOT NULL,
  provider_id        uuid NOT NULL,
  status             text NOT NULL CHECK (status IN ('pending_authorization', 'active', 'action_required', 'paused')),
  problem_code       text,
  problem_detail     text,
  problem_since      timestamptz,
  calendar_zone      text NOT NULL,
  last_sync_at       timestamptz,
  next_poll_at       timestamptz,
  mark               bigint NOT NULL DEFAULT 0,
  stale_since        timestamptz,
  sealed_cursor      bytea,
  cursor_fingerprint text,
  window_from        timestamptz,
  window_to          timestamptz,
  PRIMARY KEY (tenant_id, provider_id),
  CONSTRAINT provider_state_provider_fkey FOREIGN KEY (tenant_id, provider_id) REFERENCES providers ON DELETE CASCADE,
  CHECK ((problem_code IS NULL) = (problem_since IS NULL)),
  CHECK ((sealed_cursor IS NULL) = (cursor_fingerprint IS NULL)),
  CHECK ((window_from IS NULL) = (window_to IS NULL))
) WITH (fillfactor = 50);
SELECT keep_tenants_apart('provider_state');

-- A tenant's own OAuth client, one per vendor.
CREATE TABLE oauth_apps (
  tenant_id        uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  type             text NOT NULL CHECK (type IN ('google', 'microsoft')),
  client_id        text NOT NULL,
  sealed_secret    bytea NOT NULL,
  authority_tenant text NOT NULL,
  PRIMARY KEY (tenant_id, type)
);
SELECT keep_tenants_apart('oauth_apps');

-- Authorizations under way. The state itself is only in the browser's hands; here is its SHA-256.
CREATE TABLE oauth_authorizations (
  tenant_id       uuid NOT NULL,
  state_hash      bytea NOT NULL CHECK (octet_length(state_hash) = 32),
  provider_id     uuid NOT NULL,
  user_id         uuid,
  type            text NOT NULL CHECK (type IN ('google', 'microsoft')),
  sealed_verifier bytea NOT NULL,
  nonce           text NOT NULL,
  browser_hash    bytea CHECK (octet_length(browser_hash) = 32),
  redirect_uri    text NOT NULL,
  return_to       text NOT NULL,
  expires_at      timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, state_hash),
  CONSTRAINT oauth_authorizations_provider_fkey
    FOREIGN KEY (tenant_id, provider_id) REFERENCES providers ON DELETE CASCADE
);
CREATE INDEX oauth_authorizations_of_provider ON oauth_authorizations (tenant_id, provider_id);
SELECT keep_tenants_apart('oauth_authorizations');

CREATE TABLE oauth_grants (
  tenant_id         uuid NOT NULL,
  provider_id       uuid NOT NULL,
  sealed_access     bytea NOT NULL,
  sealed_refresh    bytea NOT NULL,
  access_expires_at timestamptz NOT NULL,
  scope             text NOT NULL,
  PRIMARY KEY (tenant_id, provider_id),
  CONSTRAINT oauth_grants_provider_fkey FOREIGN KEY (tenant_id, provider_id) REFERENCES providers ON DELETE CASCADE
) WITH (fillfactor = 50); -- rewritten with every refresh
SELECT keep_tenants_apart('oauth_grants');

-- A provider may have an old and a new channel for a while. `secret_hash` is what a webhook is checked against.
CREATE TABLE channels (
  tenant_id     uuid NOT NULL,
  provider_id   uuid NOT NULL,
  channel_id    text NOT NULL CHECK (length(channel_id) <= 512),
  resource_id   text NOT NULL,
  expires_at    timestamptz NOT NULL,
  secret_hash   bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
  sealed_secret bytea NOT NULL,
  address       text NOT NULL,
  PRIMARY KEY (tenant_id, provider_id, channel_id),
  CONSTRAINT channels_provider_fkey FOREIGN KEY (tenant_id, provider_id) REFERENCES providers ON DELETE CASCADE
);
SELECT keep_tenants_apart('channels');
