"""Command lines as a reader types them: in a folder, without what this machine's environment says of queues."""

import os
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent


def run(command: list[str], folder: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end; no process that it starts keeps a companion."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("QUEUE_", "DARTIAN_"))}
    env = {"QUEUE_COMPANION": "0", **env}
    return subprocess.run(
        command, cwd=folder, env={**clean, **env}, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL
    )
