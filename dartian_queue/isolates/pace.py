"""How many jobs may wait in front of a busy isolate: as many as a few milliseconds of work, the source of speed.

It knows only how long jobs have taken lately, and never which ones.
"""

__all__ = ["AHEAD_TIME", "LATE_TIME", "Pace"]

AHEAD_TIME = 0.005
"""Seconds of work that may wait in front of a busy isolate."""
LATE_TIME = 0.1
"""Seconds for which a job runs before those that wait behind it, with no isolate idle here, go to other workers."""
MOST_AHEAD = 64
_WEIGHT = 0.1


class Pace:
    """The duration of recent jobs, the latest weighing most."""

    def __init__(self) -> None:
        self._duration = 0.0

    def note(self, duration: float) -> None:
        """Take note of how long a job took."""
        weight = _WEIGHT if self._duration else 1.0
        self._duration += weight * (max(duration, 1e-6) - self._duration)

    def ahead(self) -> int:
        """Return how many jobs may wait; none while nothing is known."""
        return min(MOST_AHEAD, int(AHEAD_TIME / self._duration)) if self._duration else 0
