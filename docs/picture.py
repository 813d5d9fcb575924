"""Makes the picture of the display in the README, docs/display.svg, from a real run: ``python -m docs.picture``.

A worker runs an application's jobs on a pseudo-terminal; what its screen shows at the right moment becomes an SVG.
Nothing in it is drawn by hand.
"""

import io
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import pyte
from pyte.screens import Char
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.cli.typing_at import Terminal, clean

__all__ = ["PICTURE", "draw", "shown"]

PICTURE = Path(__file__).parent / "display.svg"

JOBS = {
    "process_podcast": '''\
"""Process podcasts."""

import time

from dartian_queue import Job, JobContext


class ProcessPodcast(Job, queue="media"):
    """Measure a recording, and draw it."""

    podcast_id: int

    def handle(self, context: JobContext) -> None:
        print(f"Processing podcast {self.podcast_id}")
        for step in range(160):
            context.progress(step, 160, "measuring" if step < 60 else "drawing")
            time.sleep(0.05)
''',
    "send_welcome": '''\
"""Welcome people."""

import time

from dartian_queue import Job


class SendWelcome(Job):
    """Say hello to somebody new."""

    email: str

    def handle(self) -> None:
        time.sleep(30)
''',
    "resize_image": '''\
"""Resize images."""

import time

from dartian_queue import Job


class ResizeImage(Job, queue="media"):
    """Make a thumbnail."""

    image: str

    def handle(self) -> None:
        time.sleep(0.3)
''',
    "charge_card": '''\
"""Charge cards."""

from dartian_queue import Job


class ChargeCard(Job, tries=5, backoff=60):
    """Ask the bank for what is due."""

    amount: int

    def handle(self) -> None:
        raise TimeoutError("the bank did not answer")
''',
    "import_csv": '''\
"""Import tables."""

from dartian_queue import Job


class ImportCsv(Job):
    """Read what a customer has sent."""

    path: str

    def handle(self) -> None:
        raise ValueError("bad row 17")
''',
}
"""The modules of the application below its jobs package."""

DISPATCHES = """\
from app.jobs.charge_card import ChargeCard
from app.jobs.import_csv import ImportCsv
from app.jobs.process_podcast import ProcessPodcast
from app.jobs.resize_image import ResizeImage
from app.jobs.send_welcome import SendWelcome
from dartian_queue import dispatch_many

dispatch_many([ProcessPodcast(123), SendWelcome("ada@example.com"), ChargeCard(1999), ImportCsv("people.csv")])
dispatch_many([ResizeImage(f"cover-{number}.png") for number in range(60)])
"""
"""The program that gives the worker something to do."""
TAKEN_AT = 68
"""The picture is taken when so many percent of the podcast are done."""

FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
"""Such as machines have: rich would ask the network for one."""
_DARK, _LIGHT, _GREY = (22, 24, 29), (214, 217, 224), (110, 118, 132)
_RED, _GREEN, _YELLOW, _BLUE = (240, 113, 120), (148, 204, 122), (230, 192, 105), (97, 175, 239)
_MAGENTA, _CYAN = (198, 146, 233), (86, 197, 208)
THEME = TerminalTheme(
    _DARK,
    _LIGHT,
    [_DARK, _RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN, _LIGHT],
    [_GREY, _RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN, _LIGHT],
)
_NAMES = {"brown": "yellow", "brightblack": "bright_black", "default": "default"}
"""pyte's names for colours, where rich has others."""


class _Screen(pyte.HistoryScreen):
    """A screen that shows what is dim in grey: pyte does not know dim."""

    def select_graphic_rendition(self, *attributes: int, **more: bool) -> None:
        super().select_graphic_rendition(*(90 if code == 2 else code for code in attributes), **more)


class _Display(Terminal):
    """The worker's display, as a person sees it."""

    screen_kind = _Screen


def shown(columns: int = 92, rows: int = 24) -> Text:
    """Run a worker, and return what its display shows when the podcast has come far enough."""
    with TemporaryDirectory() as folder:
        root = Path(folder) / "shop"
        _run(root.parent, "-m", "dartian_cli", "new", "shop")
        for module, source in JOBS.items():
            (root / "app" / "jobs" / f"{module}.py").write_text(source)
        _run(root, "-c", DISPATCHES)
        display = _Display(root, "queue:work", "--isolates", "4", columns=columns, rows=rows)
        try:
            display.wait_for("drawing")
            while _percent(display.text) < TAKEN_AT:
                display.read()
            return _text(display.screen)
        finally:
            display.close()


def _percent(text: str) -> int:
    """Return how far the podcast is; far enough where it is not shown any more, so that nobody waits for ever."""
    found = re.search(r"(\d+)%", text)
    return int(found[1]) if found else 100


def draw(screen: Text) -> str:
    """Return the screen as an SVG that asks no network for a font."""
    width = max(len(line.rstrip()) for line in screen.plain.splitlines()) + 1
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(screen, no_wrap=True, crop=True, end="")
    svg = console.export_svg(title="dartian queue:work", theme=THEME, unique_id="display")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code, monospace", FONTS)
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


def _text(screen: pyte.Screen) -> Text:
    """Return what stands on the screen, with its styles, without the empty lines at its end."""
    lines = [_line([screen.buffer[row][column] for column in range(screen.columns)]) for row in range(screen.lines)]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    return Text("\n").join(lines)


def _line(characters: list[Char]) -> Text:
    runs = groupby(characters, lambda one: f"{'bold ' if one.bold else ''}{_NAMES.get(one.fg, one.fg)}")
    return Text.assemble(*(("".join(one.data for one in run), style) for style, run in runs))


def _run(folder: Path, *arguments: str) -> None:
    environment = clean({"QUEUE_COMPANION": "0"})
    subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, check=True, capture_output=True)


if __name__ == "__main__":
    PICTURE.write_text(draw(shown()))
