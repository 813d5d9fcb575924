"""Two users of one group on one store, as docs/deploying.md sets it up: a web server's and a worker's."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dartian_queue.stores.sqlite import SqliteStore
from tests.faults.storage import finish, heard, kill, running, start

GROUP, WORKER, WEB = 61_000, 61_001, 61_002

BECOME = f"""
    import select
    from dartian_queue.stores.store import WorkerInfo
    SqliteStore(args[0]).add([Envelope("warm", "Job", "{{}}")])  # imports what a plain user may not read here
    os.umask(0o022)
    os.setgroups([{GROUP}])
    os.setgid(int(args[1]))
    os.setuid(int(args[1]))
"""
WORK = f"""{BECOME}
    store = SqliteStore(path)
    seat = store.join(WorkerInfo("w", os.getpid(), "here"))
    say("seated")
    select.select([seat], [], [])
    (claim,) = store.claim(seat, 5)
    say(claim.id)
    time.sleep(600)
"""
DISPATCH = f"""{BECOME}
    store = SqliteStore(path)
    store.add([Envelope("theirs", "Job", "{{}}")])
    say(*(info.name for info in store.workers()))
"""
TAKE_OVER = f"""{BECOME}
    store = SqliteStore(path)
    seat = store.join(WorkerInfo("other", os.getpid(), "here"))
    store.expire(seat)
    say(*(claim.id for claim in store.claim(seat, 5)))
    store.expire(seat)
    seat.leave()
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become two other users")


@pytest.fixture
def warm() -> Iterator[Path]:
    """A store that root's imports can be tried on."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "warm.sqlite3"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder and an empty file, as the page makes them; every folder above can be reached by all."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        folder = Path(name) / "storage"
        folder.mkdir()
        path = folder / "queue.sqlite3"
        path.touch()
        for place, mode in ((folder, 0o2770), (path, 0o660)):
            os.chown(place, WORKER, GROUP)
            os.chmod(place, mode)
        yield path


def test_one_dispatches_and_wakes_and_the_other_works(shared: Path, warm: Path) -> None:
    with running(WORK, shared, warm, WORKER) as process:
        assert heard(process) == ["seated"]
        assert finish(start(DISPATCH, shared, warm, WEB)) == "w\n"
        assert heard(process) == ["theirs"]


def test_whoever_comes_first_makes_files_that_the_other_can_use(shared: Path, warm: Path) -> None:
    finish(start(DISPATCH, shared, warm, WEB))
    assert finish(start(TAKE_OVER, shared, warm, WORKER)) == "theirs\n"


def test_one_takes_over_what_the_other_s_dead_worker_held(shared: Path, warm: Path) -> None:
    with running(WORK, shared, warm, WORKER) as process:
        assert heard(process) == ["seated"]
        finish(start(DISPATCH, shared, warm, WEB))
        assert heard(process) == ["theirs"]
        kill(process)
        assert finish(start(TAKE_OVER, shared, warm, WEB)) == "theirs\n"
    assert not list(shared.parent.rglob(f"{process.pid}-*"))


def test_nobody_else_can_read_any_of_it_and_doctor_has_nothing_to_say(shared: Path, warm: Path) -> None:
    with running(WORK, shared, warm, WORKER) as process:
        assert heard(process) == ["seated"]
        finish(start(DISPATCH, shared, warm, WEB))
        modes = {place.stat().st_mode & 0o7777 for place in shared.parent.rglob("*") if place.is_file()}
        assert modes == {0o660}
        assert Path(f"{shared}-workers").stat().st_mode & 0o7777 == 0o2770
        checks = SqliteStore(str(shared)).check()
    assert "the store is its group's alone" in {check.title for check in checks}
    assert [finding for check in checks for finding in check.findings if finding.severity == "error"] == []
    assert not [finding for check in checks for finding in check.findings if "has the rights" in finding.what]
