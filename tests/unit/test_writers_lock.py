"""The writer's lock: one at a time, and a turn for who has waited long."""

import subprocess
import sys
import time
from pathlib import Path

from dartian_queue.stores.liveness import is_locked
from dartian_queue.stores.writers_lock import WritersLock


def test_one_at_a_time(tmp_path: Path) -> None:
    first, second = WritersLock(str(tmp_path / "lock")), WritersLock(str(tmp_path / "lock"))
    assert first.take(0.0)
    assert not second.take(0.0)
    first.give()
    assert second.take(0.0)
    second.close()
    assert first.take(0.0)
    first.close()


def test_who_has_waited_long_comes_before_the_others(tmp_path: Path) -> None:
    owner, quick, patient = (WritersLock(str(tmp_path / "lock")) for _ in range(3))
    assert owner.take(0.0)
    assert not patient.take(1.0)  # asks for its turn
    owner.give()
    assert not quick.take(0.0)
    assert not owner.take(0.0)
    assert patient.take(1.0)
    patient.give()
    assert quick.take(0.0)
    quick.give()
    for lock in (owner, quick, patient):
        lock.close()


def test_a_turn_that_nobody_takes_up_fades(tmp_path: Path) -> None:
    owner, dead = WritersLock(str(tmp_path / "lock")), WritersLock(str(tmp_path / "lock"))
    assert owner.take(0.0)
    assert not dead.take(1.0)
    dead.close()
    owner.give()
    assert not owner.take(0.0)
    time.sleep(0.06)
    assert owner.take(0.0)
    owner.close()


def test_a_lock_file_with_anything_in_it_will_do(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"\xff" * 16)
    lock = WritersLock(str(tmp_path / "lock"))
    assert lock.take(0.0)
    lock.close()


def test_liveness_sees_another_processes_lock_and_never_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "seat.lock"
    assert not is_locked(str(path))
    path.touch()
    assert not is_locked(str(path))
    program = (
        f"import fcntl; f = open({str(path)!r}, 'r+'); fcntl.lockf(f, fcntl.LOCK_EX); print(1, flush=True); input()"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        assert is_locked(str(path))
        assert is_locked(str(path))
    finally:
        process.kill()
        process.communicate()
    assert not is_locked(str(path))
