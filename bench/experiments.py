"""The table: what is measured, of whom, and the goal of each row. How it is measured is ``bench.measures``' affair.

A goal that was first given as a time stands here as a multiple of the limit that was measured with it, so that it
means the same on every machine.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.contender import ROOT, Contender
from bench.dartian import dartian_at
from bench.experiment import Against, Experiment, Goal, Reading, Side, Unit
from bench.limits.table import Synchronous
from bench.measures.dispatching import dispatching, inserting
from bench.measures.filled import FilledStores
from bench.measures.interrupting import interrupting
from bench.measures.resting import bare_resting, resting
from bench.measures.starting import bare_importing, commanding, helping, importing
from bench.measures.working import bare_finishing, bare_picking_up, finishing, picking_up
from bench.peers import Peers
from bench.servers import Servers
from dartian_queue.settings import Durability

__all__ = ["BEFORE", "Table"]

BEFORE = "before"
_FOUR_IMPORTS = "typer, rich.console, libcst, jinja2"
_LIMIT, _PEER, _NOTHING = Against.LIMIT, Against.PEER, Against.NOTHING

_Measure = Callable[[Path], Reading]
"""Measures Dartian as it stands in a folder."""


class Table:
    """Makes the experiments; what they keep between rounds is removed by ``close``."""

    def __init__(self, servers: Servers, peers: Peers, *, before: Path | None, depth: int) -> None:
        self._servers = servers
        self._peers = peers
        self._before = before
        self._depth = depth
        self._kept = ExitStack()

    def close(self) -> None:
        """Remove what was kept."""
        self._kept.close()

    def experiments(self) -> tuple[Experiment, ...]:
        """Return all of them, in the order of the table."""
        return (
            self._dispatch_process(),
            self._dispatch(),
            self._at_once(),
            self._many(),
            self._finish(1, 8.0),
            self._finish(2, 5.0),
            self._waiting("process", '`durability="process"`'),
            self._waiting("power", "default"),
            self._idle(),
            self._import(),
            self._commands(),
            self._interrupted(),
            self._depths(),
            self._done(),
        )

    def _dispatch_process(self) -> Experiment:
        def measure(sources: Path) -> Reading:
            return dispatching(self._servers, ((dartian_at(sources, durability="process"), "single"),), 5000)

        return self._experiment(
            "process",
            (Goal('dispatch, one at a time, `durability="process"`', Unit.RATE, _PEER, 4.0),),
            measure,
            limit=("raw inserts", lambda: inserting("inserts", ("NORMAL",), 10000)),
            peers=(self._dispatching_peer(self._peers.huey("redis"), "single", 2000),),
        )

    def _dispatch(self) -> Experiment:
        def measure(sources: Path) -> Reading:
            return dispatching(self._servers, ((dartian_at(sources), "single"),), 2000)

        return self._experiment(
            "dispatch",
            (Goal("dispatch, one at a time, default (survives a power cut)", Unit.RATE, _LIMIT, 0.85),),
            measure,
            limit=("raw inserts, synced", lambda: inserting("inserts", ("FULL",), 2000)),
            peers=(self._dispatching_peer(self._peers.huey("sqlite"), "single", 2000),),
        )

    def _at_once(self) -> Experiment:
        def measure(sources: Path) -> Reading:
            ways = ((dartian_at(sources, app="dartian_tasks"), "tasks"), (dartian_at(sources), "threads"))
            return dispatching(self._servers, ways, 10000)

        def saq() -> Reading:
            (rate,) = dispatching(self._servers, ((self._peers.saq(), "tasks"),), 3000).figures
            return Reading((rate, rate))

        return self._experiment(
            "at-once",
            (
                Goal("100 dispatches at once, default: tasks", Unit.RATE, _PEER, 5.0),
                Goal("100 dispatches at once, default: threads", Unit.RATE, _PEER, 2.0),
            ),
            measure,
            limit=("shared commits", lambda: inserting("shared", ("tasks", "threads"), 20000)),
            peers=(Side("SAQ", saq),),
        )

    def _many(self) -> Experiment:
        def measure(sources: Path) -> Reading:
            return dispatching(self._servers, ((dartian_at(sources), "many"),), 20000)

        return self._experiment(
            "many",
            (Goal("`dispatch_many`, a thousand at a time", Unit.RATE, _PEER, 7.0),),
            measure,
            limit=("bare batches", lambda: inserting("inserts", ("many",), 20000)),
            peers=(self._dispatching_peer(self._peers.procrastinate(), "many", 5000),),
        )

    def _finish(self, isolates: int, times: float) -> Experiment:
        kind, count = ("stream", "one isolate") if isolates == 1 else ("list", "two isolates")
        peer = self._peers.taskiq(kind)

        def measure(sources: Path) -> Reading:
            return finishing(self._servers, dartian_at(sources), isolates, 20000)

        return self._experiment(
            f"finish-{isolates}",
            (Goal(f"finish no-op jobs, {count}", Unit.RATE, _PEER, times),),
            measure,
            limit=("bare workers", lambda: bare_finishing(isolates, 20000)),
            peers=(Side(peer.name, lambda: finishing(self._servers, peer, isolates, 3000)),),
        )

    def _waiting(self, durability: Durability, said: str) -> Experiment:
        peers = (self._peers.huey("redis"), self._peers.taskiq("stream"))
        synchronous: Synchronous = "FULL" if durability == "power" else "NORMAL"

        def measure(sources: Path) -> Reading:
            return picking_up(self._servers, dartian_at(sources, durability=durability), 100)

        def side(peer: Contender) -> Side:
            return Side(peer.name, lambda: picking_up(self._servers, peer, 100))

        what = f"from before dispatch to inside `handle`, a waiting worker, {said}"
        return self._experiment(
            "waiting" if durability == "power" else "waiting-process",
            (
                Goal(f"{what}: median", Unit.MILLISECONDS, _LIMIT, 0.7 / 0.48, "0.7 ms beside 0.48"),
                Goal("the same, 99th of 100", Unit.MILLISECONDS, _LIMIT, 2.0 / 1.8, "2 ms beside 1.8"),
            ),
            measure,
            limit=("bare worker", lambda: bare_picking_up(synchronous, 100)),
            peers=tuple(map(side, peers)),
        )

    def _idle(self) -> Experiment:
        return self._experiment(
            "idle",
            (Goal("idle worker off a terminal, one warm isolate, PSS", Unit.MEGABYTES, _NOTHING, 25.0),),
            lambda sources: resting(self._servers, dartian_at(sources)),
            limit=("bare processes", bare_resting),
            peers=(Side("arq", lambda: resting(self._servers, self._peers.arq())),),
        )

    def _import(self) -> Experiment:
        peers = (self._peers.huey("redis"), self._peers.saq(), self._peers.dramatiq())

        def side(peer: Contender) -> Side:
            return Side(peer.name, lambda: importing(self._servers, peer))

        return self._experiment(
            "import",
            (Goal("import a job, whole process", Unit.MILLISECONDS, _LIMIT, 55 / 41, "55 ms beside 41"),),
            lambda sources: importing(self._servers, dartian_at(sources)),
            limit=("import msgspec", lambda: bare_importing("msgspec")),
            peers=tuple(map(side, peers)),
        )

    def _commands(self) -> Experiment:
        return self._experiment(
            "commands",
            (
                Goal("`dartian --help`", Unit.MILLISECONDS, _LIMIT, 90 / 64, "90 ms beside 64"),
                Goal("`dartian queue:status`", Unit.MILLISECONDS, _LIMIT, 110 / 64, "110 ms beside 64"),
                Goal("`dartian make:job`", Unit.MILLISECONDS, _LIMIT, 1.2),
            ),
            lambda sources: commanding(dartian_at(sources)),
            limit=("the imports", lambda: bare_importing("typer", "typer", _FOUR_IMPORTS)),
            peers=(Side("Dramatiq", lambda: helping(self._servers, self._peers.dramatiq(), "dramatiq")),),
        )

    def _interrupted(self) -> Experiment:
        return self._experiment(
            "interrupted",
            (Goal("a job whose worker was killed (kill -9) runs again", Unit.SECONDS, _NOTHING, 1.0),),
            lambda sources: interrupting(self._servers, dartian_at(sources)),
            peers=(Side("streaq", lambda: interrupting(self._servers, self._peers.streaq()), slow=True),),
        )

    def _depths(self) -> Experiment:
        return self._filled(
            "depth",
            Goal(f"claim with {self._depth:,} waiting", Unit.MICROSECONDS, _LIMIT, 1.3),
            ("wait", "claim", min(10_000, self._depth)),
        )

    def _done(self) -> Experiment:
        return self._filled(
            "done",
            Goal(f"finish with {self._depth:,} done rows kept", Unit.MICROSECONDS, _LIMIT, 1.1),
            ("keep", "finish", 0),
        )

    def _filled(self, key: str, goal: Goal, way: tuple[str, str, int]) -> Experiment:
        filling, operation, few = way
        stores: dict[Path, FilledStores] = {}

        def measure(sources: Path, count: int) -> Reading:
            if sources not in stores:
                stores[sources] = FilledStores(dartian_at(sources))
                self._kept.callback(stores[sources].close)
            return stores[sources].measure(filling, operation, count)

        return self._experiment(
            key,
            (goal,),
            lambda sources: measure(sources, self._depth),
            limit=(f"with {few:,}", lambda: measure(ROOT, few)),
        )

    def _dispatching_peer(self, peer: Contender, operation: str, count: int) -> Side:
        return Side(peer.name, lambda: dispatching(self._servers, ((peer, operation),), count))

    def _experiment(
        self,
        key: str,
        goals: tuple[Goal, ...],
        measure: _Measure,
        *,
        limit: tuple[str, Callable[[], Reading]] | None = None,
        peers: tuple[Side, ...] = (),
    ) -> Experiment:
        before = self._before
        return Experiment(
            key=key,
            goals=goals,
            dartian=Side("Dartian", lambda: measure(ROOT)),
            limit=Side(*limit) if limit else None,
            peers=peers,
            before=Side(BEFORE, lambda: measure(before)) if before else None,
        )
