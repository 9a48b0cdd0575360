-- Why: an operator looks over all tenants at once, and can stop their work. A transaction that says `kalends.all_tenants`
-- sees the rows of these tables, whoever's they are, and is read-only: the policies are for SELECT alone, and none of the
-- tables with entries or tokens has one; of mappings only those are counted that wait for a person. Whoever relies on row-level security to narrow a question
-- to the acting tenants also says so in the question itself, because the planner cannot use an index for "these, or all".
CREATE FUNCTION acting_for_all() RETURNS boolean
  LANGUAGE sql STABLE
  RETURN coalesce(current_setting('kalends.all_tenants', true), '') = 'on';
COMMENT ON FUNCTION acting_for_all() IS 'Whether this transaction looks over all tenants, for the installation''s operator.';

CREATE FUNCTION show_to_operators(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE POLICY operators_look ON %s FOR SELECT USING ((SELECT acting_for_all()))', target);
END $$;
REVOKE EXECUTE ON FUNCTION show_to_operators(regclass) FROM PUBLIC;
COMMENT ON FUNCTION show_to_operators(regclass) IS 'For migrations: an operator may look at this table over all tenants.';

SELECT show_to_operators('tenants');
SELECT show_to_operators('users');
SELECT show_to_operators('audit_log');
SELECT show_to_operators('providers');
SELECT show_to_operators('provider_state');
SELECT show_to_operators('channels');
SELECT show_to_operators('rehearsals');
SELECT show_to_operators('outbox');
SELECT show_to_operators('mappings');
SELECT show_to_operators('dead_letters');
SELECT show_to_operators('conflicts');
SELECT show_to_operators('sync_runs');

-- `withheld`: names of features that this tenant may not use, with blanks between them.
ALTER TABLE tenants
  ADD COLUMN release_stage text NOT NULL DEFAULT 'ga' CHECK (release_stage IN ('internal', 'beta', 'ga')),
  ADD COLUMN withheld text NOT NULL DEFAULT '' CHECK (octet_length(withheld) <= 1024);

-- Nobody works for a tenant whose row says so. It stands where every node looks every two seconds anyway.
ALTER TABLE tenant_directory ADD COLUMN work_stopped_at timestamptz;

-- The same for all tenants, those to come included. One row; holds no tenant's data.
CREATE TABLE work_switch (
  the_one    boolean PRIMARY KEY DEFAULT true CHECK (the_one),
  stopped_at timestamptz,
  changed_at timestamptz,
  changed_by text NOT NULL DEFAULT ''
);
INSERT INTO work_switch DEFAULT VALUES;

-- What an operator looks for among years of finished rows.
CREATE INDEX dead_letters_open ON dead_letters (tenant_id, letter_id) WHERE state = 0;
CREATE INDEX sync_runs_failed ON sync_runs (tenant_id, run_id) WHERE outcome = 'failed';
