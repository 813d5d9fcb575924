"""Fills the small disk of a store, and lets doctor look at it: with a worker's connection open, and without.

It is run in a mount namespace of its own, so that nobody else sees the disk. The argument is an application's folder.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from dartian_queue.envelope import Envelope
from dartian_queue.stores import open_store

CANNOT_MOUNT = 77


def fill(folder: Path) -> None:
    """Write until nothing more fits."""
    with open(folder / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * 4096):
            pass


def examine(root: Path) -> None:
    """Print what doctor finds, as one line."""
    command = [sys.executable, "-m", "dartian_cli", "doctor", "--json"]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    findings = [finding for check in json.loads(told.stdout)["checks"] for finding in check["findings"]]
    print(json.dumps([finding for finding in findings if finding["severity"] == "error"]))


if __name__ == "__main__":
    root = Path(sys.argv[1])
    storage = root / "storage"
    storage.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "none", str(storage)], check=False)
    if mounted.returncode:
        sys.exit(CANNOT_MOUNT)
    os.chdir(root)
    store = open_store(str(storage / "queue.sqlite3"))
    store.add([Envelope("first", "Job", "{}")])
    examine(root)
    fill(storage)
    examine(root)
    store.close()
    fill(storage)
    examine(root)
