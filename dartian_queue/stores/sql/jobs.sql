-- What dispatch and operators say: add, cancel, retry, forget, prune, flush, clear, pause, resume.

-- name: lane
SELECT lane FROM lanes WHERE queue = ? AND name = ? AND priority = ?

-- name: add_lane
INSERT INTO lanes (queue, name, priority) VALUES (?, ?, ?)

-- name: add
INSERT INTO jobs (id, lane, queue, name, priority, available_at, dispatched_at, origin, limits, tags, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING

-- name: same
SELECT name = ? AND payload = ? FROM jobs WHERE id = ?

-- name: standing
SELECT seq, state, queue, name, priority FROM jobs WHERE id = ?

-- name: cancel
UPDATE jobs SET state = 4, settled_at = ? WHERE id = ? AND state = 0

-- name: ask_cancel
UPDATE jobs SET cancel_asked = 1 WHERE id = ? AND state = 1

-- name: retry
UPDATE jobs SET state = 0, lane = ?, available_at = ?, tries = 0, crashes = 0, exceptions = 0, cancel_asked = 0,
                held_reason = '', held_at = NULL, failed_reason = '', settled_at = NULL, progress = ''
WHERE seq = ? AND state IN (3, 4)

-- name: forget
DELETE FROM jobs WHERE id = ? AND state >= 2

-- name: prune
DELETE FROM jobs WHERE seq IN (
    SELECT seq FROM jobs INDEXED BY settled WHERE state = ? AND state >= 2 AND settled_at < ? ORDER BY settled_at LIMIT ?)

-- name: prune_lanes
DELETE FROM lanes WHERE NOT EXISTS (
        SELECT 1 FROM jobs INDEXED BY ready WHERE jobs.state = 0 AND jobs.lane = lanes.lane)
    AND lane NOT IN (SELECT lane FROM jobs INDEXED BY running WHERE state = 1)

-- name: flush
DELETE FROM jobs WHERE seq IN (
    SELECT seq FROM jobs INDEXED BY settled WHERE state = 3 AND state >= 2 AND settled_at <= :before
    AND (:queue IS NULL OR queue = :queue) AND (:name IS NULL OR name = :name) ORDER BY settled_at LIMIT :limit)

-- name: clear
UPDATE jobs SET state = 4, settled_at = ? WHERE state = 0 AND queue = ?

-- name: clear_all
UPDATE jobs SET state = 4, settled_at = ? WHERE state = 0

-- name: pause
INSERT INTO pauses (queue) VALUES (?) ON CONFLICT (queue) DO NOTHING

-- name: resume
DELETE FROM pauses WHERE queue = ?
