"""Which file of the project is which module, and where a name that a module binds comes from, file after file.

It reads source and imports nothing.
"""

import ast
from collections.abc import Iterable
from pathlib import PurePosixPath

from dartian_cli.edits.scope import absolute_module, bindings_of, top_level
from dartian_cli.edits.source import parse
from dartian_cli.errors import CliError
from dartian_cli.workspace import Workspace

__all__ = ["Modules", "module_file"]


def module_file(workspace: Workspace, module: str, roots: Iterable[str]) -> str | None:
    """Return the file of a module, looked for in each of the folders from which modules are imported."""
    for root in roots:
        start = module.replace(".", "/") if root == "." else f"{root}/{module.replace('.', '/')}"
        for path in (f"{start}.py", f"{start}/__init__.py"):
            if workspace.is_file(path):
                return path
    return None


class Modules:
    """The modules of a workspace, by the folders from which they are imported.

    It answers for the files as they were when it was first asked.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        roots = {package.import_root for package in workspace.project.jobs} | {".", "src"}
        self._roots = sorted(roots, key=lambda root: (root == ".", -len(root), root))
        self._trees: dict[str, ast.Module | None] = {}
        self._known: dict[str, frozenset[str]] = {}

    def name_of(self, path: str) -> str:
        """Return the dotted name of a file: ``app.jobs`` for app/jobs/__init__.py."""
        pure = PurePosixPath(path)
        root = next(root for root in self._roots if root == "." or pure.is_relative_to(root))
        parts = list(pure.with_suffix("").relative_to(root).parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)

    def package_of(self, path: str) -> str:
        """Return the name from which the relative imports of a file count."""
        name = self.name_of(path)
        return name if PurePosixPath(path).stem == "__init__" else name.rpartition(".")[0]

    def file_of(self, module: str) -> str | None:
        """Return the file of a module, or None where it is none of the project's."""
        return module_file(self._workspace, module, self._roots)

    def origins(self, path: str) -> frozenset[str]:
        """Return where the value behind a dotted path is made, through all imports: mostly one place.

        What is no module of the project, or nothing in it, is its own origin.
        """
        if path not in self._known:
            self._known[path] = frozenset(self._origins(path, ()))
        return self._known[path]

    def _origins(self, path: str, way: tuple[tuple[str, str], ...]) -> set[str]:
        """``way`` are the names that were looked up so far, each in its file: none of them is looked up again."""
        file, rest = self._split(path)
        if file is None or not rest or (file, rest[0]) in way or (tree := self._tree(file)) is None:
            return {path}
        name, *more = rest
        found: set[str] = set()
        for next_path in self._imported(tree, self.package_of(file), name):
            found |= self._origins(".".join((next_path, *more)), (*way, (file, name)))
        return found or {path}

    def _split(self, path: str) -> tuple[str | None, list[str]]:
        """Return the file of the longest module that a path begins with, and the names behind it."""
        parts = path.split(".")
        for length in range(len(parts), 0, -1):
            module = ".".join(parts[:length])
            if all(parts[:length]) and (file := self.file_of(module)) is not None:
                return file, parts[length:]
        return None, []

    def _imported(self, tree: ast.Module, package: str, name: str) -> list[str]:
        """Return the paths from which a module has a name; none where it makes it itself."""
        bindings = bindings_of(tree, name, package)
        found = [f"{binding.module}.{binding.name}" for binding in bindings if binding.module]
        for statement, _ in top_level(tree):
            if isinstance(statement, ast.Import):
                found += [alias.name for alias in statement.names if alias.asname == name]
            elif isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*" and not bindings:
                path = f"{absolute_module(statement, package)}.{name}"
                if self._makes(path):
                    found.append(path)
        return found

    def _makes(self, path: str) -> bool:
        """Return whether a module binds a name, so that ``import *`` may give it."""
        module, _, name = path.rpartition(".")
        file = self.file_of(module)
        tree = self._tree(file) if file is not None else None
        return tree is not None and any(bindings_of(tree, each, module) for each in (name, "*"))

    def _tree(self, path: str) -> ast.Module | None:
        if path not in self._trees:
            try:
                self._trees[path] = parse(path, self._workspace.read(path) or b"")
            except CliError:
                self._trees[path] = None
        return self._trees[path]
