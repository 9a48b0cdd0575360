-- Why: people and operators sign in at the pages. What their browser holds is never here, only its SHA-256, so that whoever
-- reads this database cannot go on with anybody's session.
--
-- Rows of the installation itself, of its operators and their sessions, have the nil UUID for a tenant: no tenant has it,
-- so the same policy that parts tenants parts these rows from all of them.

CREATE TABLE operators (
  tenant_id      uuid NOT NULL CHECK (tenant_id = '00000000-0000-0000-0000-000000000000'),
  operator_id    uuid NOT NULL,
  email          text NOT NULL CHECK (email = lower(email)),
  salt           bytea NOT NULL CHECK (octet_length(salt) >= 16),
  scrypt_n       bigint NOT NULL,
  scrypt_r       integer NOT NULL,
  scrypt_p       integer NOT NULL,
  password_hash  bytea NOT NULL CHECK (octet_length(password_hash) = 32),
  sealed_totp    bytea NOT NULL,
  last_totp_step bigint NOT NULL DEFAULT 0, -- no code of this step or an earlier one is taken any more
  created_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, operator_id),
  CONSTRAINT operators_email_key UNIQUE (tenant_id, email)
);
SELECT keep_tenants_apart('operators');

-- What operators and the holder of the admin key did that concerns no single tenant.
CREATE TABLE installation_log (
  tenant_id   uuid NOT NULL CHECK (tenant_id = '00000000-0000-0000-0000-000000000000'),
  audit_id    uuid NOT NULL,
  happened_at timestamptz NOT NULL,
  actor       text NOT NULL,
  action      text NOT NULL,
  subject     text NOT NULL,
  detail      text NOT NULL CHECK (octet_length(detail) <= 4096),
  peer        text NOT NULL,
  PRIMARY KEY (tenant_id, audit_id)
);
SELECT keep_tenants_apart('installation_log');

-- A link is used once: whoever follows it deletes its row. No user: it lets a member of the tenant in, or an operator.
CREATE TABLE sign_in_links (
  tenant_id  uuid NOT NULL,
  link_hash  bytea NOT NULL CHECK (octet_length(link_hash) = 32),
  link_id    uuid NOT NULL,
  user_id    uuid,
  role       text NOT NULL CHECK (role IN ('reader', 'operator', 'admin')),
  return_to  text NOT NULL CHECK (length(return_to) <= 2048),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, link_hash),
  CONSTRAINT sign_in_links_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users ON DELETE CASCADE
);
CREATE INDEX sign_in_links_of_user ON sign_in_links (tenant_id, user_id);
SELECT keep_tenants_apart('sign_in_links');

-- `proof` ties a session to the admin key it was begun with: SHA-256 over the session's token and that key. A session ends
-- with its user, with its operator and with the revocation of its key.
CREATE TABLE sessions (
  tenant_id    uuid NOT NULL,
  session_hash bytea NOT NULL CHECK (octet_length(session_hash) = 32),
  session_id   uuid NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('user', 'member', 'operator')),
  user_id      uuid,
  key_id       uuid,
  operator_id  uuid,
  role         text NOT NULL CHECK (role IN ('reader', 'operator', 'admin')),
  actor        text NOT NULL,
  name         text NOT NULL,
  proof        bytea CHECK (octet_length(proof) = 32),
  created_at   timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, session_hash),
  CHECK ((kind = 'user') = (user_id IS NOT NULL)),
  CHECK ((kind = 'operator') = (tenant_id = '00000000-0000-0000-0000-000000000000')),
  CHECK (kind <> 'operator' OR (operator_id IS NULL) <> (proof IS NULL)),
  CONSTRAINT sessions_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users ON DELETE CASCADE,
  CONSTRAINT sessions_key_fkey FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys ON DELETE CASCADE,
  CONSTRAINT sessions_operator_fkey FOREIGN KEY (tenant_id, operator_id) REFERENCES operators ON DELETE CASCADE
) WITH (fillfactor = 70); -- last_seen_at, at most once a minute
CREATE INDEX sessions_of_user ON sessions (tenant_id, user_id);
CREATE INDEX sessions_of_operator ON sessions (tenant_id, operator_id);
SELECT keep_tenants_apart('sessions');
