-- Why: what needs a person is told once: by a notification that every browser sees, and by one mail. A row stands for a
-- conflict that waits for a decision or for a stretch of time in which a calendar needed its owner. Triggers write it, so
-- that it stands in the transaction of what it tells, whichever statement did that. It ends with what it tells, and a mail
-- that was not sent until then is not sent any more.
--
-- `seen_at`: by the person whose calendar it is; `members_seen_at`: by those who look after the tenant. `mail_state`: 0
-- waits, 1 sent, 2 given up, 3 not wanted (nobody to tell, not asked for, over, or too old). Whoever takes a mail to send it moves
-- `mail_due_at` and counts the attempt before, so that two nodes do not send it, and a crash repeats at most that one.

-- The ledger is asked for by time, over all entries of a tenant.
CREATE INDEX decisions_by_time ON decisions (tenant_id, decision_id);

-- Whether notices are mailed: the tenant's word, and each person's.
ALTER TABLE tenants ADD COLUMN wants_mail boolean NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN wants_mail boolean NOT NULL DEFAULT true;

CREATE TABLE notifications (
  tenant_id       uuid NOT NULL,
  notification_id uuid NOT NULL,
  kind            smallint NOT NULL CHECK (kind IN (0, 1)), -- conflict, calendar
  provider_id     uuid NOT NULL,
  conflict_id     uuid,
  opened_at       timestamptz NOT NULL,
  ended_at        timestamptz,
  seen_at         timestamptz,
  members_seen_at timestamptz,
  mail_state      smallint NOT NULL DEFAULT 0 CHECK (mail_state BETWEEN 0 AND 3),
  mail_attempts   integer NOT NULL DEFAULT 0,
  mail_due_at     timestamptz NOT NULL,
  mail_code       text NOT NULL DEFAULT '',
  mailed_at       timestamptz,
  PRIMARY KEY (tenant_id, notification_id),
  CHECK ((kind = 0) = (conflict_id IS NOT NULL)),
  CONSTRAINT notifications_provider_fkey FOREIGN KEY (tenant_id, provider_id) REFERENCES providers ON DELETE CASCADE,
  CONSTRAINT notifications_conflict_fkey FOREIGN KEY (tenant_id, conflict_id) REFERENCES conflicts ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX notifications_of_conflict ON notifications (tenant_id, conflict_id) WHERE conflict_id IS NOT NULL;
CREATE INDEX notifications_of_provider ON notifications (tenant_id, provider_id);
CREATE INDEX notifications_open ON notifications (tenant_id, notification_id) WHERE ended_at IS NULL;
CREATE INDEX notifications_to_mail ON notifications (tenant_id, mail_due_at) WHERE mail_state = 0;

-- A UUIDv7 (RFC 9562 section 5.7) of that time: 48 bits of milliseconds before what chance says.
CREATE FUNCTION time_uuid(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE
  RETURN encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
    substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;

-- What is there already is shown; it is no news that would be mailed.
ALTER TABLE conflicts NO FORCE ROW LEVEL SECURITY;
ALTER TABLE provider_state NO FORCE ROW LEVEL SECURITY;
INSERT INTO notifications (tenant_id, notification_id, kind, provider_id, conflict_id, opened_at, mail_state, mail_due_at)
  SELECT tenant_id, conflict_id, 0, provider_id, conflict_id, opened_at, 3, opened_at FROM conflicts WHERE state = 0;
INSERT INTO notifications (tenant_id, notification_id, kind, provider_id, opened_at, mail_state, mail_due_at)
  SELECT tenant_id, time_uuid(coalesce(problem_since, now())), 1, provider_id, coalesce(problem_since, now()), 3, now()
  FROM provider_state WHERE status = 'action_required';
ALTER TABLE conflicts FORCE ROW LEVEL SECURITY;
ALTER TABLE provider_state FORCE ROW LEVEL SECURITY;

SELECT keep_tenants_apart('notifications');
-- Whoever sends mail looks first in which tenants some is due.
SELECT show_to_operators('notifications');

CREATE FUNCTION notify_of_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state = 0 THEN
    INSERT INTO notifications (tenant_id, notification_id, kind, provider_id, conflict_id, opened_at, mail_due_at)
      VALUES (NEW.tenant_id, NEW.conflict_id, 0, NEW.provider_id, NEW.conflict_id, NEW.opened_at, NEW.opened_at)
      ON CONFLICT DO NOTHING;
  ELSE
    UPDATE notifications SET ended_at = NEW.resolved_at, mail_state = CASE mail_state WHEN 0 THEN 3 ELSE mail_state END
      WHERE tenant_id = NEW.tenant_id AND conflict_id = NEW.conflict_id AND ended_at IS NULL;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER conflict_opened AFTER INSERT ON conflicts
  FOR EACH ROW WHEN (NEW.state = 0) EXECUTE FUNCTION notify_of_conflict();
CREATE TRIGGER conflict_ended AFTER UPDATE OF state ON conflicts
  FOR EACH ROW WHEN (OLD.state = 0 AND NEW.state <> 0) EXECUTE FUNCTION notify_of_conflict();

CREATE FUNCTION notify_of_calendar() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE since timestamptz := coalesce(NEW.problem_since, now());
BEGIN
  IF NEW.status = 'action_required' THEN
    INSERT INTO notifications (tenant_id, notification_id, kind, provider_id, opened_at, mail_due_at)
      SELECT NEW.tenant_id, time_uuid(since), 1, NEW.provider_id, since, since
      WHERE NOT EXISTS (SELECT FROM notifications n WHERE n.tenant_id = NEW.tenant_id
        AND n.provider_id = NEW.provider_id AND n.kind = 1 AND n.ended_at IS NULL);
  ELSE
    UPDATE notifications SET ended_at = now(), mail_state = CASE mail_state WHEN 0 THEN 3 ELSE mail_state END
      WHERE tenant_id = NEW.tenant_id AND provider_id = NEW.provider_id AND kind = 1 AND ended_at IS NULL;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER calendar_needs_person AFTER UPDATE OF status ON provider_state
  FOR EACH ROW WHEN ((OLD.status = 'action_required') <> (NEW.status = 'action_required'))
  EXECUTE FUNCTION notify_of_calendar();
