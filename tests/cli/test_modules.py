"""What a command loads, which is what it costs before it does anything."""

import subprocess
import sys

import pytest

from tests.cli.typing_at import clean
from tests.scene import Scene

HEAVY = (
    "asyncio", "dataclasses", "dotenv", "jinja2", "libcst", "logging", "multiprocessing", "numpy", "pydantic", "rich",
    "rich.live", "sqlite3", "typer",
)  # fmt: skip

SCRIPT = f"""
import sys
from dartian_cli.app import run
code = run(sys.argv[1:])
sys.stdout.flush()
print("LOADED", code, *sorted(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""

EXPECTED = {
    "": set(),
    "--version": set(),
    "queue:status": {"typer", "sqlite3"},
    "queue:failed": {"typer", "sqlite3"},
    "queue:failed --json": {"typer", "sqlite3"},
    "queue:retry all": {"typer", "sqlite3"},
    "queue:cancel one": {"typer", "sqlite3"},
    "queue:show one --json": {"typer", "sqlite3"},
    "queue:show one": {"typer", "sqlite3"},
    "queue:forget one --yes": {"typer", "sqlite3"},
    "queue:flush": {"typer", "sqlite3"},
    "queue:prune": {"typer", "sqlite3"},
    "queue:clear --yes": {"typer", "sqlite3"},
    "queue:monitor": {"typer", "sqlite3"},
    "queue:pause media": {"typer", "sqlite3"},
    "queue:resume --all": {"typer", "sqlite3"},
    "queue:restart": {"typer", "sqlite3"},
    "doctor": {"typer", "sqlite3"},
    "job:list": {"typer", "sqlite3"},
    "job:show Plain": {"typer", "sqlite3"},
    "job:show plain --json": {"typer", "sqlite3"},
    "job:run Plain": {"typer"},
    "job:dispatch Plain": {"typer", "sqlite3"},
    "make:job Another count:int --dry-run": {"typer", "jinja2"},
    "new elsewhere --dry-run": {"typer", "jinja2"},
    "stub:publish --dry-run": {"typer"},
    "queue:work --stop-when-empty": {"typer", "sqlite3"},
}


@pytest.mark.parametrize("command", EXPECTED)
def test_a_command_loads_what_it_needs(command: str, scene: Scene) -> None:
    scene.write(
        "app/jobs/plain.py",
        """
        from dartian_queue import Job

        class Plain(Job):
            def handle(self) -> None: ...
        """,
    )
    from dartian_queue.envelope import Envelope

    (scene.root / ".env").unlink()  # reading one would load python-dotenv
    scene.store.add([Envelope("one", "Plain", "{}")])
    if "forget" in command:
        scene.store.clear()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *command.split()],
        cwd=scene.root,
        env=clean(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    last = done.stderr.splitlines()[-1].split()
    assert last[:2] == ["LOADED", "0"], done.stderr
    # jinja2 imports logging, and asyncio where it has to; both are its own affair
    allowed = {"logging", "asyncio"} if "jinja2" in EXPECTED[command] else set[str]()
    assert set(last[2:]) - allowed == EXPECTED[command]
