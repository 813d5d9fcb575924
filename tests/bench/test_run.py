"""The benchmark as it is run: real processes, no word about how fast they are."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.contender import ROOT
from bench.dartian import dartian_at, export
from bench.experiment import NotMeasured
from bench.limits import BARE
from bench.measures.filled import FilledStores
from bench.measures.interrupting import interrupting
from bench.measures.working import bare_finishing, bare_picking_up, finishing, picking_up
from bench.peers import Peers
from bench.servers import Servers
from bench.site import Site, processes_of


def run(tmp_path: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    where = ["--json", str(tmp_path / "bench.json"), "--peers", str(tmp_path / "no-peers")]
    command = [sys.executable, "-m", "bench", "--rounds", "1", *where, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)


def test_a_run_prints_the_table_and_saves_it(tmp_path: Path) -> None:
    ended = run(tmp_path, "--only", "import", "many", "--against", "HEAD")
    assert ended.returncode == 0, ended.stderr
    assert [re.split("  +", line)[0] for line in ended.stdout.splitlines()[:3]] == [
        "what",
        "dispatch_many, a thousand at a time",
        "import a job, whole process",
    ]
    many, importing = json.loads((tmp_path / "bench.json").read_bytes())["rows"]
    assert many["dartian"]["figure"] > 0
    assert many["of_before"]["middle"] > 0
    assert many["reached"] is None
    assert many["reason"].endswith("is not installed")  # the peer, or what asks its server
    assert importing["limit"]["figure"] > 0
    assert importing["reached"] in (True, False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--only", "dispatches"), "There is no row dispatches; there are process, dispatch, at-once, many,"),
        (("--only", "import", "--against", "no-such"), "git knows no sources of no-such:"),
        (("--read", "no-such.json"), "No such file or directory: 'no-such.json'"),
    ],
)
def test_what_cannot_be_run_is_said(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    ended = run(tmp_path, *options)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_saved_run_is_shown_again_and_written_into_a_page(tmp_path: Path) -> None:
    first = run(tmp_path, "--only", "import")
    page = tmp_path / "page.md"
    page.write_text((ROOT / "docs" / "performance.md").read_text())
    again = run(tmp_path, "--read", str(tmp_path / "bench.json"), "--write", str(page))
    assert again.stdout == f"{first.stdout}Wrote {page}\n"
    assert "| import a job, whole process |" in page.read_text()


def test_jobs_are_counted_by_the_marks_that_they_leave() -> None:
    servers = Servers()
    for reading in (finishing(servers, dartian_at(), 1, 50), bare_finishing(2, 50)):
        assert (reading.figures[0] or 0.0) > 0
    for reading in (picking_up(servers, dartian_at(), 5), bare_picking_up("FULL", 5)):
        middle, late = reading.figures
        assert len(reading.samples) == 5
        assert min(reading.samples) <= (middle or 0.0) <= (late or 0.0) <= max(reading.samples)


def test_a_killed_worker_s_job_is_waited_for() -> None:
    (seconds,) = interrupting(Servers(), dartian_at()).figures
    assert (seconds or 0.0) > 0


def test_a_filled_store_serves_all_rounds_and_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stores = FilledStores(dartian_at())
    for _round in range(2):
        assert (stores.measure("wait", "claim", 2000).figures[0] or 0.0) > 0
        assert len(list(tmp_path.iterdir())) == 1
    stores.close()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_site() -> None:
    with Site(dartian_at(), {}) as site:
        site.start_workers(1)
        site.dispatch("single", 1)
        site.wait_for_marks(2)
        processes = site.processes()
        assert len(processes) == 3, "a worker, its zygote and its isolate"
    assert not site.folder.exists()
    assert not any(os.path.exists(f"/proc/{pid}") for pid in processes)
    assert processes_of(processes[0]) == []


def test_what_cannot_be_measured_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(NotMeasured, match="the bare loop failed: ZeroDivisionError"), Site(BARE, {}) as site:
        site.python("-c", "1 / 0")
    broken = replace(BARE, setup=["python", "-c", "import nothing_of_that_name"])
    with pytest.raises(NotMeasured, match="the bare loop failed: ModuleNotFoundError"), Site(broken, {}):
        pass
    with pytest.raises(NotMeasured, match="SAQ is not installed"), Site(Peers(tmp_path).saq(), {}):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_sources_of_another_revision_are_laid_out_and_used(tmp_path: Path) -> None:
    export("HEAD", tmp_path)
    with Site(dartian_at(tmp_path), {}) as site:
        shown = site.python("-c", "import bench, dartian_queue; print(bench.__file__, dartian_queue.__file__)")
    assert shown.split() == [str(ROOT / "bench" / "__init__.py"), str(tmp_path / "dartian_queue" / "__init__.py")]
