"""How long programs take from their start to their end: imports and commands."""

import time

from bench.contender import Command, Contender
from bench.experiment import Reading
from bench.limits import BARE
from bench.servers import Servers
from bench.site import Site

__all__ = ["bare_importing", "commanding", "helping", "importing"]

_TIMES = 5
"""How often each is run in a round; the shortest counts, since nothing but others on the machine makes it longer."""


def importing(servers: Servers, contender: Contender) -> Reading:
    """Return the ms that a program takes which imports the contender's job, ready to be dispatched."""
    with Site(contender, servers.variables(contender.server)) as site:
        return Reading((_shortest(site, [str(contender.python), "-c", f"import bench.apps.{contender.app}"]),))


def bare_importing(*imports: str) -> Reading:
    """Return the ms of programs that import these and nothing else."""
    with Site(BARE, {}) as site:
        return Reading(tuple(_shortest(site, [str(BARE.python), "-c", f"import {names}"]) for names in imports))


def commanding(contender: Contender) -> Reading:
    """Return the ms of Dartian's help, of its status over a store with a few jobs, and of making a job."""
    dartian = [str(contender.python), "-m", "dartian_cli"]
    with Site(contender, {}) as site:
        site.dispatch("many", 10)
        helping_ms = _shortest(site, [*dartian, "--help"])
        status_ms = _shortest(site, [*dartian, "queue:status"])
        (site.folder / "app" / "jobs").mkdir(parents=True)
        (site.folder / "config" / "queue.py").unlink()  # it names the jobs of the benchmark
        made = min(_time(site, [*dartian, "make:job", f"Send{letter}", "podcast_id:int"]) for letter in "ABCDE")
        return Reading((helping_ms, status_ms, made))


def helping(servers: Servers, contender: Contender, program: str) -> Reading:
    """Return the ms of a peer's help; it has nothing to set beside the other commands."""
    with Site(contender, servers.variables(contender.server)) as site:
        return Reading((_shortest(site, contender.program([program, "--help"])), None, None))


def _shortest(site: Site, command: Command) -> float:
    return min(_time(site, command) for _ in range(_TIMES))


def _time(site: Site, command: Command) -> float:
    started = time.perf_counter()
    site.run(*command)
    return (time.perf_counter() - started) * 1000
