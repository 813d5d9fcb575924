"""`make demo` comes out as it should, off a terminal too, and never wipes what is not its own."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_demo(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py", folder],
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run the demo once, where settings of the caller's own would lead it astray."""
    folder = tmp_path_factory.mktemp("made") / "demo"
    return folder, run_demo(folder, QUEUE_DRIVER="sync", QUEUE_STORE="/nowhere/queue.sqlite3", DARTIAN_ROOT="/")


def test_it_succeeds_without_a_terminal_and_without_a_network(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, ended = demo
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "\x1b" not in ended.stdout
    assert "Traceback" not in ended.stderr


def test_each_command_is_shown_before_what_it_says(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, ended = demo
    commands = [line for line in ended.stdout.splitlines() if line.startswith("$ ")]
    for expected in (
        "$ dartian new demo",
        "$ dartian make:job ProcessPodcast ",
        "$ cp ",
        "$ QUEUE_COMPANION=0 python upload.py",
        "$ dartian queue:work --max-time 6",
    ):
        assert any(command.startswith(expected) for command in commands), expected
    assert ended.stdout.index("$ dartian queue:work") < ended.stdout.index("sense-and-sensibility: 7.1 s")


def test_the_results_are_where_it_says(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, ended = demo
    for name in ("index.html", "1.png", "1.json"):
        assert f"{folder}/public/{name}" in ended.stdout
        assert (folder / "public" / name).is_file()
    starts = [json.loads((folder / f"public/{number}.json").read_text())["silence"]["start"] for number in (1, 2)]
    assert starts == [0.22, 0.02]


def test_the_page_was_published_only_when_all_podcasts_were_there(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = demo
    page = (folder / "public" / "index.html").read_text()
    assert "on try 1." not in page
    assert all(f'src="{number}.png"' in page for number in range(1, 7))


def test_the_jobs_that_ran_are_those_of_its_own_application(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, ended = demo
    (retry,) = [line for line in ended.stdout.splitlines() if "FileNotFoundError" in line]
    assert re.search(r" app/jobs/publish_podcasts\.py:\d+$", retry), "a path outside of it would be absolute"


def test_the_job_is_the_one_that_the_readme_shows(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = demo
    job = "app/jobs/process_podcast.py"
    assert (folder / job).read_bytes() == (ROOT / job).read_bytes()


def test_what_it_says_to_try_next_works(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, ended = demo
    hints = re.findall(r"^  (dartian .*)$", ended.stdout.split("Try next")[1], re.MULTILINE)
    assert len(hints) == 5
    env = {name: value for name, value in os.environ.items() if not name.startswith(("QUEUE_", "DARTIAN_"))}
    for hint in hints:
        command = [str(Path(sys.executable).parent / "dartian"), *shlex.split(hint)[1:]]
        tried = subprocess.run(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert tried.returncode == 0, f"{hint}\n{tried.stdout}{tried.stderr}"
    assert "upload.py is no WAV file" in tried.stdout


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_it_never_wipes_what_it_did_not_make(tmp_path: Path, kind: str) -> None:
    folder, elsewhere = tmp_path / "demo", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.txt").write_text("three years of work")
    if kind == "folder":
        elsewhere.rename(folder)
    elif kind == "link":
        folder.symlink_to(elsewhere)
    else:
        folder.write_text("three years of work")
    before = sorted(tmp_path.rglob("*"))
    ended = run_demo(folder)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"demo: {folder} ")
    assert "move it away" in ended.stderr
    assert sorted(tmp_path.rglob("*")) == before
