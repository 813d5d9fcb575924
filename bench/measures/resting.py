"""What an idle worker takes of the memory, all its processes together."""

import re
import time
from pathlib import Path

from bench.contender import Contender
from bench.experiment import NotMeasured, Reading
from bench.limits import BARE
from bench.servers import Servers
from bench.site import Site

__all__ = ["bare_resting", "resting"]

_REST = 1.0
"""Seconds of rest before it is looked at."""
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def resting(servers: Servers, contender: Contender) -> Reading:
    """Return the megabytes of a worker with one isolate that has run a job; shared pages count for each its part."""
    with Site(contender, servers.variables(contender.server)) as site:
        site.start_workers(1)
        site.dispatch("single", 1)
        return _megabytes(site)


def bare_resting() -> Reading:
    """Return the same of bare processes."""
    with Site(BARE, {}) as site:
        site.start_workers(1)
        return _megabytes(site)


def _megabytes(site: Site) -> Reading:
    site.wait_for_marks(1)
    time.sleep(_REST)
    try:
        rolls = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in site.processes()]
    except OSError as error:
        raise NotMeasured(f"this system does not say what memory processes take: {error}") from None
    return Reading((sum(int(_PSS.findall(roll)[0]) for roll in rolls) / 1024,))
