"""The names of an application's jobs as its source has them: read in milliseconds, with none of it imported.

What only running the code would show, as a job that a function makes or a name that is computed, is not found here.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

__all__ = ["Classes", "extended_by", "job_names", "read_jobs"]

Classes: TypeAlias = Mapping[str, ast.ClassDef]


def job_names(packages: Sequence[str], import_paths: Sequence[str]) -> dict[str, str]:
    """Return the name of every job below the packages, sorted, with the first line of its docstring."""
    jobs, _ = read_jobs(packages, import_paths)
    return {name: (ast.get_docstring(jobs[name]) or "").partition("\n")[0] for name in sorted(jobs)}


def read_jobs(packages: Sequence[str], import_paths: Sequence[str]) -> tuple[Classes, Classes]:
    """Return the jobs below the packages, by name, and all classes there that extend something, by class name.

    A job is such a class that has ``handle``, if only from another class there.
    """
    classes: dict[str, ast.ClassDef] = {}
    for package in packages:
        for folders, tree in _modules(package, import_paths):
            found = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.bases)
            classes |= {".".join((*folders, node.name)): node for node in found}
    by_class = {node.name: node for node in classes.values()}
    jobs = {_said_name(node) or name: node for name, node in classes.items() if _has_handle(node, by_class)}
    return jobs, by_class


def extended_by(node: ast.ClassDef, classes: Classes) -> list[ast.ClassDef]:
    """Return those of the classes that a class extends, in its order; never itself."""
    named = (ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases)
    return [classes[one] for one in dict.fromkeys(named) if one in classes and one != node.name]


def _modules(package: str, import_paths: Sequence[str]) -> Iterator[tuple[tuple[str, ...], ast.Module]]:
    """Yield the modules of a package that can be read, each with the folders in which it lies below it."""
    for import_path in import_paths:
        top = Path(import_path, *package.split("."))
        files = sorted(top.rglob("*.py")) if top.is_dir() else [top.with_suffix(".py")]
        for file in files:
            try:
                yield file.parent.relative_to(top).parts if top.is_dir() else (), ast.parse(file.read_bytes())
            except (OSError, SyntaxError, ValueError, RecursionError):
                continue


def _has_handle(node: ast.ClassDef, classes: Classes, below: tuple[str, ...] = ()) -> bool:
    if any(isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.name == "handle" for part in node.body):
        return True
    above = (one for one in extended_by(node, classes) if one.name not in below)
    return any(_has_handle(one, classes, (*below, node.name)) for one in above)


def _said_name(node: ast.ClassDef) -> str:
    """Return the name that the class gives itself, as ``class Charge(Job, name="charge")``; else nothing."""
    said = next((keyword.value for keyword in node.keywords if keyword.arg == "name"), None)
    return said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else ""
