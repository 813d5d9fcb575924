"""Nobody reads what a worker or a companion writes, and the work goes on all the same."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

_JOB = """
from pathlib import Path
from dartian_queue import Job


class Loud(Job, timeout=0):
    number: int

    def handle(self) -> None:
        for _ in range(500):
            print("x" * 100)
        Path(f"done-{self.number}").touch()
"""
_DISPATCH = """
import time
from app.jobs import Loud
from dartian_queue import dispatch

for number in range(20):
    dispatch(Loud(number))
print("dispatched", flush=True)
time.sleep(60)
"""


@pytest.fixture
def application(tmp_path: Path) -> Path:
    jobs = tmp_path / "app" / "jobs"
    jobs.mkdir(parents=True)
    (tmp_path / "app" / "__init__.py").touch()
    (jobs / "__init__.py").write_text(_JOB)
    return tmp_path


def _start(application: Path, *arguments: str, companion: bool) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QUEUE_")}
    environment |= {"DARTIAN_ROOT": str(application), "QUEUE_COMPANION": str(int(companion))}
    environment["PYTHONPATH"] = os.pathsep.join((str(application), os.getcwd()))
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=application,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _wait_for(application: Path, count: int) -> None:
    until = time.monotonic() + 30
    while len(list(application.glob("done-*"))) < count:
        assert time.monotonic() < until, "the jobs do not go on while nobody reads"
        time.sleep(0.05)


def _companions(owner: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{owner}/task/{owner}/children").read_text().split()]


def _is_gone(pid: int) -> bool:
    until = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and ") Z " not in Path(f"/proc/{pid}/stat").read_text():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_a_companion_works_on_and_ends_with_its_owner_where_nobody_reads_its_errors(application: Path) -> None:
    owner = _start(application, "-c", _DISPATCH, companion=True)
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"dispatched\n"
        (companion,) = _companions(owner.pid)
        _wait_for(application, 20)
    finally:
        owner.kill()
        owner.wait()
    gone = _is_gone(companion)
    if not gone:
        os.kill(companion, signal.SIGKILL)
    assert gone, "the companion outlives its owner"


def test_a_worker_works_on_and_stops_where_nobody_reads_its_output(application: Path) -> None:
    owner = _start(application, "-c", _DISPATCH, companion=False)
    assert owner.stdout is not None
    owner.stdout.readline()
    owner.kill()
    owner.wait()
    worker = _start(application, "-m", "dartian_cli", "queue:work", "--plain", companion=False)
    try:
        _wait_for(application, 20)
        worker.terminate()
        assert worker.wait(30) == 0
    finally:
        worker.kill()
        worker.wait()
