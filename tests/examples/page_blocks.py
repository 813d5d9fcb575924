"""The blocks of a page of docs/, and what is done with each to see that it holds: run, loaded or parsed.

What every kind of block means stands in ``CHECKS``. A file's first line names it: ``# config/queue.py``. It is written
there, for the blocks that follow. A shell block that begins with ``NOT_RUN`` is parsed, and its ``dartian`` lines are
understood.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml  # type: ignore[import-untyped] # its stubs would be one more thing to install

from dartian_queue.settings import Config
from tests.examples.commands import BIN, run

DOCS = Path(__file__).parents[2] / "docs"
NOT_RUN = "# not run by the tests: "
TAIL = 6.0
"""Seconds that a worker may need after its grace: worker.py's ZYGOTE_PATIENCE and STORE_PATIENCE."""

SHELL = """\
set -euo pipefail
export PATH={bin}:$PATH
pip() {{ [[ "$*" == "install dartian"?(" pytest") ]]; }}
dartian() {{
    case "$1 $*" in
        "queue:work "*--stop-when-empty* | "queue:work "*--once*) command dartian "$@" ;;
        "queue:work "*) command dartian "$@" --stop-when-empty ;;
        *) command dartian "$@" ;;
    esac
}}
{block}
pwd > {place}
"""


class Block(NamedTuple):
    language: str
    text: str

    @property
    def path(self) -> str:
        """The file that the first line names, empty for none."""
        found = re.match(r"# (\S+\.\w+|\S*Dockerfile|\.env)\n", self.text)
        return found[1] if found else ""


def blocks_of(page: str) -> list[Block]:
    text = (DOCS / page).read_text()
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


class Reader:
    """Goes through a page as its reader would: in one folder, a block after the other."""

    def __init__(self, folder: Path, *, companion: bool = False) -> None:
        """``companion`` says whether what dispatches may start one, as it does for a reader who has set nothing."""
        self.env = {"QUEUE_COMPANION": str(int(companion))}
        self.start = folder
        self.folder = folder
        self.printed = ""

    def take(self, block: Block) -> None:
        CHECKS[block.language](self, block)

    def shell(self, block: Block) -> None:
        if block.text.startswith(NOT_RUN):
            subprocess.run(["bash", "-n", "-c", block.text], check=True)
            for words in _dartian_lines(block.text):
                understand(words)
            return
        place = self.start / ".place"
        script = SHELL.format(bin=BIN, block=block.text, place=shlex.quote(str(place)))
        done = run(["bash", "-c", script], self.folder, **self.env)
        assert done.returncode == 0, (block.text, done.stdout, done.stderr)
        self.printed = done.stdout + done.stderr
        self.folder = Path(place.read_text().strip())

    def output(self, block: Block) -> None:
        """What the shell block before has printed, but for ids, times and folders."""
        printed = self.printed
        for line in block.text.splitlines():
            assert steady(line) in steady(printed), (line, printed)

    def python(self, block: Block) -> None:
        if block.path:
            self.written(block)
            compile(block.text, block.path, "exec")
            if block.path.startswith("tests/"):
                self.passes(block.path)
            elif block.path != "config/queue.py":
                module = block.path.removesuffix(".py").replace("/", ".")
                self.succeeds("-c", f"import sys; sys.path.insert(0, ''); import {module}")
            self.loads()
        else:
            self.succeeds("-c", f"import sys; sys.path.insert(0, '')\n{block.text}")

    def passes(self, path: str) -> None:
        done = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path], self.folder)
        assert re.search(r"\d passed", done.stdout), done.stdout + done.stderr

    def succeeds(self, *arguments: str) -> None:
        done = run([sys.executable, *arguments], self.folder)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        self.printed = done.stdout + done.stderr

    def loads(self) -> None:
        """Have the configuration and the jobs loaded as they are now."""
        done = run([str(BIN / "dartian"), "job:list", "--json"], self.folder)
        assert done.returncode == 0, done.stdout + done.stderr

    def written(self, block: Block) -> None:
        assert block.path, block.text
        (self.folder / block.path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / block.path).write_text(block.text)

    def dotenv(self, block: Block) -> None:
        self.written(block)
        (self.folder / block.path).chmod(0o600)
        self.loads()
        done = run([str(BIN / "dartian"), "doctor", "--json"], self.folder)
        unread = [check for check in json.loads(done.stdout)["checks"] if "variable" in check["title"]]
        assert [check["holds"] for check in unread] == [True]

    def toml(self, block: Block) -> None:
        """In a project of its own, where Dartian and pytest read what it says."""
        project = self.start / "toml" / str(len(list((self.start / "toml").glob("*"))))
        project.mkdir(parents=True)
        (project / "pyproject.toml").write_text(block.text)
        tools = tomllib.loads(block.text)["tool"]
        assert set(tools) <= {"dartian", "pytest"}, tools
        for jobs in tools.get("dartian", {}).get("jobs", []):
            (project / jobs).mkdir(parents=True)
            (project / jobs / "__init__.py").touch()
        about = run([str(BIN / "dartian"), "about", "--json"], project)
        assert about.returncode == 0, about.stderr
        if "dartian" in tools:
            packages = [jobs.replace("/", ".") for jobs in tools["dartian"]["jobs"]]
            assert json.loads(about.stdout)["jobs_packages"] == packages
        collected = run([sys.executable, "-m", "pytest", "--collect-only", "--strict-config"], project)
        assert collected.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, collected.stdout + collected.stderr

    def unit(self, block: Block) -> None:
        """A unit of systemd: by systemd itself where it is installed, and its stop by our own grace."""
        assert re.fullmatch(r"/etc/systemd/system/[\w@-]+\.service", block.path)
        unit = ConfigParser(strict=False)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read_string(block.text)
        service = unit["Service"]
        command = shlex.split(service["ExecStart"])
        understand(["dartian", *command[1:]])
        assert command[0].endswith("/bin/dartian")
        assert float(service["TimeoutStopSec"]) > float(Config().grace) + TAIL  # type: ignore[arg-type]
        if shutil.which("systemd-analyze"):
            text = block.text.replace(command[0], str(BIN / "dartian"))
            text = text.replace(service["WorkingDirectory"], str(self.folder))
            place = self.start / Path(block.path).name
            place.write_text(text)
            verified = run(["systemd-analyze", "verify", str(place)], self.folder)
            assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")

    def dockerfile(self, block: Block) -> None:
        lines = [line for line in block.text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
        instructions = [line.split(maxsplit=1) for line in lines]
        assert instructions[0][0] == "FROM"
        known = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "CMD"}
        assert {word for word, _ in instructions} <= known
        for word, rest in instructions:
            if word == "RUN":
                subprocess.run(["bash", "-n", "-c", rest], check=True)
        (command,) = [json.loads(rest) for word, rest in instructions if word == "CMD"]
        understand(command)

    def compose(self, block: Block) -> None:
        told = yaml.safe_load(block.text)
        for name, service in told["services"].items():
            mounted = [volume.partition(":")[0] for volume in service["volumes"]]
            assert set(mounted) <= set(told["volumes"]), name
            if service["command"][0] == "dartian":
                understand(service["command"])
                assert float(service["stop_grace_period"].removesuffix("s")) > float(Config().grace) + TAIL  # type: ignore[arg-type]


CHECKS: dict[str, Callable[[Reader, Block], None]] = {
    "sh": Reader.shell,
    "text": Reader.output,
    "python": Reader.python,
    "dotenv": Reader.dotenv,
    "toml": Reader.toml,
    "ini": Reader.unit,
    "dockerfile": Reader.dockerfile,
    "yaml": Reader.compose,
}


def understand(words: list[str]) -> None:
    """Have the command line understood as it stands there: the command, and every option of it."""
    done = run([str(BIN / "dartian"), words[1], "--help"], Path.cwd())
    assert done.returncode == 0, (words, done.stderr)
    for word in words[2:]:
        assert not word.startswith("-") or word.partition("=")[0] in done.stdout, (words, done.stdout)


def _dartian_lines(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if "dartian" in words:
            yield words[words.index("dartian") :]


_CHANGES = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|#?\b[0-9a-f]{4,20}\b|<?\d+(\.\d+)?\s?m?s\b|\d+ isolates?|\d+(\.\d+)?/s|/\S+/shop/"
)


def steady(text: str) -> str:
    """Return a text without what is another one each time: moments, ids, durations, how many processors there are."""
    return re.sub(r"[ \n]+", " ", _CHANGES.sub("~", text)).strip()
