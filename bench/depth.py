"""What Dartian's store does while much lies in it: ``python -m bench.depth OPERATION PATH COUNT``.

``wait`` fills it with jobs that wait, ``keep`` with jobs that are done. ``claim`` and ``finish`` print the microseconds
a job: of claims alone, and of claims with the settling that follows, ten jobs at a time as a busy worker does it.
"""

import os
import sys
import time
from statistics import median

from dartian_queue.envelope import Envelope, new_id
from dartian_queue.outcome import Done
from dartian_queue.stores import open_store
from dartian_queue.stores.store import Claim, Seat, Settlement, Store, WorkerInfo

_BATCH = 10
_FILLING = 5000
_WARM = 10
"""Batches before those that are timed, which bring pages into memory."""


class Filled:
    """A store, and a worker's seat at it."""

    def __init__(self, path: str) -> None:
        self._store: Store = open_store(path, durability="process")
        self._seat: Seat = self._store.join(WorkerInfo("bench", os.getpid(), "here"))

    def close(self) -> None:
        """Leave it as it is."""
        self._seat.leave()
        self._store.close()

    def wait(self, count: int) -> None:
        """Add jobs."""
        for start in range(0, count, _FILLING):
            size = min(_FILLING, count - start)
            self._store.add([Envelope(new_id(), "Noop", '{"pad": "", "sent_at": 0}') for _ in range(size)])

    def keep(self, count: int) -> None:
        """Add jobs, and have them done."""
        for start in range(0, count, _FILLING):
            self.wait(min(_FILLING, count - start))
            self._settle(self._store.claim(self._seat, _FILLING))

    def time_claims(self, count: int) -> float:
        """Return the microseconds a claimed job, of the batch in the middle."""
        return median(self._times(count, settling=False))

    def time_finishing(self, count: int) -> float:
        """Return the microseconds a finished job, of the batch in the middle."""
        self.wait(count + _WARM * _BATCH)
        return median(self._times(count, settling=True))

    def _times(self, count: int, *, settling: bool) -> list[float]:
        times: list[float] = []
        for _ in range(_WARM + count // _BATCH):
            started = time.perf_counter()
            claims = self._store.claim(self._seat, _BATCH)
            if settling:
                self._settle(claims)
            times.append((time.perf_counter() - started) * 1e6 / _BATCH)
            assert len(claims) == _BATCH
        return times[_WARM:]

    def _settle(self, claims: list[Claim]) -> None:
        self._store.settle(self._seat, [Settlement(claim.envelope.id, claim.token, Done()) for claim in claims])


def main(operation: str, path: str, count: int) -> None:
    """Carry it out, and print what it took."""
    filled = Filled(path)
    match operation:
        case "wait":
            filled.wait(count)
        case "keep":
            filled.keep(count)
        case "claim":
            print(filled.time_claims(count))
        case _:
            print(filled.time_finishing(count))
    filled.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
