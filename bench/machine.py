"""What a run was measured on: the versions and the machine, since figures mean nothing without them."""

import os
import platform
import sqlite3
from datetime import UTC, datetime

import dartian_queue

__all__ = ["describe"]


def describe(versions: dict[str, str], servers: dict[str, str]) -> dict[str, str]:
    """Return it in words, name by name."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return {
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
        "Dartian": dartian_queue.__version__,
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.release()}, {len(os.sched_getaffinity(0))} usable CPUs",
        "load before and in the run": load,
        "servers": "; ".join(servers.values()) or "none",
        "peers": ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) or "none",
    }
