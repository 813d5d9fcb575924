-- Whether rows are as the lifecycle leaves them. All of it may read the whole table.
-- where MISNAMED is typeof(id) <> 'text' OR id GLOB '*[^A-Za-z0-9_.:-]*' OR length(id) NOT BETWEEN 1 AND 64 OR length(CAST(id AS BLOB)) <> length(id)

-- name: tries
SELECT id FROM jobs WHERE CASE WHEN json_valid(limits) AND json_extract(limits, '$.retry_until') IS NULL
    AND json_extract(limits, '$.tries') > 0 THEN tries > json_extract(limits, '$.tries') ELSE 0 END LIMIT 1000

-- name: crashes
SELECT id FROM jobs WHERE crashes > ? LIMIT 1000

-- name: unleased
SELECT id FROM jobs WHERE state = 1 AND (holder = '' OR lease_until IS NULL) LIMIT 1000

-- name: stateless
SELECT id FROM jobs WHERE state NOT IN (0, 1, 2, 3, 4) OR typeof(state) <> 'integer'
    OR (state >= 2 AND settled_at IS NULL) LIMIT 1000

-- name: misnamed
SELECT id FROM jobs WHERE MISNAMED LIMIT 1000

-- name: rename_misnamed
UPDATE jobs SET id = 'renamed-' || seq WHERE MISNAMED

-- name: laneless
SELECT id FROM jobs WHERE state = 0 AND lane <> 0 AND lane NOT IN (SELECT lane FROM lanes) LIMIT 1000

-- name: by_table
SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state >= 2),
       count(*) FILTER (WHERE state = 0 AND held_reason <> ''), count(*) FILTER (WHERE state = 0 AND origin <> '')
FROM jobs NOT INDEXED

-- name: by_index
SELECT (SELECT count(*) FROM jobs INDEXED BY ready WHERE state = 0),
       (SELECT count(*) FROM jobs INDEXED BY running WHERE state = 1),
       (SELECT count(*) FROM jobs INDEXED BY settled WHERE state >= 2),
       (SELECT count(*) FROM jobs INDEXED BY held WHERE state = 0 AND held_reason <> ''),
       (SELECT count(*) FROM jobs INDEXED BY ready_of_origin WHERE state = 0 AND origin <> '')

-- name: parts
SELECT type || ' ' || name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'
