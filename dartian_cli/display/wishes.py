"""What is asked of the worker by whoever sees its display, on the way from the display's thread to the worker's own."""

import contextlib
import os
from collections import deque
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from dartian_queue.worker import Worker

__all__ = ["Wish", "Wishes"]

Wish: TypeAlias = Literal["pause", "resume", "stop"]


class Wishes:
    """A line of wishes, from any thread; a worker that is there does each as soon as its turn ends."""

    def __init__(self) -> None:
        self._waiting: deque[Wish] = deque()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def ask(self, wish: Wish) -> None:
        """Put one more at the end."""
        self._waiting.append(wish)
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"\0")

    def grant_by(self, worker: "Worker") -> None:
        """Have this worker do what is asked."""
        worker.add_reader(self._reader, lambda: self._grant(worker))

    def _grant(self, worker: "Worker") -> None:
        os.read(self._reader, 4096)
        while self._waiting:
            match self._waiting.popleft():
                case "pause":
                    worker.pause()
                case "resume":
                    worker.resume()
                case "stop":
                    worker.stop("signal")
