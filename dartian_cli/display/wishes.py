"""What is asked of the worker by whoever sees its display, on the way from the display's thread to the worker's own."""

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from dartian_queue.worker import Worker

__all__ = ["Wish", "Wishes"]

Wish: TypeAlias = Literal["pause", "resume", "reload", "stop"]


class Wishes:
    """Wishes from any thread. A worker does each in its next turn; what is wished before there is one waits for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: deque[Wish] = deque()
        self._worker: Worker | None = None

    def ask(self, wish: Wish) -> None:
        """Let the worker do this after what was asked before."""
        with self._lock:
            self._waiting.append(wish)
            if self._worker is not None:
                self._worker.call_soon(self._grant)

    def grant_by(self, worker: "Worker") -> None:
        """Have this worker do what is asked."""
        with self._lock:
            self._worker = worker
            worker.call_soon(self._grant)

    def _grant(self) -> None:
        while self._waiting and self._worker is not None:
            match self._waiting.popleft():
                case "pause":
                    self._worker.pause()
                case "resume":
                    self._worker.resume()
                case "reload":
                    self._worker.reload()
                case "stop":
                    self._worker.stop("signal")
