"""Imports only go down, and stay in their rooms."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
RUNTIME = ROOT / "dartian_queue"

FLOORS: dict[str, int] = {
    "errors": 0,
    "states": 0,
    "clock": 0,
    "forks": 0,
    "delays": 0,
    "retry_rules": 0,
    "old_fields": 0,
    "urls": 0,
    "options": 0,
    "annotations": 0,
    "fieldtypes": 0,
    "fieldchecks": 0,
    "codec": 0,
    "tags": 0,
    "envelope": 1,
    "outcome": 1,
    "events": 1,
    "settings": 1,
    "root": 1,
    "config_file": 1,
    "config": 1,
    "variables": 1,
    "receipt": 1,
    "remarks": 4,
    "fields": 2,
    "hooks": 2,
    "signatures": 2,
    "definition": 2,
    "job": 2,
    "registry": 2,
    "context": 2,
    "stores": 3,
    "attempt": 3,
    "aside": 4,
    "claiming": 4,
    "companion": 4,
    "dispatch": 4,
    "drivers": 4,
    "isolates": 4,
    "joining": 4,
    "ledger": 4,
    "reloading": 4,
    "source_watch": 4,
    "loop": 4,
    "signals": 4,
    "verdicts": 4,
    "upkeep": 4,
    "worker_options": 4,
    "substitute": 4,
    "teller": 4,
    "worker": 5,
    "testing": 5,
    "testing_plugin": 5,
    "__main__": 5,
}
"""The floor of each room; __init__.py stands above all, since it names what is public."""

ONLY_IN = {
    "sqlite3": ("stores/sqlite",),
    "redis": ("stores/redis",),
    "psycopg": ("stores/postgres",),
    "typer": (),
    "click": (),
    "rich": (),
    "jinja2": (),
    "libcst": (),
    "dartian_cli": (),
    "pickle": (),
}
"""What may be imported only in files whose path begins so, and so not at all where the list is empty."""


def files() -> list[Path]:
    return sorted(RUNTIME.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, inside functions and for type checkers too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield str(node.module)


def room(path: Path) -> str:
    first = path.relative_to(RUNTIME).parts[0]
    return first.removesuffix(".py")


def test_every_room_has_a_floor() -> None:
    rooms = {room(path) for path in files()} - {"__init__"}
    assert rooms == set(FLOORS)


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(RUNTIME)))
def test_imports_only_go_down(path: Path) -> None:
    if room(path) == "__init__":
        return
    here = FLOORS[room(path)]
    for module in imports(path):
        if module.startswith("dartian_queue."):
            target = module.split(".")[1]
            assert FLOORS[target] <= here, f"{path.name} (floor {here}) imports {module} (floor {FLOORS[target]})"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(RUNTIME)))
def test_what_belongs_to_one_room_stays_there(path: Path) -> None:
    inside = str(path.relative_to(RUNTIME))
    for module in imports(path):
        allowed = ONLY_IN.get(module.partition(".")[0])
        assert allowed is None or inside.startswith(allowed or ("nowhere",)), f"{inside} imports {module}"


@pytest.mark.parametrize(
    ("files_of", "never"),
    [
        ("drivers", ("worker",)),
        ("companion.py", ("worker", "isolates")),
        ("isolates", ("worker", "dispatch", "drivers", "companion")),
        ("stores", ("job", "registry", "config", "attempt")),
        ("job.py", ("stores", "drivers", "config")),
        ("errors.py", ("",)),
        ("states.py", ("",)),
        ("clock.py", ("",)),
    ],
)
def test_never(files_of: str, never: tuple[str, ...]) -> None:
    place = RUNTIME / files_of
    for path in [place] if place.is_file() else place.rglob("*.py"):
        for module in imports(path):
            if module.startswith("dartian_queue."):
                assert not module.removeprefix("dartian_queue.").startswith(never), f"{path} imports {module}"


def test_no_file_and_no_function_outgrows_the_house() -> None:
    for path in files():
        text = path.read_text()
        assert len(text.splitlines()) <= 600, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno
                assert length <= 60, f"{path}: {node.name} has {length} lines"
