"""What to type where a job is made anew with other fields: the command that changes those of the class that is there.

It changes nothing, and says nothing of a file that it does not understand.
"""

import ast
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from dartian_cli.edits.job_fields import read_job
from dartian_cli.edits.source import Source
from dartian_cli.errors import BrokenSource, NotUnderstood
from dartian_cli.fields import Field
from dartian_cli.names import JobName
from dartian_cli.workspace import Workspace
from dartian_queue.errors import shown

__all__ = ["hint_of_fields"]

_LONGEST = 300


def hint_of_fields(workspace: Workspace, path: PurePosixPath, job: JobName, wanted: Sequence[Field]) -> str:
    """Return the line that names ``job:field``, empty where the file holds no such class, or one with these fields."""
    content = workspace.read(path)
    if content is None:
        return ""
    try:
        fields = read_job(Source(str(path), content), job.class_name).fields
    except (BrokenSource, NotUnderstood):
        return ""
    if [ast.unparse(field.node) for field in fields] == [_plain(field.declaration) for field in wanted]:
        return ""
    declared = {field.name for field in fields}
    added = [field.raw for field in wanted if field.name not in declared]
    removed = sorted(declared - {field.name for field in wanted})
    action = shlex.join(["add", *added] if added else ["remove", *removed] if removed else [])
    command = f"dartian job:field {job.stored} {action or 'add|remove|rename ...'}"
    return f"To change the fields of the class that is there: {shown(command, _LONGEST)}"


def _plain(declaration: str) -> str:
    """Return a line of a class body as ``ast`` writes it, whatever its quotes."""
    return ast.unparse(ast.parse(declaration))
