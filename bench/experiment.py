"""What is measured, as data: experiments with a side for Dartian, one for the limit, and one for each peer."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

__all__ = ["Against", "Experiment", "Goal", "NotMeasured", "Reading", "Side", "Unit"]


class NotMeasured(Exception):
    """A side of an experiment cannot be measured here; the text says why."""


class Unit(StrEnum):
    """In what a figure is given."""

    RATE = "/s"
    MILLISECONDS = "ms"
    MICROSECONDS = "µs"
    SECONDS = "s"
    MEGABYTES = "MB"

    @property
    def more_is_better(self) -> bool:
        """Return whether a higher figure is the better one."""
        return self is Unit.RATE


class Against(StrEnum):
    """What a goal sets Dartian's figure in relation to."""

    LIMIT = "limit"
    PEER = "peer"
    NOTHING = ""


@dataclass(frozen=True)
class Goal:
    """One row of the table.

    ``bound`` is what Dartian's figure may be, as a multiple of what it is set against: at least that where more is
    better, else at most. ``said`` is the goal in words, where it was first given in other terms than the ratio.
    """

    what: str
    unit: Unit
    against: Against
    bound: float
    said: str = ""


class Reading(msgspec.Struct):
    """What one side gave in one round: a figure for each goal of its experiment, None where it has none."""

    figures: tuple[float | None, ...]
    samples: tuple[float, ...] = ()
    """The single values of which the figures were made, where a plot shows how they are spread."""


@dataclass(frozen=True)
class Side:
    """One contender in an experiment; ``measure`` is called once a round and may raise NotMeasured."""

    name: str
    measure: Callable[[], Reading]
    slow: bool = False
    """Whether it takes so long that it is only measured when asked for."""


@dataclass(frozen=True)
class Experiment:
    """What is measured at the same time, under the key by which ``--only`` names it."""

    key: str
    goals: tuple[Goal, ...]
    dartian: Side
    limit: Side | None = None
    peers: tuple[Side, ...] = ()
    before: Side | None = None
    """Another revision of Dartian, where one was asked for."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return all that is measured in a round, in the order in which it is."""
        return tuple(side for side in (self.dartian, self.limit, *self.peers, self.before) if side is not None)
