"""C8: the disk fails while a dispatch is being committed, so that nobody can know whether the job is stored."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dartian_queue.stores import open_store

JOBS = """
from dartian_queue import Job

class Mail(Job):
    to: str

    def handle(self) -> None: ...
"""

PROGRAM = """
import asyncio, resource
from app.jobs import Mail
from dartian_queue import DispatchUncertain, configure, dispatch

configure(companion=False)
if LIMITED:  # what a full disk is known by must not make a failed sync one
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**40, 2**40))

async def under_a_loop():
    try:
        await dispatch(Mail("ada"), id="mail-1")
    except DispatchUncertain as error:
        print(f"{error} {error.ids}")
    print((await dispatch(Mail("ada"), id="mail-1")).id)

def without_a_loop():
    try:
        dispatch(Mail("ada"), id="mail-1")
    except DispatchUncertain as error:
        print(f"{error} {error.ids}")
    print(dispatch(Mail("ada"), id="mail-1").id)

asyncio.run(under_a_loop()) if LOOP else without_a_loop()
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(("loop", "limited"), [(False, False), (True, False), (False, True)])
def test_c8_a_disk_that_fails_in_a_commit_is_said_to_leave_it_open_and_the_same_id_is_safe(
    tmp_path: Path, loop: bool, limited: bool
) -> None:
    (tmp_path / "app/jobs").mkdir(parents=True)
    (tmp_path / "app/__init__.py").touch()
    (tmp_path / "app/jobs/__init__.py").write_text(JOBS)
    path = tmp_path / "storage/queue.sqlite3"
    open_store(str(path)).close()  # so that the dispatch's sync is the first of the program's
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-o", str(trace), "-e", "trace=fsync,fdatasync"]
    command += ["-e", "inject=fsync,fdatasync:error=EIO:when=1"]
    program = f"LOOP, LIMITED = {loop}, {limited}\n{PROGRAM}"
    ran = subprocess.run(
        [*command, sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    if "ptrace" in ran.stderr or "invalid argument" in ran.stderr:
        pytest.skip(f"this system does not let system calls be made to fail: {ran.stderr[:200]}")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        f"Store {path}: the disk failed during a commit (SQLITE_IOERR_FSYNC)",
        "The job may be stored or not; dispatch it again with id=\"mail-1\", which is safe. ('mail-1',)",
        "mail-1",
    ]
    failed = [line for line in trace.read_text().splitlines() if "(INJECTED)" in line]
    assert f"{path}-wal" in failed[0]  # another thread may fail too, when it closes the store
    assert [job.envelope.id for job in open_store(str(path)).jobs()] == ["mail-1"]
