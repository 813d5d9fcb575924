"""Edited code: a worker is told of it, and has it loaded anew when somebody asks for that, or by itself.

It touches no job: what runs goes on with the code that it began with, and what cannot be loaded changes nothing.
"""

import os
import time
from collections import Counter
from functools import partial

import msgspec

from dartian_queue.events import CodeChange
from dartian_queue.isolates.pool import Pool
from dartian_queue.isolates.protocol import Broken, Ready
from dartian_queue.isolates.sources import Sources
from dartian_queue.loop import Loop
from dartian_queue.source_watch import SourceWatch
from dartian_queue.teller import Teller

__all__ = ["Reloading"]

MOST_WRITTEN = 3
"""Loads one after the other in which a file may be written; one that is written more often is written by loading."""


class Reloading:
    """The code of one worker. Without an interval nobody looks for edits."""

    def __init__(
        self, pool: Pool, loop: Loop, teller: Teller, root: str, config_file: str, *, interval: float, by_itself: bool
    ) -> None:
        self._pool = pool
        self._teller = teller
        self._root = root
        self._config_file = config_file
        self._by_itself = by_itself
        self._names: frozenset[str] = frozenset()
        self._edited: tuple[str, ...] = ()
        self._told: tuple[str, ...] | None = ()
        """The edits that people know of; None where they were told something else since."""
        self._began_at = 0.0
        self._written: Counter[str] = Counter()
        """Files that were written while they were read, and in how many loads one after the other."""

        def tell(edition: int, files: tuple[str, ...]) -> None:
            loop.call_soon(partial(self._note, edition, files))

        self._watch = SourceWatch(tell, interval)
        if interval:
            self._watch.start()

    def close(self) -> None:
        """Look no more."""
        self._watch.stop()

    def ask(self) -> None:
        """Load the code anew, edited or not."""
        if self._pool.load(self._edited):
            self._began_at, self._told = time.monotonic(), None
            self._tell("loading")

    def begin(self, ready: Ready) -> None:
        """Take note of what was loaded, by the first zygote or one that has replaced it."""
        self._names = frozenset(ready.names)
        self._edited = self._told = ()
        self._watch.expect(self._settled(ready.sources))

    def succeed(self, ready: Ready) -> None:
        """Tell that the code was loaded anew."""
        edited, before = self._edited, self._names
        self.begin(ready)
        self._tell(
            "loaded",
            edited,
            duration=time.monotonic() - self._began_at,
            jobs=ready.jobs,
            appeared=tuple(sorted(self._names - before)),
            gone=tuple(sorted(before - self._names)),
        )
        if self._config_file in edited:
            self._teller.notice(
                "info",
                "of config/queue.py, jobs, boot() and isolate_started() were loaded anew\n"
                "For the rest of it start the worker anew: dartian queue:restart",
            )

    def fail(self, broken: Broken) -> None:
        """Tell that the code could not be loaded, and look for edits of what was read in that attempt, too."""
        self._watch.add(broken.sources)
        self._tell("broken", error=broken.error)

    def _note(self, edition: int, files: tuple[str, ...]) -> None:
        if edition != self._watch.edition:
            return
        self._edited = files
        if files and self._by_itself:
            self.ask()
        elif files != self._told:
            self._told = files
            self._tell("edited")

    def _settled(self, sources: Sources) -> Sources:
        """Leave out what is written whenever it is loaded, which would be loaded for ever, and say so once."""
        unsure = [path for path, stamp in sources.files.items() if stamp is None]
        self._written = Counter({path: self._written[path] + 1 for path in unsure})
        left_out = {path for path, times in self._written.items() if times >= MOST_WRITTEN}
        for path in sorted(path for path in left_out if self._written[path] == MOST_WRITTEN):
            told = f"{self._shown(path)} is written whenever it is loaded, so its edits are not noticed"
            self._teller.notice("info", told)
        files = {path: stamp for path, stamp in sources.files.items() if path not in left_out}
        return msgspec.structs.replace(sources, files=files)

    def _tell(self, state: str, files: tuple[str, ...] | None = None, **facts: object) -> None:
        shown = tuple(map(self._shown, self._edited if files is None else files))
        event = CodeChange(time.time(), state, shown)
        self._teller.tell(msgspec.structs.replace(event, **facts))

    def _shown(self, path: str) -> str:
        below = os.path.relpath(path, self._root)
        return path if below.startswith("..") else below
