"""Find and render the stubs: the project's own first, then the packaged ones.

A project's own stub is code with the project's trust, so what was used is always told. No stub comes from a network.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from dartian_cli.errors import BrokenSource, CliError, shown_path
from dartian_cli.workspace import Workspace
from dartian_queue.errors import shown

__all__ = ["FOLDER", "Stub", "find_stub", "packaged_stub", "packaged_stubs", "render"]

FOLDER = "stubs"
"""Where a project keeps stubs of its own, below its root."""

_SUFFIX = ".jinja"


class Stub(msgspec.Struct, frozen=True):
    """A template under the name of what it makes: ``job.py`` is read from job.py.jinja."""

    name: str
    path: str
    """The file: below the root if it is the project's own, else absolute."""
    content: bytes
    own: bool
    """Whether it is the project's own."""

    @property
    def note(self) -> str:
        """What the output says of a stub that is not the packaged one; else empty."""
        return f"from your own stub {FOLDER}/{self.name}{_SUFFIX}" if self.own else ""


def packaged_stubs() -> tuple[str, ...]:
    """Return the names of all stubs that ship with Dartian, sorted."""
    folder = _packaged_folder()
    found = (path.relative_to(folder).as_posix() for path in folder.rglob(f"*{_SUFFIX}"))
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found))


def find_stub(workspace: Workspace, name: str) -> Stub:
    """Return the stub called ``name``: the project's own where it has one, or would have."""
    path = f"{FOLDER}/{name}{_SUFFIX}"
    own = workspace.read(path) if workspace.is_folder(FOLDER) else None
    return packaged_stub(name) if own is None else Stub(name, path, own, own=True)


def packaged_stub(name: str) -> Stub:
    """Return the stub called ``name`` as it ships with Dartian, whatever the project has."""
    packaged = _packaged_folder() / f"{name}{_SUFFIX}"
    if packaged.is_file():
        return Stub(name, str(packaged), packaged.read_bytes(), own=False)
    raise CliError(
        f"The stub {shown(name)!r} is missing from the installation\n"
        f"Install it again: pip install --force-reinstall dartian"
    )


def render(stub: Stub, *, indented: Callable[[str], str] | None = None, **values: object) -> str:
    """Return the stub with its values put in; a value that the stub asks for and nobody gives is an error.

    ``indented`` gives the stub's text another indentation before that. BrokenSource names the stub and its line. Python
    that does not parse is refused too, since it would be written.
    """
    from jinja2 import Environment, StrictUndefined, TemplateError, TemplateSyntaxError

    environment = Environment(  # noqa: S701 - renders source code, where HTML's escapes would be wrong
        undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    try:
        text = environment.from_string(_text(stub, indented)).render(**values)
    except TemplateSyntaxError as error:
        raise _broken(stub, f":{error.lineno}", str(error.message)) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        known = f"\nKnown here: {', '.join(sorted(values))}." if "undefined" in str(error) else ""
        raise _broken(stub, "", f"{error}{known}") from None
    if stub.name.endswith(".py"):
        _refuse_unless_python(stub, text)
    return text


def _text(stub: Stub, indented: Callable[[str], str] | None) -> str:
    text = stub.content.decode("utf-8")
    return indented(text) if indented is not None else text


def _refuse_unless_python(stub: Stub, text: str) -> None:
    try:
        compile(text, stub.name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = f" in line {error.lineno} of its output" if isinstance(error, SyntaxError) else ""
        raise _broken(stub, "", f"it renders Python with an error{line}: {error.args[0]}") from None


def _broken(stub: Stub, where: str, reason: str) -> BrokenSource:
    fix = "\nCorrect it, or delete it to use the packaged one." if stub.own else ""
    return BrokenSource(f"{shown_path(stub.path)}{where}: {reason}{fix}")


def _packaged_folder() -> Path:
    """Return where the stubs lie: inside this package in a wheel, beside it in a checkout."""
    here = Path(__file__).resolve().parent
    inside = here / "templates"
    return inside if inside.is_dir() else here.parent / "templates"
