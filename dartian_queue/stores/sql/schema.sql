-- Version 1. One row a job, whole in itself; a lane is where waiting rows of one queue, name and priority line up.
CREATE TABLE lanes (
    lane     INTEGER PRIMARY KEY,
    queue    TEXT NOT NULL,
    name     TEXT NOT NULL,
    priority INTEGER NOT NULL,
    UNIQUE (queue, name, priority)
);

-- A queue that is paused; '*' is the switch for all.
CREATE TABLE pauses (queue TEXT PRIMARY KEY) WITHOUT ROWID;

-- state: 0 waiting, 1 running, 2 done, 3 failed, 4 cancelled. Instants ending in _at are seconds of the wall clock;
-- lease_until is of the monotonic clock of the boot named in boot_id. The payload stands last, since it is longest.
CREATE TABLE jobs (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    lane          INTEGER NOT NULL DEFAULT 0,
    state         INTEGER NOT NULL DEFAULT 0,
    queue         TEXT NOT NULL DEFAULT 'default',
    name          TEXT NOT NULL,
    priority      INTEGER NOT NULL DEFAULT 0,
    available_at  REAL NOT NULL DEFAULT 0,
    dispatched_at REAL NOT NULL DEFAULT 0,
    claims        INTEGER NOT NULL DEFAULT 0,
    tries         INTEGER NOT NULL DEFAULT 0,
    crashes       INTEGER NOT NULL DEFAULT 0,
    exceptions    INTEGER NOT NULL DEFAULT 0,
    cancel_asked  INTEGER NOT NULL DEFAULT 0,
    held_reason   TEXT NOT NULL DEFAULT '',
    held_at       REAL,
    failed_reason TEXT NOT NULL DEFAULT '',
    settled_at    REAL,
    holder        TEXT NOT NULL DEFAULT '',
    boot_id       TEXT NOT NULL DEFAULT '',
    lease_until   REAL,
    origin        TEXT NOT NULL DEFAULT '',
    limits        TEXT NOT NULL DEFAULT '',
    tags          TEXT NOT NULL DEFAULT '',
    progress      TEXT NOT NULL DEFAULT '',
    errors        TEXT NOT NULL DEFAULT '',
    payload       TEXT NOT NULL
);

-- Whoever edits a waiting row by hand takes it out of its lane; the next claim lines it up anew, as it does lane 0.
CREATE TRIGGER edited AFTER UPDATE OF queue, name, priority ON jobs WHEN NEW.state = 0 AND NEW.lane <> 0
BEGIN
    UPDATE jobs SET lane = 0 WHERE seq = NEW.seq;
END;

-- Each index holds only the rows that somebody looks for by it; the row's seq is the last column of every one.
CREATE INDEX ready ON jobs (lane, available_at) WHERE state = 0;
CREATE INDEX ready_of_origin ON jobs (origin, lane, available_at) WHERE state = 0 AND origin <> '';
CREATE INDEX held ON jobs (queue, available_at) WHERE state = 0 AND held_reason <> '';
CREATE INDEX running ON jobs (holder) WHERE state = 1;
CREATE INDEX settled ON jobs (state, settled_at, queue) WHERE state >= 2;
