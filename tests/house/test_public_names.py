"""What `import dartian_queue` gives, and what it costs."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import dartian_cli
import dartian_queue

PUBLIC = [
    "Config",
    "ConfigError",
    "ConflictError",
    "Connection",
    "DartianError",
    "DispatchFailed",
    "DispatchUncertain",
    "DuplicateId",
    "InvalidOption",
    "InvalidPayload",
    "Job",
    "JobContext",
    "JobCrashed",
    "JobDefinitionError",
    "JobTimeout",
    "NotRegistered",
    "PayloadTooLarge",
    "Receipt",
    "Receipts",
    "StoreBusy",
    "StoreError",
    "StoreFull",
    "StoreUnusable",
    "UnknownJob",
    "UsageError",
    "configure",
    "dispatch",
    "dispatch_many",
    "env",
    "exponential",
    "field",
    "progress",
    "run_now",
    "track",
]

GENERATING = [
    "Answer",
    "BrokenSource",
    "CliError",
    "Conflict",
    "FieldRefused",
    "NameRefused",
    "NotUnderstood",
    "OutsideProject",
    "Plan",
    "Project",
    "Usage",
    "Workspace",
    "plan_application",
    "plan_job",
    "preview",
    "run",
]

HEAVY = ["asyncio", "concurrent.futures", "logging", "multiprocessing", "sqlite3", "subprocess", "tomllib"]
"""What the standard library asks most for; none of it is needed to define a job, or to dispatch one on a store."""


def loaded_by(code: str) -> list[str]:
    script = (
        f"import sys; before = set(sys.modules)\n{code}\nloaded = sorted(set(sys.modules) - before)\n"
        "import json; print(json.dumps(loaded))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    loaded: list[str] = json.loads(ended.stdout)
    return loaded


@pytest.mark.parametrize(("package", "public"), [(dartian_queue, PUBLIC), (dartian_cli, GENERATING)])
def test_the_public_names(package: ModuleType, public: list[str]) -> None:
    assert package.__all__ == public
    assert sorted(public) == public
    for name in public:
        assert getattr(package, name) is not None
    assert set(public) <= set(dir(package))


@pytest.mark.parametrize(("package", "public"), [(dartian_queue, PUBLIC), (dartian_cli, GENERATING)])
def test_type_checkers_see_exactly_the_public_names(package: ModuleType, public: list[str]) -> None:
    (block,) = [node for node in ast.parse(Path(str(package.__file__)).read_text()).body if isinstance(node, ast.If)]
    seen = [alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(seen) == public


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'dartian_queue' has no attribute 'Jobs'"):
        dartian_queue.Jobs  # type: ignore[attr-defined] # noqa: B018
    with pytest.raises(AttributeError, match="module 'dartian_cli' has no attribute 'Generator'"):
        dartian_cli.Generator  # type: ignore[attr-defined] # noqa: B018


def test_import_loads_nothing() -> None:
    assert loaded_by("import dartian_queue") == ["dartian_queue"]
    assert loaded_by("import dartian_cli") == ["dartian_cli"]


def test_writing_a_generator_loads_no_command_and_no_parser_of_sources() -> None:
    loaded = loaded_by("from dartian_cli import Plan, Project, Usage, Workspace, preview, run")
    assert [name for name in loaded if name.startswith(("typer", "rich", "jinja2", "libcst", "sqlite3"))] == []
    assert [name for name in loaded if name.startswith(("dartian_cli.commands", "dartian_cli.generators"))] == []


def test_defining_and_dispatching_loads_nothing_heavy() -> None:
    loaded = loaded_by("from dartian_queue import Job, dispatch, configure")
    assert [name for name in HEAVY if name in loaded] == []
    assert [name for name in loaded if name.startswith("dartian_queue.stores")] == []
    assert [name for name in loaded if name.startswith(("dartian_cli", "typer", "rich", "jinja2", "libcst"))] == []


def test_the_runtime_never_loads_the_command_line() -> None:
    everything = "import pkgutil, importlib, dartian_queue\n" + (
        "for one in pkgutil.walk_packages(dartian_queue.__path__, 'dartian_queue.'):\n"
        "    if '__main__' not in one.name and one.name != 'dartian_queue.isolates.__main__':\n"
        "        importlib.import_module(one.name)"
    )
    loaded = {name.partition(".")[0] for name in loaded_by(everything)}
    assert loaded.isdisjoint({"dartian_cli", "typer", "click", "rich", "jinja2", "libcst", "pydantic"})
