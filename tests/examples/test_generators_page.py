"""What docs/generators.md shows is run as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dartian_cli.testing import MemoryProject, Result
from dartian_cli.workspace import Workspace
from tests.examples.commands import run

PAGE = (Path(__file__).parents[2] / "docs" / "generators.md").read_text()
BLOCKS = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, *arguments], folder)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new application with every block of the page in the file that its first line names."""
    root = tmp_path_factory.mktemp("generators") / "shop"
    done = python(root.parent, "-m", "dartian_cli", "new", "shop")
    assert done.returncode == 0, done.stderr
    for path, content in BLOCKS.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(content)
    return root


def test_every_block_of_the_page_is_one_of_these() -> None:
    assert list(BLOCKS) == ["tools/make_mailer.py", "tools/mail.py", "tests/test_make_mailer.py"]
    assert PAGE.count("```") == 2 * len(BLOCKS)


def test_the_tests_of_the_page_pass(shop: Path) -> None:
    done = python(shop, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_make_mailer.py")
    assert "3 passed" in done.stdout, done.stdout


def test_the_script_shows_applies_and_refuses(shop: Path) -> None:
    shown = python(shop, "-m", "tools.mail", "Welcome", "--dry-run")
    assert "+class Welcome:\n" in shown.stdout, shown.stderr
    assert not (shop / "app" / "mailers").exists()
    done = python(shop, "-m", "tools.mail", "Welcome")
    assert done.stdout.splitlines() == [
        "create     app/mailers/welcome.py",
        "create     app/mailers/__init__.py",
        "create     app/jobs/send_welcome.py",
        "create     tests/jobs/__init__.py",
        "create     tests/jobs/test_send_welcome.py",
        "edit       app/jobs/__init__.py",
    ], done.stderr
    again = python(shop, "-m", "tools.mail", "Welcome")
    assert {line.split()[0] for line in again.stdout.splitlines()} == {"identical"}
    refused = python(shop, "-m", "tools.mail", "no name")
    assert refused.returncode == 1
    assert refused.stderr == "'no name' cannot name a mailer\nTry: python -m tools.mail Welcome\n"


def test_the_tables_of_the_page_have_every_public_method() -> None:
    named = set(re.findall(r"`([a-z_]+)[`(]|`MemoryProject\.([a-z_]+)\(", PAGE))
    words = {word for pair in named for word in pair}
    for noun in (Workspace, Result, MemoryProject):
        public = {name for name in vars(noun) if not name.startswith("_")}
        assert public - {"text", "before"} <= words, noun
