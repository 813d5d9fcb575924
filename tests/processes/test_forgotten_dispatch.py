"""A job that ends has stored what it dispatched, also where it did not await that."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

_JOBS = """
from dartian_queue import Job, dispatch


class Parent(Job, isolate="fresh"):
    async def handle(self) -> None:
        for number in range(10):
            dispatch(Child(number), delay=3600)


class Child(Job):
    number: int

    def handle(self) -> None: ...
"""


def _run(application: Path, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QUEUE_")}
    environment |= {"DARTIAN_ROOT": str(application), "QUEUE_COMPANION": "0"}
    environment["PYTHONPATH"] = os.pathsep.join((str(application), os.getcwd()))
    subprocess.run([sys.executable, *arguments], cwd=application, env=environment, check=True, timeout=60)


def test_what_a_job_in_an_isolate_of_its_own_did_not_await_is_stored(tmp_path: Path) -> None:
    jobs = tmp_path / "app" / "jobs"
    jobs.mkdir(parents=True)
    (tmp_path / "app" / "__init__.py").touch()
    (jobs / "__init__.py").write_text(_JOBS)
    _run(tmp_path, "-c", "from app.jobs import Parent\nfrom dartian_queue import dispatch\ndispatch(Parent())")
    _run(tmp_path, "-m", "dartian_cli", "queue:work", "--plain", "--stop-when-empty")
    with closing(sqlite3.connect(tmp_path / "storage" / "queue.sqlite3")) as store:
        ((count,),) = store.execute("select count(*) from jobs where name = 'Child'").fetchall()
    assert count == 10
