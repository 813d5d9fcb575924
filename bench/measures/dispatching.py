"""How fast jobs are dispatched while no worker is there."""

from bench.contender import Contender
from bench.experiment import Reading
from bench.limits import BARE
from bench.servers import Servers
from bench.site import Site

__all__ = ["dispatching", "inserting"]


def dispatching(servers: Servers, ways: tuple[tuple[Contender, str], ...], count: int) -> Reading:
    """Return the dispatches a second of one process, for each contender and operation of ``bench.drive``."""
    figures: list[float] = []
    for contender, operation in ways:
        with Site(contender, servers.variables(contender.server)) as site:
            figures.append(count / site.dispatch(operation, count))
    return Reading(tuple(figures))


def inserting(program: str, kinds: tuple[str, ...], count: int) -> Reading:
    """Return the rows a second that a program of ``bench.limits`` inserts, for each kind."""
    figures: list[float] = []
    for kind in kinds:
        with Site(BARE, {}) as site:
            figures.append(count / float(site.python("-m", f"bench.limits.{program}", kind, str(count))))
    return Reading(tuple(figures))
