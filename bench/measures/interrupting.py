"""How soon a job runs again whose worker was killed, with everything of it, while it ran."""

import time

from bench.contender import Contender
from bench.experiment import Reading
from bench.servers import Servers
from bench.site import Site

__all__ = ["interrupting"]

_LONG = 100
"""Seconds that the job would take."""
_INTO_IT = 0.5
_PATIENCE = 90.0


def interrupting(servers: Servers, contender: Contender) -> Reading:
    """Return the seconds from the start of a new worker, right after the kill, until the job runs again."""
    with Site(contender, servers.variables(contender.server)) as site:
        site.start_workers(1)
        site.dispatch("long", _LONG)
        site.wait_for_marks(1)
        time.sleep(_INTO_IT)
        site.kill_workers()
        started_at = time.time_ns()
        site.start_workers(1)
        again = site.wait_for_marks(2, _PATIENCE)[1]
        site.kill_workers()  # it need not be waited for
        return Reading(((again.ran_at - started_at) / 1e9,))
