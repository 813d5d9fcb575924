"""One zygote kept alive for a pool: started, listened to, replaced when it ends or does nothing.

It knows nothing of isolates beyond handing their frames on, and of jobs nothing at all.
"""

import time
from collections.abc import Callable

from dartian_queue.isolates.listener import Listener
from dartian_queue.isolates.protocol import Boot, Broken, Exited, Garbled, Heartbeat, Ready, Started, StartIsolate
from dartian_queue.isolates.slot import Slot
from dartian_queue.isolates.zygote_process import ZygoteProcess
from dartian_queue.loop import Loop

__all__ = ["FAILED_STARTS", "ZygoteWatch"]

FAILED_STARTS = 3
"""Isolates, or zygotes, that may end one after the other before they have run anything."""
LONG_IMPORT = 30.0
"""Seconds after which people are told that the application is still being imported."""


class ZygoteWatch:
    """The zygote of a pool. ``on_frame`` gets what it says, ``on_lost`` is called when it and all isolates are gone.

    ``on_lost`` is told whether the worker itself has ended it.
    """

    def __init__(
        self,
        boot: Boot,
        loop: Loop,
        listener: Listener,
        on_frame: Callable[[Ready | Started | Exited], None],
        on_lost: Callable[[bool], None],
    ) -> None:
        self._boot = boot
        self._loop = loop
        self._listener = listener
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._zygote: ZygoteProcess | None = None
        self._started_at = 0.0
        self._failed_starts = 0
        self._until = 0.0
        """The monotonic moment until which the leases are good."""
        self._is_broken = False
        self.is_ready = False

    @property
    def can_begin(self) -> bool:
        """Return whether a job may begin: the application is imported, and the leases are good."""
        return self.is_ready and time.monotonic() < self._until

    def start(self) -> None:
        """Start the zygote; ``on_ready`` or ``on_broken`` of the listener follows."""
        zygote = ZygoteProcess(self._boot)
        self._zygote = zygote
        self._started_at = time.monotonic()
        self._loop.add_reader(zygote.channel.fileno(), self._read)
        self._loop.add_reader(zygote.output, self._read_output)

    def close(self) -> None:
        """End the zygote and all that came from it, at once. One that still imports is not asked."""
        self._drop(end=self.is_ready)

    def abandon(self) -> None:
        """End the zygote and all that came from it without asking it, and start no other."""
        self._read_output()
        self._drop(end=False)
        self._on_lost(True)

    def heartbeat(self, until: float) -> None:
        """Tell the zygote, and the ones that follow it, that the leases are good until this monotonic moment."""
        self._until = until
        self.post(Heartbeat(until))

    def post(self, frame: object) -> None:
        """Send a frame without waiting; while there is no zygote it goes nowhere."""
        if self._zygote is not None:
            self._zygote.post(frame)

    def start_isolate(self, slot: Slot) -> None:
        """Ask for an isolate at the other ends of the slot's channel and pipe."""
        if self._zygote is not None:
            descriptors = [slot.theirs.fileno(), slot.output.theirs, slot.output.fileno()]
            self._zygote.start_isolate(StartIsolate(slot.number, slot.generation), descriptors)

    def look_after(self) -> None:
        """Replace a zygote that has ended unnoticed, and say so where an import goes on; to be called now and then."""
        zygote = self._zygote
        if zygote is None:
            return
        if zygote.has_ended:
            self._read()
            if self._zygote is zygote:
                self.replace()
        elif self._started_at and not self.is_ready and time.monotonic() - self._started_at > LONG_IMPORT:
            self._started_at = 0.0
            self._listener.on_trouble(
                f"after {LONG_IMPORT:g} s the application is still being imported; no job begins before that has ended"
            )

    def replace(self, *, cut_off: bool = False) -> None:
        """Start another zygote: all isolates end with the one that is gone."""
        was_ready = self.is_ready
        self._read_output()
        self._drop(end=False)
        self._on_lost(cut_off)
        self._failed_starts = 0 if was_ready else self._failed_starts + 1
        if self._failed_starts >= FAILED_STARTS:
            self.give_up("the zygote ends whenever it is started; what it printed stands above", 3)
        elif not self._is_broken:
            self.start()

    def give_up(self, text: str, exit_code: int) -> None:
        """Tell, once, that no job can be run."""
        if not self._is_broken:
            self._is_broken = True
            self._listener.on_broken(text, exit_code)

    def _drop(self, *, end: bool) -> None:
        zygote, self._zygote = self._zygote, None
        self.is_ready = False
        if zygote is None:
            return
        self._loop.remove_reader(zygote.channel.fileno())
        self._loop.remove_reader(zygote.output)
        if end:
            zygote.end()
        else:
            zygote.clean_up()
        zygote.close()

    def _read(self) -> None:
        try:
            while self._zygote is not None and (frame := self._zygote.channel.receive()) is not None:
                if isinstance(frame, Broken):
                    self.give_up(frame.error, frame.exit_code)
                    continue
                if isinstance(frame, Ready):
                    self.is_ready = True
                    self.post(Heartbeat(self._until))
                self._on_frame(frame)
        except (EOFError, Garbled):
            self.replace()

    def _read_output(self) -> None:
        if self._zygote is not None:
            text, at_end = self._zygote.read_output()
            if text:
                self._listener.on_output(None, "stderr", text)
            if at_end:
                self._loop.remove_reader(self._zygote.output)
