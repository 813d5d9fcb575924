"""How fast workers finish jobs that do nothing, and how soon a waiting worker begins one."""

from statistics import median, quantiles

from bench.contender import Contender
from bench.experiment import Reading
from bench.limits import BARE
from bench.limits.table import Synchronous
from bench.marks import Mark
from bench.servers import Servers
from bench.site import Site

__all__ = ["bare_finishing", "bare_picking_up", "finishing", "finishing_before_others", "picking_up"]

_FIRST = 1
"""Jobs that each dispatching program sends before those that count: with the first one everything is opened."""


def finishing(servers: Servers, contender: Contender, workers: int, count: int) -> Reading:
    """Return the jobs a second that workers finish, all of them dispatched before the workers start."""
    with Site(contender, servers.variables(contender.server)) as site:
        site.dispatch(contender.fill, count)
        site.start_workers(workers)
        return Reading((_rate(site.wait_for_marks(count)),))


def finishing_before_others(servers: Servers, contender: Contender, count: int, behind: int) -> Reading:
    """Return the jobs a second of the first ``count`` that one worker finishes while ``behind`` more wait."""
    with Site(contender, servers.variables(contender.server)) as site:
        site.dispatch(contender.fill, count + behind)
        site.start_workers(1)
        return Reading((_rate(site.wait_for_marks(count)[:count]),))


def bare_finishing(workers: int, count: int) -> Reading:
    """Return the same of bare workers."""
    with Site(BARE, {}) as site:
        site.python("-m", "bench.limits.pipeline", "drain", str(workers), str(count))
        return Reading((_rate(site.marks()),))


def picking_up(servers: Servers, contender: Contender, count: int) -> Reading:
    """Return median and 99th percentile, in ms, from before a job is dispatched until it runs in a waiting worker."""
    with Site(contender, servers.variables(contender.server)) as site:
        site.start_workers(1)
        site.dispatch("spaced", 1)
        before = len(site.wait_for_marks(_FIRST + 1))
        site.dispatch("spaced", count)
        return _delays(site.wait_for_marks(before + _FIRST + count)[-count:])


def bare_picking_up(synchronous: Synchronous, count: int) -> Reading:
    """Return the same of a bare worker."""
    with Site(BARE, {}) as site:
        site.python("-m", "bench.limits.pipeline", synchronous, str(count))
        return _delays(site.marks()[-count:])


def _rate(marks: list[Mark]) -> float:
    ran = sorted(mark.ran_at for mark in marks)
    return (len(ran) - 1) / ((ran[-1] - ran[0]) / 1e9)


def _delays(marks: list[Mark]) -> Reading:
    delays = tuple((mark.ran_at - mark.sent_at) / 1e6 for mark in marks)
    return Reading((median(delays), quantiles(delays, n=100, method="inclusive")[98]), delays)
