"""What the README shows is run as it stands there."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.examples.commands import run

README = (Path(__file__).parents[2] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the application that the first block makes, each line typed as it stands, but pip's."""
    folder = tmp_path_factory.mktemp("newcomer")
    for line in blocks("sh")[0].splitlines():
        for command in line.split(" && "):
            words = shlex.split(command)
            if words[0] == "pip":
                continue
            if words[0] == "cd":
                folder /= words[1]
                continue
            assert words[0] == "dartian"
            extra = ["--stop-when-empty"] if words[1] == "queue:work" else []
            done = run([sys.executable, "-m", "dartian_cli", *words[1:], *extra], folder)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            last = done.stdout
    assert "ProcessPodcast 123" in last
    return folder


def test_the_first_block_makes_an_application_whose_job_is_done(shop: Path) -> None:
    status = run([sys.executable, "-m", "dartian_cli", "queue:status", "--json"], shop)
    assert '"done":1' in status.stdout.replace(" ", "")


def test_the_job_class_of_the_first_screen_runs(shop: Path) -> None:
    (shop / "app" / "jobs" / "process_podcast.py").write_text(blocks("python")[0])
    command = [sys.executable, "-m", "dartian_cli", "job:run", "ProcessPodcast", "podcast_id=7"]
    assert "Processing podcast 7" in run(command, shop).stdout


def test_dispatch_as_the_first_screen_shows_it(shop: Path) -> None:
    """The three calls, each in its world; the second one awaits."""
    head, sync, awaited, late = re.fullmatch(
        r"(.*\n\n)(dispatch.*)\n(await dispatch.*)\n(dispatch.*)\n", blocks("python")[1], re.DOTALL
    ).groups()  # type: ignore[union-attr]
    script = f"import asyncio\n{head}{sync}\nasync def handler():\n    {awaited}\nasyncio.run(handler())\n{late}\n"
    done = run([sys.executable, "-c", script], shop, PYTHONPATH=str(shop))
    assert done.returncode == 0, done.stderr
    status = run([sys.executable, "-m", "dartian_cli", "queue:status"], shop)
    assert re.search(r"media +2 +1 ", status.stdout), status.stdout


def test_the_other_jobs_tests_and_configurations_work(shop: Path) -> None:
    context, testing, configuration = blocks("python")[2:]
    (shop / "app" / "jobs" / "import_rows.py").write_text(context)
    (shop / "tests" / "test_upload.py").write_text(testing)
    (shop / "config" / "queue.py").write_text(configuration)
    command = [sys.executable, "-m", "dartian_cli", "job:run", "ImportRows", 'rows=["a", "b"]']
    done = run(command, shop)
    assert done.returncode == 0, done.stderr
    about = run([sys.executable, "-m", "dartian_cli", "about", "--json"], shop)
    assert about.returncode == 0, about.stderr
    tested = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_upload.py"], shop)
    assert "1 passed" in tested.stdout, tested.stdout


def test_every_command_line_of_the_readme_is_understood(shop: Path) -> None:
    """The make:job of the chapter on jobs, and the workers of the chapter on working."""
    for block in blocks("sh")[1:]:
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if "queue:work" in words and "--stop-when-empty" not in words:
                words.append("--stop-when-empty")
            if "make:job" in words:
                words.append("--dry-run")
            done = run([sys.executable, "-m", "dartian_cli", *words[1:]], shop)
            assert done.returncode == 0, (line, done.stdout, done.stderr)


def test_the_names_in_the_table_of_options_are_those_that_a_class_takes() -> None:
    from dartian_queue.options import JobOptions

    table = README.partition("| keyword |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", "\n".join(row.split("|")[1] for row in table.splitlines()[2:])))
    assert named == set(JobOptions.__struct_fields__)
