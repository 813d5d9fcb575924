"""Whether ``.env``, which may hold passwords, stays with its owner. It never reads or shows what is in it."""

import os
import shutil
import stat
import subprocess

from dartian_cli.checks.findings import warning
from dartian_queue.stores.store import Check, Finding

__all__ = ["of_dotenv"]

_PATIENCE = 10.0


def of_dotenv(root: str) -> Check:
    """Check the rights of .env, and whether git keeps it."""
    path = os.path.join(root, ".env")
    if not os.path.lexists(path):
        return Check("there is no .env that could leak")
    found: list[Finding] = []
    mode = stat.S_IMODE(os.stat(path).st_mode) if os.path.exists(path) else 0
    if mode & 0o077:
        what, why = f".env has the rights {mode:03o}", "Others on this machine can read the passwords in it."
        found.append(warning(what, why, "chmod 600 .env"))
    if _is_tracked(root):
        what, why = ".env is tracked by git", "Everybody who has the repository has the passwords in it."
        found.append(warning(what, why, "git rm --cached .env && echo .env >> .gitignore"))
    return Check(".env is its owner's alone", tuple(found))


def _is_tracked(root: str) -> bool:
    """Ask git, where there is one; what it cannot say is taken for no."""
    git = shutil.which("git")
    if git is None:
        return False
    command = [git, "-C", root, "ls-files", "--error-unmatch", "--", ".env"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
