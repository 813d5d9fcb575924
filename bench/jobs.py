"""Dartian's jobs of the benchmark: the one package of jobs that its workers import."""

import time

from bench.marks import mark
from dartian_queue import Job


class Noop(Job):
    """Note that it runs, and nothing else."""

    sent_at: int
    pad: str

    def handle(self) -> None:
        """Run."""
        mark(self.sent_at)


class Long(Job):
    """Note that it runs, and go on for a while."""

    seconds: float

    def handle(self) -> None:
        """Run."""
        mark(0)
        time.sleep(self.seconds)
