"""The words of the contract, and none of their synonyms."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FORBIDDEN_NAMES = re.compile(r"(?i)(base|abstract|manager|util|helper|impl)(?=$|[A-Z_])|^(base|abstract|util|helper)")
FORBIDDEN_WORDS = re.compile(r"(?i)\b(actors?|brokers?|managers?|utils?|helpers?)\b")
THEIRS = ROOT / "bench" / "apps"
"""Jobs as other queues want them to be written, with the words of those."""
FILES = sorted(
    path
    for room in ("dartian_queue", "dartian_cli", "bench")
    for path in (ROOT / room).rglob("*.py")
    if THEIRS not in path.parents
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_and_words(path: Path) -> None:
    text = path.read_text()
    assert not FORBIDDEN_NAMES.search(path.stem), path
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            assert not FORBIDDEN_NAMES.search(node.name), f"{path}: {node.name}"
    for number, line in enumerate(text.splitlines(), start=1):
        found = FORBIDDEN_WORDS.search(line.replace("multiprocessing.util", ""))
        assert found is None, f"{path}:{number}: {found[0]!r}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_why_it_exists(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, path
    assert docstring.endswith((".", "!", ":", "`")) or "\n" in docstring, path
