"""C1, C2, C7: a disk that is full, files that may not be written, file systems whose locks do not hold."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dartian_queue.errors import StoreUnusable
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.sqlite_files import file_system
from tests.conformance.making import job, worker
from tests.faults.storage import audit, command_of, finish, start

OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
"""Runs a program that may mount file systems which nobody else sees."""

FILL = """
    import resource
    store = SqliteStore(path)
    seat = store.join(WorkerInfo("w", os.getpid(), "here"))
    store.add([Envelope(f"first-{n}", "Job", "{}") for n in range(20)])
    claims = store.claim(seat, 10)
    limit = os.stat(path + "-wal").st_size + 150_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit * 100))
    stored = 0
    try:
        while True:
            store.add([Envelope(f"more-{stored}", "Job", '"' + "x" * 5000 + '"')])
            stored += 1
    except StoreFull as error:
        say(stored, str(error).replace("\\n", " | "))
    try:
        huge = '"' + "y" * 60_000 + '"'
        store.settle(seat, [Settlement(c.id, c.token, Done(), (Envelope(c.id + "x", "Next", huge),)) for c in claims])
        say("settled")
    except StoreFull:
        say("refused", sum(one.state == "running" for one in store.jobs(limit=9999)), len(store.jobs(name="Next")))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit * 100, limit * 100))
    say(store.settle(seat, [Settlement(c.id, c.token, Done()) for c in claims]).count(True))
    store.add([Envelope("last", "Job", "{}")])
    seat.leave()
"""


def test_c1_a_full_disk_is_said_and_nothing_is_lost_or_half_there(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    filled, refused, settled = finish(start(FILL, path)).splitlines()
    stored, _, told = filled.partition(" ")
    assert f"Store {path} cannot grow: " in told
    assert "bytes are free on its disk | Nothing was changed. Make room, then try again." in told
    assert int(stored) > 0
    assert refused == "refused 10 0"
    assert settled == "10"
    assert audit(path) == {0: 20 - 10 + int(stored) + 1, 2: 10}


def _lines_under_own_mounts(program: str, place: Path) -> list[str]:
    """Return what a program beside this file prints that mounts something at ``place``; skip where it may not."""
    command = [*OWN_MOUNTS, sys.executable, str(Path(__file__).with_name(program)), str(place)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if ran.returncode == 77 or ran.stderr.startswith("unshare"):
        pytest.skip(f"this system does not let a file system be mounted: {ran.stdout or ran.stderr}")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
def test_c1_doctor_finds_a_full_disk_whether_or_not_somebody_has_the_store_open(tmp_path: Path) -> None:
    with_room, open_elsewhere, alone = map(json.loads, _lines_under_own_mounts("full_disk.py", tmp_path))
    assert with_room == []
    for findings in (open_elsewhere, alone):
        (finding,) = findings
        assert finding["what"] == ("The store cannot be written: No space left on device; 0 bytes are free on its disk")
        assert finding["why"] == "Nothing can be dispatched, and workers cannot settle the jobs that they have run."
        assert finding["remedy"] == f"make room there, then look again: df -h {tmp_path}/storage"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, so that the test works for root too."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


LET = "it is root's. | Do this as that user, or share the store with a group of both: chmod 660, its folder 2770."
"""The remedy, where root's files are in the way of another user."""

PLAIN_USER = """
    SqliteStore(args[0]).add([Envelope("warm", "Job", "{}")])  # imports what a plain user may not read here
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    try:
        SqliteStore(path).add([Envelope("a", "Job", "{}")])
        say("stored")
    except StoreError as error:
        say(error.exit_code, type(error).__name__, str(error).replace("\\n", " | "))
"""


def test_c2_a_file_that_may_not_be_written_is_named_with_the_missing_right(open_folder: Path, tmp_path: Path) -> None:
    path = open_folder / "queue.sqlite3"
    store = SqliteStore(str(path))
    store.close()
    os.chmod(path, 0o444)
    os.chmod(f"{path}-workers", 0o777)
    os.chmod(open_folder, 0o777)
    said = finish(start(PLAIN_USER, path, tmp_path / "warm"))
    assert said.startswith("4 StoreUnusable")
    assert f"{path} may not be read and written by this user; {LET if os.getuid() == 0 else 'chmod u+rw it.'}" in said


def test_c2_a_folder_that_may_not_be_written_is_named(open_folder: Path, tmp_path: Path) -> None:
    os.chmod(open_folder, 0o555)
    said = finish(start(PLAIN_USER, open_folder / "queue.sqlite3", tmp_path / "warm"))
    assert said.startswith("4 StoreUnusable")
    let = LET if os.getuid() == 0 else "chmod u+wx it."
    assert f"{open_folder} may not be written by this user (SQLite needs that too); {let}" in said
    said = finish(start(PLAIN_USER, open_folder / "storage" / "queue.sqlite3", tmp_path / "warm"))
    assert f"{open_folder} may not be written by this user" in said


READ_ONLY = """
    import subprocess
    place = os.path.dirname(path)
    def mount(*words):
        done = subprocess.run(["mount", *words, place], capture_output=True, text=True)
        if done.returncode:
            say("skip", done.stderr)
            sys.exit()
    mount("-t", "tmpfs", "none")
    SqliteStore(path).close()
    mount("-o", "remount,ro")
    for one in (path, f"{place}/other/queue.sqlite3"):
        try:
            SqliteStore(one).add([Envelope("a", "Job", "{}")])
            say("stored")
        except StoreError as error:
            say(error.exit_code, type(error).__name__)
            say(error)
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
def test_c2_a_file_system_that_is_mounted_read_only_is_named_and_no_chmod(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    ran = subprocess.run([*OWN_MOUNTS, *command_of(READ_ONLY, path)], capture_output=True, text=True, timeout=60)
    if ran.stderr.startswith("unshare") or ran.stdout.startswith("skip"):
        pytest.skip(f"this system does not let a file system be mounted: {ran.stdout or ran.stderr}")
    remedy = (
        f"{tmp_path} is mounted read-only. Make it writable (mount -o remount,rw {tmp_path}),\n"
        "or move the store: QUEUE_STORE in the environment, or store= in config/queue.py."
    )
    assert ran.stdout == (
        f"4 StoreUnusable\nStore {path} cannot be written: unable to open database file\n{remedy}\n"
        f"4 StoreUnusable\nStore {tmp_path}/other/queue.sqlite3 cannot be used: Read-only file system "
        f"({tmp_path}/other)\n{remedy}\n"
    )


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = SqliteStore(str(tmp_path / "storage" / "queue.sqlite3"))
        store.add([job()])
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "storage").rglob("*")}
    assert modes.pop("queue.sqlite3-workers") == 0o700
    assert modes.pop(".gitignore") & 0o111 == 0
    assert set(modes.values()) == {0o600}, modes
    assert (tmp_path / "storage").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "storage" / ".gitignore").read_text() == "*\n"


def test_who_may_only_read_the_store_gets_nothing_that_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    path.touch(0o644)
    store = SqliteStore(str(path))
    seat = store.join(worker())
    modes = {place.name.partition(".")[2]: place.stat().st_mode & 0o777 for place in Path(f"{path}-workers").iterdir()}
    assert modes == dict.fromkeys(("lock", "json", "wake", "zygote", "marks"), 0o600)
    seat.leave()


def test_the_mode_of_a_folder_that_exists_is_kept_and_no_gitignore_is_put_there(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o755)
    SqliteStore(str(tmp_path / "queue.sqlite3"))
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert not (tmp_path / ".gitignore").exists()


MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/export /mnt/shared\\040disk nfs4 rw,hard 0 0
C:\\134 /mnt/c 9p rw,aname=drvfs;path=C:\\134 0 0
host /srv 9p rw,trans=virtio 0 0
tmpfs /mnt/shared\\040disk/local tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/q", "ext4"),
        ("/mnt/shared disk/q", "nfs4"),
        ("/mnt/shared diskette/q", "ext4"),
        ("/mnt/shared disk/local/q", "tmpfs"),
        ("/mnt/c/q", "cifs"),
        ("/srv/q", "9p"),
    ],
)
def test_c7_the_file_system_is_the_one_of_the_longest_mount(path: str, kind: str) -> None:
    assert file_system(path, MOUNTS) == kind


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
def test_c7_a_store_on_a_network_file_system_is_refused_before_anything_is_made_there(tmp_path: Path) -> None:
    place = tmp_path / "mounted"
    place.mkdir()
    assert _lines_under_own_mounts("network_disk.py", place) == [
        "4 StoreUnusable",
        f"Store {place}/storage/queue.sqlite3 lies on a network file system (fuse.sshfs), where SQLite's locks and "
        "shared memory do not hold",
        "and jobs would be lost. Set a path on a local disk.",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"SQLite format 3\0" + b"junk" * 1000, "is not a sound SQLite database"),
        (b"name,email\nAda,ada@example.org\n" * 100, "is not a sound SQLite database"),
    ],
)
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "queue.sqlite3"
    path.write_bytes(content)
    with pytest.raises(StoreUnusable, match=told):
        SqliteStore(str(path))
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_another_programs_database_is_refused_and_nothing_is_left_beside_it(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "queue.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA journal_mode = {mode}")
        other.execute("CREATE TABLE customers (name)")
    before = path.read_bytes()
    with pytest.raises(
        StoreUnusable, match=r"is a SQLite database, but not a store of Dartian's\nIt was left as it is\."
    ):
        SqliteStore(str(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "queue.sqlite3").mkdir()
    with pytest.raises(StoreUnusable, match="is a folder; give the path of a file"):
        SqliteStore(str(tmp_path / "queue.sqlite3"))


def test_a_file_that_is_deleted_under_a_running_process_is_made_anew(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "queue.sqlite3"))
    store.add([job()])
    for path in tmp_path.glob("queue.sqlite3*"):
        if path.is_file():
            path.unlink()
    import time

    time.sleep(1.1)
    one = job()
    store.add([one])
    assert [found.envelope.id for found in SqliteStore(str(tmp_path / "queue.sqlite3")).jobs()] == [one.id]
