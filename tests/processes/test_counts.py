"""What a job costs, as counts that no load of the machine changes: statements, commits, frames, system calls, modules.

They stand here so that nobody adds one unawares. Who does so on purpose, with a gain to show for it, writes it down.
"""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from dartian_queue.envelope import Envelope
from dartian_queue.outcome import Done
from dartian_queue.stores import open_store
from dartian_queue.stores.store import Settlement, WorkerInfo
from tests.processes.statements import noting
from tests.scene import Scene

JOBS = """
class Note(Job):
    def handle(self) -> None:
        pass

class Async(Job):
    async def handle(self) -> None:
        pass
"""


@pytest.fixture(autouse=True)
def _jobs(scene: Scene) -> None:
    scene.jobs(JOBS)


def count(scene: Scene, program: str, *arguments: str, under: tuple[str, ...] = ()) -> list[list[str]]:
    """Run a program of this folder in the application, and return what it counted."""
    command = [*under, sys.executable, "-m", f"tests.processes.{program}", *arguments]
    ended = subprocess.run(command, cwd=scene.root, capture_output=True, text=True, timeout=60)
    if under and "ptrace" in ended.stderr:
        pytest.skip("this system does not let processes be traced")
    assert ended.returncode == 0, ended.stderr
    counted: list[list[str]] = json.loads(ended.stdout)
    return counted


def verbs(statements: list[str]) -> list[str]:
    """Return the first word of each statement, of several alike in a row their number and the word."""
    groups = [(word, len(list(alike))) for word, alike in groupby(statement.split()[0] for statement in statements)]
    return [f"{number} {word}" if number > 1 else word for word, number in groups]


@pytest.mark.parametrize("durability", ["power", "process"])
def test_a_dispatch_is_one_transaction_of_two_statements(scene: Scene, durability: str) -> None:
    for statements in count(scene, "counted_dispatch", durability, "1"):
        assert verbs(statements) == ["BEGIN", "SELECT", "INSERT", "COMMIT"]


def test_many_dispatched_at_once_are_one_transaction_and_a_statement_each(scene: Scene) -> None:
    for statements in count(scene, "counted_dispatch", "power", "100"):
        assert verbs(statements) == ["BEGIN", "SELECT", "SAVEPOINT", "100 INSERT", "RELEASE", "COMMIT"]


def test_a_batch_is_claimed_in_one_transaction_and_settled_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    monkeypatch.setattr(sqlite3, "connect", noting(statements))
    store = open_store(str(tmp_path / "queue.sqlite3"))
    seat = store.join(WorkerInfo("w", os.getpid(), "here"))
    store.add([Envelope(f"job-{number}", "Note", "{}") for number in range(20)])
    store.claim(seat, 10)
    statements.clear()
    claims = store.claim(seat, 10)
    assert verbs(statements) == ["BEGIN", "5 SELECT", "10 UPDATE", "COMMIT"]
    statements.clear()
    store.settle(seat, [Settlement(claim.envelope.id, claim.token, Done()) for claim in claims])
    assert verbs(statements) == ["BEGIN", "10 UPDATE", "COMMIT"]
    statements.clear()
    assert store.claim(seat, 10) == []
    assert verbs(statements) == ["BEGIN", "4 SELECT", "COMMIT"], "a look that finds nothing"
    seat.leave()
    store.close()


@pytest.mark.parametrize("name", ["Note", "Async"])
def test_a_job_is_one_frame_to_its_isolate_and_one_back(scene: Scene, name: str) -> None:
    for frames in count(scene, "counted_isolate", name):
        assert frames == ["Ended"]


CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?([a-z]\w*)(?:\(| resumed)")


def calls(trace: Path) -> list[tuple[int, str, str]]:
    """Return the system calls of a trace as (process, name, line), each once, where it ended."""
    lines = [line for line in trace.read_text().splitlines() if not line.endswith("<unfinished ...>")]
    return [(int(found[1]), found[2], line) for line in lines if (found := CALL.match(line))]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(("durability", "syncs"), [("power", 1), ("process", 0)])
def test_a_dispatch_takes_few_system_calls(scene: Scene, tmp_path: Path, durability: str, syncs: int) -> None:
    trace = tmp_path / "trace"
    count(scene, "counted_dispatch", durability, "1", under=("strace", "-f", "-o", str(trace)))
    parts: list[list[str]] = []
    for _, name, line in calls(trace):
        if '"/mark"' in line:
            parts.append([])
        elif parts:
            parts[-1].append(name)
    dispatches = [Counter(part) for part in parts[::2]]  # what lies between two of them is the program's
    assert {part["fdatasync"] + part["fsync"] for part in dispatches} == {syncs}
    assert {part["flock"] for part in dispatches} == {2}, "the writer's lock is taken and given"
    # The least, since every second it is looked whether the file was replaced, and who works on it.
    assert min(part.total() - part["pwrite64"] for part in dispatches) <= 10 + syncs
    assert min(part["pwrite64"] for part in dispatches) <= 6, "the log gets three pages, each with a head"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(("name", "most"), [("Note", 12), ("Async", 17)])
def test_a_job_takes_few_system_calls_of_its_isolate(scene: Scene, tmp_path: Path, name: str, most: int) -> None:
    trace = tmp_path / "trace"
    count(scene, "counted_isolate", name, under=("strace", "-f", "-o", str(trace)))
    made = calls(trace)
    program = made[0][0]
    isolate = next(pid for pid, call, _ in made if pid != program and call == "recvfrom")
    jobs: list[Counter[str]] = []
    for pid, call, _ in made:
        if pid == isolate and call == "recvfrom":
            jobs.append(Counter())
        elif pid == isolate and jobs:
            jobs[-1][call] += 1
    assert {job["sendto"] for job in jobs[:-1]} == {1}  # the last part is its end
    assert min(job.total() for job in jobs[:-1]) <= most


MODULES = """
import sys
before = set(sys.modules)
try:
    from dartian_cli.app import main
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
import json
print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""


TYPER = {"annotated_doc", "shellingham", "typer", "typing_extensions"}
"""What comes with it; the last one under Python 3.11 alone."""


@pytest.mark.parametrize(
    ("arguments", "theirs", "ours", "most"),
    [
        (("--help",), set(), 7, 50),
        (("queue:status",), TYPER | {"dotenv", "msgspec"}, 76, 235),
        (("make:job", "SendLetter", "podcast_id:int"), TYPER | {"jinja2", "markupsafe", "msgspec"}, 64, 245),
    ],
)
def test_a_command_imports_what_it_needs(
    scene: Scene, arguments: tuple[str, ...], theirs: set[str], ours: int, most: int
) -> None:
    scene.put("Note")
    ended = subprocess.run(
        [sys.executable, "-c", MODULES, *arguments], cwd=scene.root, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    loaded: list[str] = json.loads(ended.stderr.splitlines()[-1])
    packages = Counter(name.partition(".")[0] for name in loaded if not name.startswith("_"))
    assert packages.keys() - sys.stdlib_module_names - {"dartian_cli", "dartian_queue"} <= theirs
    assert packages["dartian_cli"] + packages["dartian_queue"] <= ours
    assert len(loaded) <= most
