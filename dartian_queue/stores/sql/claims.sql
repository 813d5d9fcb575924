-- What workers say: claim, renew, settle, report, expire. A token is made as token_of does (lifecycle.py).
-- where TOKEN is (claims + ((CAST(dispatched_at * 1000 AS INTEGER) & 2147483647) << 32))

-- name: lanes
SELECT lane, queue, name, priority FROM lanes

-- name: pauses
SELECT queue FROM pauses

-- name: ready
SELECT available_at, seq FROM jobs INDEXED BY ready
WHERE state = 0 AND lane = ? AND available_at <= ? ORDER BY available_at, seq LIMIT ?

-- name: ready_of_origin
SELECT available_at, seq FROM jobs INDEXED BY ready_of_origin
WHERE state = 0 AND origin <> '' AND origin = ? AND lane = ? AND available_at <= ? ORDER BY available_at, seq LIMIT ?

-- name: claimed
SELECT seq, claims, tries, crashes, exceptions, held_at, dispatched_at,
       id, name, CASE WHEN typeof(payload) = 'text' AND length(payload) > ? THEN NULL ELSE payload END,
       queue, priority, tags, available_at, limits, origin
FROM jobs WHERE seq IN (SELECT value FROM json_each(?))

-- name: claim
UPDATE jobs SET state = 1, claims = ?, holder = ?, boot_id = ?, lease_until = ?, claimed_at = ?, progress = ''
WHERE seq = ?

-- name: spoilt
SELECT errors, substr(id, 1, 64), substr(name, 1, 200), substr(queue, 1, 64) FROM jobs WHERE seq = ?

-- name: spoil
UPDATE jobs SET state = 3, failed_reason = 'unloadable', settled_at = ?, errors = ?, holder = '', boot_id = '',
                lease_until = NULL WHERE seq = ?

-- name: strays
SELECT seq, queue, name, priority FROM jobs INDEXED BY ready WHERE state = 0 AND lane = 0 LIMIT ?

-- name: relane
UPDATE jobs SET lane = ? WHERE seq = ?

-- name: renew
UPDATE jobs SET lease_until = ? WHERE id = ? AND state = 1 AND holder = ? AND TOKEN = ?

-- name: cancel_asked
SELECT id FROM jobs INDEXED BY running WHERE state = 1 AND holder = ? AND cancel_asked <> 0

-- name: held_claim
SELECT seq, available_at, claims, tries, crashes, exceptions, cancel_asked, held_reason, held_at, limits
FROM jobs WHERE id = ? AND state = 1 AND holder = ? AND TOKEN = ?

-- name: finish
UPDATE jobs SET state = 2, settled_at = ?, held_reason = '', held_at = NULL, holder = '', boot_id = '',
                lease_until = NULL WHERE id = ? AND state = 1 AND holder = ? AND TOKEN = ?

-- name: stand
UPDATE jobs SET state = ?, available_at = ?, tries = ?, crashes = ?, exceptions = ?, cancel_asked = ?,
                held_reason = ?, held_at = ?, failed_reason = ?, settled_at = ?,
                holder = '', boot_id = '', lease_until = NULL WHERE seq = ?

-- name: errors
SELECT errors FROM jobs WHERE seq = ?

-- name: set_errors
UPDATE jobs SET errors = ? WHERE seq = ?

-- name: report
UPDATE jobs SET progress = ? WHERE id = ? AND state = 1 AND holder = ? AND TOKEN = ?

-- name: leases
SELECT seq, id, TOKEN, claims, holder, boot_id, lease_until FROM jobs INDEXED BY running WHERE state = 1

-- name: held
SELECT seq, id, TOKEN, claims, holder, boot_id, lease_until FROM jobs WHERE seq = ? AND state = 1

-- name: expiring
SELECT available_at, claims, tries, crashes, exceptions, cancel_asked, held_reason, held_at,
       id, name, CASE WHEN typeof(payload) = 'text' AND length(payload) > ? THEN NULL ELSE payload END,
       queue, priority, tags, available_at, limits, origin
FROM jobs WHERE seq = ?
