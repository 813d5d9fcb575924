-- Version 2. When a job was claimed last, so that people see for how long it has been running.
ALTER TABLE jobs ADD COLUMN claimed_at REAL;
