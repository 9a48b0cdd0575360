-- Why: whom an appointment names by an address is found among the tenant's users, whether their calendar is connected or
-- not, and by whichever of their addresses. One table for all of them, so that no two users of a tenant share one.
CREATE TABLE user_addresses (
  tenant_id uuid NOT NULL,
  address   text NOT NULL,
  user_id   uuid NOT NULL,
  PRIMARY KEY (tenant_id, address),
  CONSTRAINT user_addresses_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users ON DELETE CASCADE,
  CONSTRAINT user_addresses_lower CHECK (address = lower(address))
);
CREATE INDEX user_addresses_of_user ON user_addresses (tenant_id, user_id);

ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
INSERT INTO user_addresses (tenant_id, address, user_id) SELECT tenant_id, email, user_id FROM users;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
SELECT keep_tenants_apart('user_addresses');
