"""Whether this Python is the one that the application's workers run under, on a platform that Dartian knows."""

import os
import platform
import shutil
import sys
from pathlib import Path

from dartian_cli.checks.findings import warning
from dartian_queue.errors import shown
from dartian_queue.stores.store import Check, Finding

__all__ = ["of_path", "of_platform", "of_virtual_environment"]


def of_platform() -> Check:
    """Check the operating system."""
    title = f"Python {platform.python_version()} on {platform.system()}"
    if sys.platform == "linux":
        return Check(title)
    if sys.platform == "darwin":
        what, why = "macOS is supported with gaps", "What a job leaves running is not found there when it is killed."
        return Check(title, (warning(what, why, "run production workers on Linux"),))
    what = f"{platform.system()} is not supported"
    return Check(title, (Finding("error", what, "Isolates need POSIX.", "use Linux, in WSL or a container"),))


def of_virtual_environment(root: str) -> Check:
    """Check whether this is the Python of the active virtual environment, or of the application's own."""
    title = f"the virtual environment is {shown(sys.prefix, 200)}"
    active = os.environ.get("VIRTUAL_ENV", "")
    if active and not _is_same(active, sys.prefix):
        what = f"The active virtual environment is another: {shown(active, 200)}"
        why = "Other commands that you type there do not see the packages that Dartian sees."
        return Check(title, (warning(what, why, f"{active}/bin/python -m dartian_cli doctor"),))
    own = Path(root) / ".venv"
    if not active and (own / "bin").is_dir() and not _is_same(str(own), sys.prefix):
        what = "The application has a virtual environment in .venv, and this is not it"
        why = "Its packages are not seen by the workers that are started in this way."
        return Check(title, (warning(what, why, ".venv/bin/python -m dartian_cli doctor"),))
    return Check(title)


def of_path() -> Check:
    """Check whether ``dartian`` on PATH is that of this Python."""
    title = "dartian on PATH is this one"
    found = shutil.which("dartian")
    if found is None or _is_same(os.path.dirname(os.path.realpath(found)), os.path.dirname(sys.executable)):
        return Check(title)
    what = f"dartian on PATH is that of another Python: {shown(found, 200)}"
    why = f"This one is {shown(sys.executable, 200)}."
    return Check(title, (warning(what, why, f"put {os.path.dirname(sys.executable)} before it on PATH"),))


def _is_same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
