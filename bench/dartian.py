"""Dartian as a contender: this checkout, or the sources of another revision laid out beside it."""

import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

from bench.contender import ROOT, Command, Contender
from dartian_queue.settings import Durability

__all__ = ["dartian_at", "export"]

_CONFIG = """\
from dartian_queue import Config, Connection

config = Config(
    jobs=["bench.jobs"],
    connections={{"isolate": Connection(driver="isolate", durability="{durability}", companion=False)}},
)
"""


def dartian_at(sources: Path = ROOT, *, app: str = "dartian", durability: Durability = "power") -> Contender:
    """Return Dartian as it stands in ``sources``, with its defaults but for a companion."""

    def prepare(folder: Path) -> None:
        (folder / "config").mkdir()
        (folder / "config" / "queue.py").write_text(_CONFIG.format(durability=durability))

    return Contender(
        name="Dartian",
        python=Path(sys.executable),
        app=app,
        workers=_workers,
        fill="many",
        sources=(sources,) if sources == ROOT else (sources, ROOT),
        prepare=prepare,
    )


def _workers(isolates: int) -> list[Command]:
    return [["python", "-m", "dartian_cli", "queue:work", "--quiet", "--isolates", str(isolates)]]


def export(revision: str, folder: Path) -> None:
    """Lay out Dartian's packages as they were at a revision; ValueError where git does not know it."""
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", revision, "dartian_queue", "dartian_cli", "templates"]
    ended = subprocess.run(command, capture_output=True, check=False)
    if ended.returncode:
        raise ValueError(f"git knows no sources of {revision}: {ended.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=BytesIO(ended.stdout)) as archive:
        archive.extractall(folder, filter="data")
