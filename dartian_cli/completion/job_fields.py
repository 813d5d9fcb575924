"""The fields of a job as the application's source has them, so that Tab can offer them; nothing of it is imported."""

import ast
from collections.abc import Sequence

from dartian_cli.completion.job_names import Classes, extended_by, read_jobs
from dartian_cli.edits.job_fields import declared_by

__all__ = ["job_fields"]


def job_fields(name: str, packages: Sequence[str], import_paths: Sequence[str]) -> dict[str, str]:
    """Return the fields of the job of this name, each with its type; those of the classes that it extends are first."""
    jobs, classes = read_jobs(packages, import_paths)
    return _fields(jobs[name], classes) if name in jobs else {}


def _fields(node: ast.ClassDef, classes: Classes, below: tuple[str, ...] = ()) -> dict[str, str]:
    fields: dict[str, str] = {}
    if not any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in node.body):
        for above in reversed(extended_by(node, classes)):
            if above.name not in below:
                fields |= _fields(above, classes, (*below, node.name))
    typed = ((one.name, one.node.annotation) for one in declared_by(node))
    return fields | {name: ast.unparse(annotation) if annotation else "" for name, annotation in typed}
