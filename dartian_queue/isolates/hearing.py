"""What isolates say, over their channels and through their pipes: who runs what, how far it is, what it came to.

It keeps the slots true, tells the listener, and decides nothing; only an isolate that talks nonsense is ended.
"""

import time
from collections.abc import Callable

from dartian_queue.isolates.endings import Endings
from dartian_queue.isolates.listener import Listener
from dartian_queue.isolates.pace import Pace
from dartian_queue.isolates.protocol import (
    Adopted,
    Ended,
    Failing,
    FromIsolate,
    Garbled,
    HookEnded,
    Interrupted,
    Output,
    Progress,
    RawRest,
)
from dartian_queue.isolates.slot import Slot
from dartian_queue.loop import Loop

__all__ = ["Hearing"]

FRAMES_A_TURN = 256
"""Frames that are read of one isolate before the others have their turn."""
LAST_FRAMES = 1 << 16
"""More frames than an isolate's buffer can hold: what is left when it has ended."""


class Hearing:
    """The ears of a pool; ``on_adopted`` is called whenever an isolate is up."""

    def __init__(
        self, loop: Loop, listener: Listener, endings: Endings, pace: Pace, on_adopted: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._listener = listener
        self._endings = endings
        self._pace = pace
        self._on_adopted = on_adopted
        self.is_stopping = False
        """Whether a job that begins is asked to stop at once."""

    def attend(self, slot: Slot) -> None:
        """Listen to an isolate from now on."""
        self._loop.add_reader(slot.channel.fileno(), lambda: self._read(slot, FRAMES_A_TURN))
        self._loop.add_reader(slot.output.fileno(), lambda: self._output_came(slot))

    def leave(self, slot: Slot) -> None:
        """Listen no more, before the slot is closed."""
        self._loop.remove_reader(slot.channel.fileno())
        self._loop.remove_reader(slot.output.fileno())

    def catch_up(self, slot: Slot) -> None:
        """Take in all that an isolate has said over its channel."""
        self._read(slot, LAST_FRAMES)

    def hear_out(self, slot: Slot) -> None:
        """Take in all that an isolate has left that has ended."""
        self.catch_up(slot)
        self._read_output(slot)
        self._pass_on(slot, slot.output.rest())

    def begin(self, slot: Slot) -> None:
        """Take note that the first job of an isolate runs, if it was not noted before."""
        if (begun := slot.begin()) is not None:
            self._listener.on_begun(begun, slot.number)
            if self.is_stopping:
                self._endings.ask_to_stop(slot)

    def _read(self, slot: Slot, most: int) -> None:
        try:
            for _ in range(most):
                if (frame := slot.channel.receive()) is None:
                    return
                self._take(slot, frame)
        except EOFError:
            pass
        except Garbled:
            self._endings.kill(slot, "garbled")

    def _take(self, slot: Slot, frame: FromIsolate) -> None:
        match frame:
            case Adopted():
                self._on_adopted()
                slot.adopted = True
                self.begin(slot)
            case Progress():
                if slot.running is not None:
                    self._listener.on_progress(slot.running, frame)
            case Output():
                self._listener.on_output(slot.speaking, frame.stream, frame.text)
            case RawRest():
                self._pass_on(slot, slot.output.take(frame.data))
            case Interrupted():
                if (one := slot.running_of(frame.id, frame.token)) is not None:
                    one.place = frame.error
            case Failing():
                if (one := slot.running_of(frame.id, frame.token)) is not None:
                    one.verdict, one.failing_at = frame.outcome, time.monotonic()
            case Ended():
                self._ended(slot, frame)
            case HookEnded():
                if (hook := slot.end_hook(frame)) is not None:
                    self._listener.on_hook_ended(hook)

    def _ended(self, slot: Slot, frame: Ended) -> None:
        self._pass_on(slot, slot.output.rest())  # the isolate has sent all else that the attempt wrote
        in_flight = slot.end_first(frame)
        if in_flight is None:
            return
        self.begin(slot)
        self._pace.note(frame.duration)
        self._listener.on_ended(in_flight, frame.outcome, frame.duration)

    def _output_came(self, slot: Slot) -> None:
        self._read(slot, FRAMES_A_TURN)  # so that it is known which job runs
        self._read_output(slot)

    def _read_output(self, slot: Slot) -> None:
        """Pass on what was written below Python, of the job that runs."""
        self._pass_on(slot, slot.output.read())
        if slot.output.is_closed:
            self._loop.remove_reader(slot.output.fileno())

    def _pass_on(self, slot: Slot, text: str) -> None:
        if text:
            self._listener.on_output(slot.speaking, "stdout", text)
