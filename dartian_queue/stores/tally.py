"""The depth of a store while it is being counted, for every store alike. It never asks a store anything."""

from collections.abc import Collection

from dartian_queue.stores.store import Counts, QueueCounts

__all__ = ["Tally"]


class Tally:
    """Numbers that grow a queue at a time, and become Counts."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {}
        self._ages: dict[str, float] = {}

    def add(self, queue: str, field: str, number: int) -> None:
        """Add to one of the numbers of QueueCounts."""
        numbers = self._numbers.setdefault(queue, {})
        numbers[field] = numbers.get(field, 0) + number

    def wait(self, queue: str, waiting: int, due: int) -> None:
        """Add jobs that wait, so many of them due."""
        self.add(queue, "ready", due)
        self.add(queue, "scheduled", waiting - due)

    def age(self, queue: str, age: float) -> None:
        """Note for how long a ready job has been due."""
        self._ages[queue] = max(self._ages.get(queue, 0.0), age)

    def counts(self, paused: Collection[str]) -> Counts:
        """Return what was counted; a queue that is paused is listed though it may be empty."""
        names = sorted(self._numbers.keys() | {queue for queue in paused if queue != "*"})
        queues = tuple(self._queue(name, name in paused or "*" in paused) for name in names)
        total = QueueCounts(
            "*",
            ready=sum(queue.ready for queue in queues),
            scheduled=sum(queue.scheduled for queue in queues),
            held=sum(queue.held for queue in queues),
            running=sum(queue.running for queue in queues),
            done=sum(queue.done for queue in queues),
            failed=sum(queue.failed for queue in queues),
            cancelled=sum(queue.cancelled for queue in queues),
            oldest=max(self._ages.values(), default=None),
            paused="*" in paused,
        )
        return Counts(queues, total, tuple(sorted(queue for queue in paused if queue != "*")))

    def _queue(self, name: str, paused: bool) -> QueueCounts:
        numbers = self._numbers.get(name, {})
        return QueueCounts(name, **numbers, oldest=self._ages.get(name), paused=paused)
