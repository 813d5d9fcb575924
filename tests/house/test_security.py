"""What the threat model forbids everywhere, and that every line of it in SECURITY.md names tests that exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "dartian_queue").rglob("*.py"), *(ROOT / "dartian_cli").rglob("*.py")])
LINES_BUILT_LATER = {4, 8}
LINES_THAT_SAY_WHAT_IS_AT_STAKE = {1, 2}

RUNS_CODE = {
    "exec": {"dartian_queue/config_file.py"},  # the application's own config/queue.py
    "compile": {"dartian_queue/config_file.py", "dartian_cli/stubs.py"},  # is what a stub renders Python? It is not run
    "eval": set[str](),
    "__import__": set[str](),
    "import_module": {
        "dartian_cli/__init__.py",  # our own modules, by names that stand there
        "dartian_queue/__init__.py",
        "dartian_queue/drivers/__init__.py",
        "dartian_queue/isolates/zygote.py",
        "dartian_queue/registry.py",  # the jobs packages, as the configuration names them
        "dartian_cli/app.py",
        "dartian_cli/generators/classes.py",  # a type of a standard module, before a field of it is generated
    },
}
"""Where Python may be run or imported by a name, and why no name of these comes from a store."""

SOURCE_IS_WRITTEN_BY = {"dartian_cli/journal.py"}
WRITING = {"write_text", "write_bytes", "mkdir", "makedirs", "rename", "unlink", "rmdir", "rmtree", "symlink"}
OPENS_A_PORT = {"listen", "bind", "create_server", "start_server", "create_connection"}
DESERIALISERS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "yaml"}
NETWORK = {"urllib", "http", "ftplib", "smtplib", "socketserver", "xmlrpc", "asyncio.streams", "requests", "httpx"}


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call with the last name of what is called."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = node.func
            yield called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", ""), node


def inside(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=inside)
def test_code_is_run_and_imported_by_name_only_where_no_name_comes_from_data(path: Path) -> None:
    for name, call in calls(path):
        is_regular_expression = name == "compile" and isinstance(call.func, ast.Attribute)
        if name in RUNS_CODE and not is_regular_expression:
            assert inside(path) in RUNS_CODE[name], f"{inside(path)}:{call.lineno} calls {name}"


@pytest.mark.parametrize("path", FILES, ids=inside)
def test_nothing_is_unpickled_nothing_comes_from_a_network_and_no_port_is_opened(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.partition(".")[0] not in DESERIALISERS | NETWORK, f"{inside(path)} imports {name}"
    for name, call in calls(path):
        is_method = isinstance(call.func, ast.Attribute)
        assert not (is_method and name in OPENS_A_PORT), f"{inside(path)}:{call.lineno} calls {name}"


@pytest.mark.parametrize("path", sorted((ROOT / "dartian_cli").rglob("*.py")), ids=inside)
def test_source_is_written_in_one_place(path: Path) -> None:
    if inside(path) not in SOURCE_IS_WRITTEN_BY:
        for name, call in calls(path):
            assert name not in WRITING, f"{inside(path)}:{call.lineno} calls {name}"


@pytest.mark.parametrize("path", sorted((ROOT / "dartian_queue" / "stores").glob("sqlite*.py")), ids=inside)
def test_no_value_is_written_into_a_statement(path: Path) -> None:
    """A statement that is put together consists of constants; ruff's S608 is silenced nowhere else."""
    excused = [line for line in path.read_text().splitlines() if "noqa: S608" in line]
    assert bool(excused) == (path.name == "sqlite_looks.py")
    assert all("constants of this function" in line for line in excused)


def test_every_line_of_the_threat_model_names_its_tests() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) .*?\| (.*) \|$", text, re.MULTILINE))
    assert {int(number) for number in rows} == set(range(1, 15)) - LINES_BUILT_LATER - LINES_THAT_SAY_WHAT_IS_AT_STAKE
    assert all(re.findall(r"`(test_\w+)`", tests) for tests in rows.values())
