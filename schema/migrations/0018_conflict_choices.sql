-- Why: what lost a conflict that was merged by a person is the other half of each choice. Bits, as `groups`.
ALTER TABLE conflicts ADD COLUMN from_calendar integer NOT NULL DEFAULT 0 CHECK (from_calendar BETWEEN 0 AND 511);
