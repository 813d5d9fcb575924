-- What people and workers ask, without changing anything.

-- name: stored
SELECT seq, state, dispatched_at, claims, tries, crashes, held_reason, holder, errors, failed_reason, progress,
       cancel_asked, settled_at, claimed_at,
       id, name, payload, queue, priority, tags, available_at, limits, origin
FROM jobs WHERE seq = ?

-- name: exact
SELECT seq FROM jobs WHERE id = ?

-- name: prefixed
SELECT seq FROM jobs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?

-- name: waiting_by_lane
SELECT lane, count(*), total(available_at <= ?) FROM jobs INDEXED BY ready
WHERE state = 0 AND lane <> 0 GROUP BY lane

-- name: strays_by_queue
SELECT queue, count(*), total(available_at <= ?) FROM jobs INDEXED BY ready
WHERE state = 0 AND lane = 0 GROUP BY queue

-- name: oldest
SELECT available_at FROM jobs INDEXED BY ready
WHERE state = 0 AND lane = ? AND available_at <= ? AND held_reason = '' ORDER BY available_at LIMIT 1

-- name: held_by_queue
SELECT queue, count(*), total(available_at <= ?) FROM jobs INDEXED BY held
WHERE state = 0 AND held_reason <> '' GROUP BY queue

-- name: running_by_queue
SELECT queue, count(*) FROM jobs INDEXED BY running WHERE state = 1 GROUP BY queue

-- name: settled_by_queue
SELECT state, queue, count(*) FROM jobs INDEXED BY settled WHERE state >= 2 GROUP BY state, queue

-- name: finished
SELECT count(*) FROM jobs INDEXED BY settled WHERE state = ? AND state >= 2 AND settled_at > ?

-- name: unfinished
SELECT name, sum(waiting), sum(running) FROM (
    SELECT lanes.name, line.waiting, 0 AS running FROM lanes JOIN (
        SELECT lane, count(*) AS waiting FROM jobs INDEXED BY ready WHERE state = 0 AND lane <> 0 GROUP BY lane
    ) AS line ON lanes.lane = line.lane
    UNION ALL SELECT name, count(*), 0 FROM jobs INDEXED BY ready WHERE state = 0 AND lane = 0 GROUP BY name
    UNION ALL SELECT name, 0, count(*) FROM jobs INDEXED BY running WHERE state = 1 GROUP BY name
) GROUP BY name ORDER BY name

-- name: waiting_names
SELECT name FROM lanes
WHERE EXISTS (SELECT 1 FROM jobs INDEXED BY ready WHERE jobs.state = 0 AND jobs.lane = lanes.lane)
UNION SELECT name FROM jobs INDEXED BY ready WHERE state = 0 AND lane = 0 ORDER BY name

-- name: running_of_origin
SELECT count(*) FROM jobs INDEXED BY running WHERE state = 1 AND origin = ?

-- name: due_of_origin
SELECT count(*) FROM jobs INDEXED BY ready_of_origin
WHERE state = 0 AND origin <> '' AND origin = ? AND lane = ? AND available_at <= ?

-- name: first
SELECT available_at FROM jobs INDEXED BY ready WHERE state = 0 AND lane = ? ORDER BY available_at LIMIT 1
