"""What claims and finished jobs cost while much lies in the store, beside the same in one that is nearly empty."""

from contextlib import ExitStack

from bench.contender import Contender
from bench.experiment import Reading
from bench.site import Site

__all__ = ["FilledStores"]

_ROUND = 500
"""Jobs in each round."""


class FilledStores:
    """Keeps a filled store of each size for all rounds; ``close`` removes them."""

    def __init__(self, contender: Contender) -> None:
        self._contender = contender
        self._sites: dict[tuple[str, int], Site] = {}
        self._open = ExitStack()

    def measure(self, filling: str, operation: str, count: int) -> Reading:
        """Return the microseconds a job of an operation of ``bench.depth``, after so much was filled in."""
        site = self._sites.get((filling, count))
        if site is None:
            site = self._sites[filling, count] = self._open.enter_context(Site(self._contender, {}))
            if count:
                self._run(site, filling, count)
        return Reading((float(self._run(site, operation, _ROUND)),))

    def close(self) -> None:
        """Remove the stores."""
        self._open.close()

    @staticmethod
    def _run(site: Site, operation: str, count: int) -> str:
        return site.python("-m", "bench.depth", operation, str(site.folder / "queue.sqlite3"), str(count))
