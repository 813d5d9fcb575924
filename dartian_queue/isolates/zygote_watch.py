"""One zygote from its start to its end: spoken to, listened to, ended when it does nothing.

It knows nothing of isolates beyond handing their frames on, of jobs nothing at all, and never starts another zygote.
"""

import time
from typing import Protocol

from dartian_queue.isolates.listener import Listener
from dartian_queue.isolates.protocol import (
    Boot,
    Broken,
    Exited,
    Garbled,
    Heartbeat,
    Quit,
    Ready,
    Started,
    StartIsolate,
)
from dartian_queue.isolates.slot import Slot
from dartian_queue.isolates.zygote_process import ZygoteProcess
from dartian_queue.loop import Loop

__all__ = ["Guardian", "ZygoteWatch"]

LONG_IMPORT = 30.0
"""Seconds after which people are told that the application is still being imported."""
QUIT_WAIT = 5.0
"""Seconds in which a zygote that was let go has ended."""


class Guardian(Protocol):
    """Whoever has started a zygote."""

    def on_frame(self, zygote: "ZygoteWatch", frame: Ready | Started | Exited) -> None:
        """It says something; after Ready it takes isolates."""

    def on_broken(self, zygote: "ZygoteWatch", frame: Broken) -> None:
        """It cannot import the application, and is about to end."""

    def on_lost(self, zygote: "ZygoteWatch", *, cut_off: bool) -> None:
        """It is gone, with all its isolates; ``cut_off`` says whether the worker itself has ended it."""


class ZygoteWatch:
    """A zygote that was started, and is there until it was told to be lost."""

    def __init__(self, boot: Boot, loop: Loop, listener: Listener, guardian: Guardian, until: float) -> None:
        self._loop = loop
        self._listener = listener
        self._guardian = guardian
        self._until = until
        """The monotonic moment until which the leases are good."""
        self._started_at = time.monotonic()
        self._quit_at = float("inf")
        self._was_told = False
        self.is_ready = False
        self.was_ready = False
        """Whether it ever was."""
        self._process: ZygoteProcess | None = ZygoteProcess(boot)
        self._loop.add_reader(self._process.channel.fileno(), self._read)
        self._loop.add_reader(self._process.output, self._read_output)

    @property
    def is_there(self) -> bool:
        """Return whether it was not lost or closed."""
        return self._process is not None

    def close(self) -> None:
        """End it and all that came from it, at once, and tell nobody. One that still imports is not asked."""
        self._drop(end=self.is_ready)

    def lose(self, *, cut_off: bool = False) -> None:
        """End it and all that came from it without asking it, and tell."""
        if self._process is not None:
            self._read_output()
            self._drop(end=False)
            self._guardian.on_lost(self, cut_off=cut_off)

    def let_go(self) -> None:
        """Let it end by itself, since it has no isolate any more; ``on_lost`` follows."""
        if self._quit_at == float("inf"):
            self._quit_at = time.monotonic()
            self.post(Quit())

    def heartbeat(self, until: float) -> None:
        """Tell it that the leases are good until this monotonic moment."""
        self._until = until
        self.post(Heartbeat(until))

    def post(self, frame: object) -> None:
        """Send a frame without waiting; when it is gone that goes nowhere."""
        if self._process is not None:
            self._process.post(frame)

    def start_isolate(self, slot: Slot) -> None:
        """Ask for an isolate at the other ends of the slot's channel and pipe."""
        if self._process is not None:
            descriptors = [slot.theirs.fileno(), slot.output.theirs, slot.output.fileno()]
            self._process.start_isolate(StartIsolate(slot.number, slot.generation), descriptors)

    def look_after(self) -> None:
        """Notice that it has ended unseen, or imports for a long time; to be called now and then."""
        process, now = self._process, time.monotonic()
        if process is None:
            return
        if process.has_ended:
            self._read()
            self.lose()
        elif now > self._quit_at + QUIT_WAIT:
            self.lose(cut_off=True)
        elif not self.is_ready and not self._was_told and now - self._started_at > LONG_IMPORT:
            self._was_told = True
            self._listener.on_trouble(
                f"after {LONG_IMPORT:g} s the application is still being imported; no job begins before that has ended"
            )

    def _drop(self, *, end: bool) -> None:
        process, self._process = self._process, None
        self.is_ready = False
        if process is None:
            return
        self._loop.remove_reader(process.channel.fileno())
        self._loop.remove_reader(process.output)
        if end:
            process.end()
        else:
            process.clean_up()
        process.close()

    def _read(self) -> None:
        try:
            while self._process is not None and (frame := self._process.channel.receive()) is not None:
                if isinstance(frame, Broken):
                    self._guardian.on_broken(self, frame)
                    continue
                if isinstance(frame, Ready):
                    self.is_ready = self.was_ready = True
                    self.post(Heartbeat(self._until))
                self._guardian.on_frame(self, frame)
        except (EOFError, Garbled):
            self.lose()

    def _read_output(self) -> None:
        if self._process is not None:
            text, at_end = self._process.read_output()
            if text:
                self._listener.on_output(None, "stderr", text)
            if at_end:
                self._loop.remove_reader(self._process.output)
