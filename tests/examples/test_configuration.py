"""The example application's configuration files say what the product reads, and nothing else."""

import re
from pathlib import Path

from dartian_queue.config import configure, current, reset
from dartian_queue.settings import Connection

ROOT = Path(__file__).parents[2]


def test_every_variable_that_is_read_stands_in_the_example_of_dotenv() -> None:
    sources = [*(ROOT / "dartian_queue").rglob("*.py"), *(ROOT / "dartian_cli").rglob("*.py")]
    read = {name for source in sources for name in re.findall(r'"(QUEUE_[A-Z_]+|DARTIAN_ROOT)"', source.read_text())}
    read.discard("QUEUE_CONNECTION")  # Laravel's; doctor looks for it, to say that it is not read
    assert read >= {"QUEUE_DRIVER", "DARTIAN_ROOT"}
    assert set(re.findall(r"\b(?:QUEUE|DARTIAN)_[A-Z_]+", (ROOT / ".env.example").read_text())) == read


def test_the_configuration_shows_the_defaults(tmp_path: Path) -> None:
    try:
        configure(root=str(ROOT))
        shown = current()
        reset()
        configure(root=str(tmp_path))
        default = current()
    finally:
        reset()
    assert shown.config_file == str(ROOT / "config" / "queue.py")
    assert default.config_file == ""
    assert (shown.default, shown.jobs) == (default.default, default.jobs)
    assert shown.connections == {name: Connection(driver=name, name=name) for name in ("isolate", "sync")}
    assert shown.boot is not None
    assert shown.boot() is None
    assert shown.isolate_started is not None
    assert shown.isolate_started() is None
    assert shown.attempt_ended is not None
    assert shown.attempt_ended() is None
