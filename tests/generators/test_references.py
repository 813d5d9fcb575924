"""What a search through a project leaves out because none of the words is in it changes none of its answers."""

import ast
import re
from pathlib import Path

import libcst.metadata.wrapper
import pytest

from dartian_cli.edits.analysis import Analysis
from dartian_cli.edits.source import Source
from dartian_cli.edits.uses import names_in
from dartian_cli.files import MemoryFiles
from dartian_cli.generators import family, references, renaming
from dartian_cli.generators.found import find_job
from dartian_cli.generators.references import References
from dartian_cli.testing import MemoryProject
from dartian_cli.workspace import Workspace

FILES = [Path(module.__file__ or "") for module in (family, references, renaming, libcst.metadata.wrapper)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_left_out_changes_no_answer(path: Path) -> None:
    source = Source(path.name, path.read_bytes())
    everything = names_in(Analysis(source), None, "pkg.module", "pkg")
    words = {node.name for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    for word in [*sorted(words)[:8], "Workspace", "job"]:
        some = names_in(Analysis(source, {word}), {word}, "pkg.module", "pkg")
        assert some.uses == tuple(use for use in everything.uses if use.text == word)
        holds = [span for span in everything.strings if re.search(rf"\b{word}\b", source.text[slice(*span)])]
        assert set(holds) <= set(some.strings)


def test_all_questions_have_the_same_answer_as_the_first_one() -> None:
    uses = "from app.jobs.ping import Ping as P\nP(1)\n'Ping'\n\ndef f():\n    return other()\n"
    project = MemoryProject({
        "app/__init__.py": "", "app/jobs/__init__.py": "from app.jobs.ping import Ping\n",
        "app/jobs/ping.py": "from dartian_queue import Job\n\n\nclass Ping(Job):\n    at: int\n", "app/web.py": uses,
    })  # fmt: skip
    workspace = Workspace(project.project, {}, MemoryFiles(project.files))
    asked = References(workspace)
    job = find_job(workspace, "Ping")
    first = asked.to(job)
    assert [referring.path for referring in first] == ["app/jobs/ping.py", "app/jobs/__init__.py", "app/web.py"]
    assert [(use.text, use.kind) for use in first[-1].to_class] == [("Ping", "import"), ("P", "import"), ("P", "name")]
    assert [mention.text for mention in first[-1].mentions] == ["Ping"]
    for _ in range(4):
        again = asked.to(job)
        assert [(each.path, each.to_class, each.to_module, each.mentions) for each in again] == [
            (each.path, each.to_class, each.to_module, each.mentions) for each in first
        ]
