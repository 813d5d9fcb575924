"""What jobs have printed, the end of it, for as long as they run or have a row on the board. Nothing is drawn here.

It is bounded twice: in what is kept of one job, and by the number of rows.
"""

from collections import deque

from dartian_queue.events import JobOutput

__all__ = ["Printed"]

_KEPT = 32 * 1024
"""Characters that are kept of one job: some screens full."""


class _Text:
    __slots__ = ("is_cut", "is_running", "pieces", "rows", "size")

    def __init__(self) -> None:
        self.pieces: deque[str] = deque()
        self.size = 0
        self.is_cut = False
        self.is_running = True
        self.rows = 0


class Printed:
    """The texts of a board's jobs, by id; those of several attempts of one job after each other."""

    def __init__(self) -> None:
        self._texts: dict[str, _Text] = {}

    def take(self, output: JobOutput) -> None:
        """Add what a job that runs has printed."""
        text = self._texts.setdefault(output.id, _Text())
        text.pieces.append(output.text)
        text.size += len(output.text)
        while text.size > _KEPT and len(text.pieces) > 1:
            text.size -= len(text.pieces.popleft())
            text.is_cut = True

    def begin(self, job_id: str) -> None:
        """Take note that the job runs again."""
        if (text := self._texts.get(job_id)) is not None:
            text.is_running = True

    def end(self, job_id: str) -> None:
        """Take note that the job has ended, and has a row now."""
        if (text := self._texts.get(job_id)) is not None:
            text.is_running = False
            text.rows += 1

    def leave(self, job_id: str) -> None:
        """Take note that one of the job's rows is gone, and forget the text with the last one."""
        if (text := self._texts.get(job_id)) is not None:
            text.rows -= 1
            if text.rows <= 0 and not text.is_running:
                del self._texts[job_id]

    def of(self, job_id: str) -> tuple[str, bool]:
        """Return the end of what the job has printed, and whether something before it is left out."""
        text = self._texts.get(job_id)
        return ("", False) if text is None else ("\n".join(text.pieces), text.is_cut)
