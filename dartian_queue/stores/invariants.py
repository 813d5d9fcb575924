"""The invariants of the lifecycle that can be seen in rows (I6 to I8), as checks that every store answers alike.

Each store looks for the jobs that break one, in its own way, and says here which they are. It reads no store.
"""

import shlex
from collections.abc import Sequence

from dartian_queue.errors import shown
from dartian_queue.states import CRASH_CAP
from dartian_queue.stores.store import Check, Finding

__all__ = ["invariants"]

_MOST_NAMED = 3


def invariants(
    *, tries: Sequence[str], crashes: Sequence[str], unleased: Sequence[str], stateless: Sequence[str]
) -> list[Check]:
    """Return the checks, each with the ids of the jobs that break it."""
    return [
        _check(
            "no job has more tries or crashes than it may (I6)",
            {**dict.fromkeys(tries), **dict.fromkeys(crashes)},
            f"has been tried more often than its own limit, or has crashed more than {CRASH_CAP} times",
            "Somebody has changed counters or limits by hand, since the store refuses such a try.",
            "dartian queue:cancel {id}; dartian queue:retry {id}",
        ),
        _check(
            "nothing runs without a lease (I7)",
            dict.fromkeys(unleased),
            "is running without a holder or a lease",
            "Its row was changed by hand; the next worker takes it back.",
            "dartian queue:work --stop-when-empty",
        ),
        _check(
            "every job is in a state (I8)",
            dict.fromkeys(stateless),
            "is in no state that exists, or has ended without a moment at which it did",
            "Its row was changed by hand; it is neither run nor pruned.",
            "dartian queue:show {id}, then give its row a state and a settled_at",
        ),
    ]


def _check(title: str, ids: dict[str, None], what: str, why: str, remedy: str) -> Check:
    if not ids:
        return Check(title)
    named = ", ".join(shown(one) for one in list(ids)[:_MOST_NAMED])
    if len(ids) > _MOST_NAMED:
        named += f" and {len(ids) - _MOST_NAMED:,} more"
    first = shlex.quote(shown(next(iter(ids))))  # an id that was written by hand may be a command
    return Check(title, (Finding("error", f"Job {named} {what}", why, remedy.replace("{id}", first)),))
