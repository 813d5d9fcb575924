"""What the plots show beside the table: how throughput goes with isolates, and with how much waits behind."""

from bench.dartian import dartian_at
from bench.measures.working import bare_finishing, finishing, finishing_before_others
from bench.results import Series
from bench.servers import Servers

__all__ = ["series"]

_ISOLATES = (1, 2, 3, 4)
_JOBS = 10_000


def series(servers: Servers, depth: int) -> dict[str, list[Series]]:
    """Return the lines of each plot, one measurement a point."""
    dartian, bare = Series("Dartian", []), Series("bare workers", [])
    for isolates in _ISOLATES:
        dartian.points.append((isolates, _only(finishing(servers, dartian_at(), isolates, _JOBS).figures)))
        bare.points.append((isolates, _only(bare_finishing(isolates, _JOBS).figures)))
    behind = Series("Dartian", [])
    waiting = _JOBS
    while waiting <= depth:
        behind.points.append((waiting, _only(finishing_before_others(servers, dartian_at(), _JOBS, waiting).figures)))
        waiting *= 10
    return {"isolates": [dartian, bare], "depth": [behind]}


def _only(figures: tuple[float | None, ...]) -> float:
    (figure,) = figures
    assert figure is not None
    return figure
