-- Why: a range of time, "ends after A and starts before B", has a bound on each of two columns, and an index of one of them
-- reads everything before or after the range. Among entries that take at most so long there is a bound on both sides of one
-- column: what ends after A started later than A minus that length. So entries are kept apart by how long they take; each is
-- in one of these indexes. Those of a day at most are nearly all; the few that take longer than a month, and series that go on
-- for years, are found by their end. `persistence/schedule_view.cpp` asks with the same lengths.
--
-- The other bound stands last in each, so that what is read of the table lies in the range.
CREATE INDEX entries_of_hours ON entries (tenant_id, starts_at, entry_id, ends_at)
  WHERE recurrence = '' AND ends_at - starts_at <= interval '24 hours';
CREATE INDEX entries_of_days ON entries (tenant_id, starts_at, entry_id, ends_at)
  WHERE recurrence = '' AND ends_at - starts_at > interval '24 hours' AND ends_at - starts_at <= interval '768 hours';
CREATE INDEX entries_of_months ON entries (tenant_id, ends_at, starts_at, entry_id)
  WHERE recurrence = '' AND ends_at - starts_at > interval '768 hours';
CREATE INDEX series_of_weeks ON entries (tenant_id, starts_at, ends_at)
  WHERE recurrence <> '' AND ends_at - starts_at <= interval '2400 hours';
CREATE INDEX series_of_years ON entries (tenant_id, ends_at, starts_at)
  WHERE recurrence <> '' AND ends_at - starts_at > interval '2400 hours';
