"""What this machine can do with the same means and without a queue around them: bare loops, each a program of its own.

They do less than any queue must, so that no queue reaches them; how near one comes is what is asked.
"""

import sys
from pathlib import Path

from bench.contender import Contender

__all__ = ["BARE"]

BARE = Contender(
    name="the bare loop",
    python=Path(sys.executable),
    app="",
    workers=lambda _count: [["python", "-m", "bench.limits.processes"]],
)
"""What runs these programs: the interpreter that Dartian runs under."""
