"""Whether files were edited since they were read, looked up again and again on a thread of its own.

A hung file system holds nobody else up. A file that is still being written, or was removed to be written anew, is
told of when it has stood still for a moment. What to do about it is not decided here.
"""

import os
import threading
import time
from collections.abc import Callable

from dartian_queue.isolates.sources import Sources, Stamp, modules_in, stamp_of

__all__ = ["SourceWatch"]

STILL = 0.1
"""Seconds for which a file has to stand still."""
_SHARE = 0.02
"""The most of a core that looking may take: 500 files take 2 ms, and with thousands it is done less often."""

State = dict[str, Stamp | None]
"""The files that are not as they were read, as they are now; None where one is gone."""


class SourceWatch:
    """Tells ``tell``, on its own thread, the edition and which files differ from it, whenever that has changed."""

    def __init__(self, tell: Callable[[int, tuple[str, ...]], None], interval: float) -> None:
        self._tell = tell
        self._interval = interval
        self._lock = threading.Lock()
        self._files: dict[str, Stamp | None] = {}
        self._folders: dict[str, tuple[str, ...]] = {}
        self._told: State = {}
        self.edition = 0
        """How often it was said what was read: what is told about an earlier edition is no longer of interest."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="dartian sources", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more. It does not wait for a file system that hangs."""
        self._ended.set()

    def expect(self, sources: Sources) -> None:
        """Take these files, as they are described, for what was read, and forget all others."""
        with self._lock:
            self._files, self._folders, self._told = dict(sources.files), dict(sources.folders), {}
            self.edition += 1

    def add(self, sources: Sources) -> None:
        """Look at these files, too; those that are known stay what they are held for."""
        with self._lock:
            self._files = {**sources.files, **self._files}
            self._folders = {**sources.folders, **self._folders}

    def _watch(self) -> None:
        pause, last = self._interval, State()
        while not self._ended.wait(pause):
            began_at = time.thread_time()
            edition, edited = self.look()
            pause = max(self._interval, (time.thread_time() - began_at) / _SHARE)
            if edited != last:
                pause = STILL
            elif edited != self._told:
                self._note(edition, edited)
            last = edited

    def _note(self, edition: int, edited: State) -> None:
        with self._lock:
            if edition != self.edition:
                return
            self._told = edited
        self._tell(edition, tuple(sorted(edited)))

    def look(self) -> tuple[int, State]:
        """Return the edition, and what differs from it now."""
        with self._lock:
            edition, files, folders = self.edition, self._files, self._folders
        edited: State = {}
        for path, stamp in files.items():
            now = stamp_of(path)
            if now != stamp or stamp is None:
                edited[path] = now
        for folder, before in folders.items():
            new = (os.path.join(folder, name) for name in modules_in(folder) if name not in before)
            edited |= {path: stamp_of(path) for path in new if path not in files}
        return edition, edited
