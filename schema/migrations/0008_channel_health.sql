-- Why: how each push subscription fares (last attempt, its cause and outcome, the next one) and what the last full
-- comparison found must outlive a restart: a renewal that was planned and not attempted is an alert, and a thousand
-- calendars must not all be compared again because the server was started. No index: the columns change with runs, and
-- the row has to stay HOT.

ALTER TABLE provider_state
  ADD COLUMN channel_attempted_at timestamptz,
  ADD COLUMN channel_cause text
    CHECK (channel_cause IN ('connected', 'clock', 'manual', 'lifecycle', 'lost', 'address_changed', 'silent')),
  ADD COLUMN channel_error_code text,
  ADD COLUMN channel_error_detail text,
  ADD COLUMN channel_failures integer NOT NULL DEFAULT 0,
  ADD COLUMN channel_renews_at timestamptz,
  ADD COLUMN channel_silent_since timestamptz,
  ADD COLUMN reconciled_at timestamptz,
  ADD COLUMN reconciled_pairs integer NOT NULL DEFAULT 0,
  ADD COLUMN reconciled_drifted integer NOT NULL DEFAULT 0,
  ADD COLUMN reconciled_repaired integer NOT NULL DEFAULT 0,
  ADD COLUMN next_reconcile_at timestamptz;

ALTER TABLE sync_runs
  ADD COLUMN compared integer NOT NULL DEFAULT 0,
  ADD COLUMN drifted integer NOT NULL DEFAULT 0,
  ADD COLUMN repaired integer NOT NULL DEFAULT 0;
