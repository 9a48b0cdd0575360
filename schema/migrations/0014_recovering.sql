-- Why: after a restore to an earlier point the calendars know more than the database. True from the restore until a read of
-- the calendar has come to its end: until then nothing is written there, and events that bear our tag are taken at their
-- word.
ALTER TABLE provider_state ADD COLUMN recovering boolean NOT NULL DEFAULT false;
