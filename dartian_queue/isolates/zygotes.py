"""The zygotes of one pool: the one that forks, kept alive; one that loads edited code; those whose last jobs still run.

Code is never changed in a process that has it: a new zygote imports it anew, and takes over when it has. What it
cannot import changes nothing. It decides neither when code is loaded nor what becomes of a job.
"""

import time
from collections.abc import Callable, Iterable

import msgspec

from dartian_queue.isolates.listener import Listener
from dartian_queue.isolates.protocol import Boot, Broken, Exited, Ready, Started
from dartian_queue.isolates.slot import Slot
from dartian_queue.isolates.zygote_watch import ZygoteWatch
from dartian_queue.loop import Loop

__all__ = ["FAILED_STARTS", "Zygotes"]

FAILED_STARTS = 3
"""Isolates, or zygotes, that may end one after the other before they have run anything."""


class Zygotes:
    """All zygotes of a pool. ``on_frame`` gets what they say of isolates, and when there is a new one to fork from.

    ``on_lost`` is called when one is gone with all its isolates, and told whether the worker itself has ended it.
    """

    def __init__(
        self,
        boot: Boot,
        loop: Loop,
        listener: Listener,
        on_frame: Callable[[Ready | Started | Exited], None],
        on_lost: Callable[[ZygoteWatch, bool], None],
    ) -> None:
        self._boot = boot
        self._loop = loop
        self._listener = listener
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._current: ZygoteWatch | None = None
        self._next: ZygoteWatch | None = None
        """The one that loads edited code."""
        self._retired: list[ZygoteWatch] = []
        self._failed_starts = 0
        self._until = 0.0
        self._is_broken = False

    @property
    def is_ready(self) -> bool:
        """Return whether the application is imported."""
        return self._current is not None and self._current.is_ready

    @property
    def can_begin(self) -> bool:
        """Return whether a job may begin: the application is imported, and the leases are good."""
        return self.is_ready and time.monotonic() < self._until

    @property
    def _all(self) -> list[ZygoteWatch]:
        there = (*self._retired, self._current, self._next)
        return [zygote for zygote in there if zygote is not None]

    def start(self) -> None:
        """Start the first one; ``on_ready`` or ``on_broken`` of the listener follows."""
        self._current = self._started(self._boot)

    def load(self, edited: Iterable[str]) -> bool:
        """Load the code anew; ``on_reloaded`` or ``on_not_reloaded`` of the listener follows. What loads is given up.

        ``edited`` are the files whose cached bytecode is not to be trusted. False where there is no code yet.
        """
        self.stop_loading()
        if self.is_ready:
            self._next = self._started(msgspec.structs.replace(self._boot, edited=tuple(edited)))
        return self.is_ready

    def stop_loading(self) -> None:
        """Give up what is being loaded. Idempotent."""
        if self._next is not None:
            self._next.close()
            self._next = None

    def start_isolate(self, slot: Slot) -> None:
        """Ask the current one for an isolate, and bind the slot to it."""
        if self._current is not None:
            slot.zygote = self._current
            self._current.start_isolate(slot)

    def is_current(self, slot: Slot) -> bool:
        """Return whether the slot's isolate has the code that was loaded last."""
        return slot.zygote is self._current

    def dismiss(self, slots: Iterable[Slot]) -> None:
        """Let those go which have no isolate in any of these slots, and none to start."""
        needed = [slot.zygote for slot in slots]
        for zygote in self._retired:
            if zygote not in needed:
                zygote.let_go()

    def heartbeat(self, until: float) -> None:
        """Tell all, and the ones that follow, that the leases are good until this monotonic moment."""
        self._until = until
        for zygote in self._all:
            zygote.heartbeat(until)

    def look_after(self) -> None:
        """Replace one that has ended unnoticed; to be called now and then."""
        for zygote in self._all:
            zygote.look_after()

    def abandon(self) -> None:
        """End all of them, and all that came from them, without asking, and start no other."""
        self.stop_loading()
        self._is_broken = True
        for zygote in self._all:
            zygote.lose(cut_off=True)

    def close(self) -> None:
        """End all of them, and all that came from them, at once."""
        for zygote in self._all:
            zygote.close()
        self._current = self._next = None
        self._retired.clear()

    def give_up(self, text: str, exit_code: int) -> None:
        """Tell, once, that no job can be run."""
        if not self._is_broken:
            self._is_broken = True
            self._listener.on_broken(text, exit_code)

    def _started(self, boot: Boot) -> ZygoteWatch:
        return ZygoteWatch(boot, self._loop, self._listener, self, self._until)

    # What a zygote tells (Guardian)

    def on_frame(self, zygote: ZygoteWatch, frame: Ready | Started | Exited) -> None:
        """Hand it on; where it has loaded edited code, let it take over."""
        if zygote is self._next and isinstance(frame, Ready):
            if self._current is not None:
                self._retired.append(self._current)
            self._current, self._next = zygote, None
            self._listener.on_reloaded(frame)
        elif isinstance(frame, Ready):
            self._listener.on_ready(frame)
        self._on_frame(frame)

    def on_broken(self, zygote: ZygoteWatch, frame: Broken) -> None:
        """Give up; where it was to load edited code, the code that there is goes on."""
        if zygote is self._next:
            self.stop_loading()
            self._listener.on_not_reloaded(frame)
        else:
            self.give_up(frame.error, frame.exit_code)

    def on_lost(self, zygote: ZygoteWatch, *, cut_off: bool) -> None:
        """Have its jobs seen to, and replace it where it was the current one."""
        if zygote is self._next:
            self._next = None
            ended = "the process that was to load the edited code has ended before it had; what it printed stands above"
            return self._listener.on_not_reloaded(Broken(ended, 3))
        self._on_lost(zygote, cut_off)
        if zygote is self._current:
            self._replace(zygote)
        else:
            self._retired.remove(zygote)
        return None

    def _replace(self, zygote: ZygoteWatch) -> None:
        """Start another one, where the one that loads edited code does not come in its place."""
        self._current, self._next = self._next, None
        self._failed_starts = 0 if zygote.was_ready else self._failed_starts + 1
        if self._failed_starts >= FAILED_STARTS:
            self.give_up("the zygote ends whenever it is started; what it printed stands above", 3)
        elif self._current is None and not self._is_broken:
            self.start()
