-- Why: a start closes the runs that the last process left open; among years of finished ones they must be found at once.
CREATE INDEX sync_runs_under_way ON sync_runs (tenant_id, provider_id) WHERE outcome = 'running';
