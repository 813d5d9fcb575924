"""One isolate as its worker sees it: what it was given, which of it has begun, and until when it may take.

What an isolate has not begun can be taken back: the worker keeps a copy of the isolate's end of the channel and reads
the packet before the isolate does. It never decides what becomes of a job.
"""

import contextlib
import time
from collections import deque
from typing import Literal, Protocol, TypeAlias

from dartian_queue.isolates.pace import AHEAD_TIME
from dartian_queue.isolates.protocol import (
    Channel,
    Ended,
    FromIsolate,
    Garbled,
    HookEnded,
    Run,
    RunHook,
    ToIsolate,
    Wind,
    channel_pair,
)
from dartian_queue.isolates.raw_output import RawOutput
from dartian_queue.options import Limits
from dartian_queue.outcome import ErrorReport, Failed, Outcome
from dartian_queue.stores.store import Claim

__all__ = ["Hook", "InFlight", "KillReason", "Slot"]

KillReason: TypeAlias = Literal["start", "timeout", "cancel", "stop", "lost", "garbled"]
SHORT_PAYLOAD = 8 * 1024
"""Bytes up to which a payload may be sent ahead to an isolate that is busy."""
KEPT_OUTPUT = 8 * 1024
"""Characters of its output that are kept with an attempt that failed."""
EARLIER = "… what it printed before is left out …"
HOOK_TIMEOUT = 60.0
START_WAIT = 60.0
"""Seconds in which an isolate is up, with what the application does there."""
TIMEOUT_GRACE = 5.0
"""Seconds in which a job that was interrupted at its timeout may end; a job with a shorter timeout gets that again."""


class InFlight:
    """A claim on its way through an isolate."""

    __slots__ = (
        "_printed", "_printed_more", "cancel_asked", "claim", "failing_at", "limits", "lost", "place", "returns",
        "started_at", "time_is_up", "verdict",
    )  # fmt: skip

    def __init__(self, claim: Claim, limits: Limits) -> None:
        self.claim = claim
        self.limits = limits
        self.started_at = 0.0
        """Seconds of the monotonic clock, 0 before it was the first in its isolate."""
        self.cancel_asked = False
        self.time_is_up = False
        """Whether it was asked to end since it ran longer than its timeout."""
        self.place: ErrorReport | None = None
        """Where it was when it was interrupted."""
        self.verdict: Failed | None = None
        """What it has come to, while its ``failed()`` is called in the isolate of the attempt."""
        self.failing_at = 0.0
        """When that began, in seconds of the monotonic clock."""
        self.lost = False
        self.returns = 0
        """How many isolates have ended by themselves when this was the next that they would have begun."""

        self._printed = ""
        self._printed_more = False

    def note_output(self, text: str) -> None:
        """Keep the end of what it prints, in case that it fails."""
        printed = self._printed + text
        self._printed_more = self._printed_more or len(printed) > KEPT_OUTPUT
        self._printed = printed[-KEPT_OUTPUT:]

    @property
    def output(self) -> str:
        """Return the end of what it has printed."""
        return f"{EARLIER}\n{self._printed}" if self._printed_more else self._printed

    @property
    def is_fresh(self) -> bool:
        """Return whether it wants an isolate for itself."""
        return self.limits.isolate == "fresh"

    @property
    def is_short(self) -> bool:
        """Return whether it may wait in the channel of a busy isolate."""
        return len(self.claim.envelope.payload) <= SHORT_PAYLOAD

    def is_of(self, job_id: str, token: int) -> bool:
        """Return whether it is the claim of this job with this token."""
        return self.claim.id == job_id and self.claim.token == token

    def run(self, connection: str) -> Run:
        """Return the frame that starts it."""
        claim = self.claim
        return Run(
            claim.envelope,
            claim.token,
            claim.tries,
            claim.exceptions,
            claim.crashes,
            claim.held_for,
            self.limits,
            connection,
        )


class Hook:
    """A call of ``failed()`` for a job that no isolate could fail itself, and what to settle once it was made."""

    __slots__ = ("duration", "error", "in_flight", "outcome")

    def __init__(self, in_flight: InFlight, error: ErrorReport, outcome: Outcome, duration: float) -> None:
        self.in_flight = in_flight
        self.error = error
        self.outcome = outcome
        self.duration = duration


class Supervisor(Protocol):
    """The zygote of an isolate."""

    def post(self, frame: object) -> None:
        """Send it a frame without waiting."""

    def lose(self, *, cut_off: bool = False) -> None:
        """End it, with all its isolates."""


class Slot:
    """An isolate and what is in flight to it."""

    def __init__(self, number: int, generation: int) -> None:
        self.number = number
        self.generation = generation
        ours, self.theirs = channel_pair()
        self.channel: Channel[FromIsolate] = Channel(ours, FromIsolate)
        self._spare: Channel[ToIsolate] = Channel(self.theirs, ToIsolate)
        self.output = RawOutput()
        self.queue: deque[InFlight] = deque()
        self.hook: Hook | None = None
        self.hook_deadline = 0.0
        self.zygote: Supervisor | None = None
        """The one that was asked for this isolate."""
        self.adopted = False
        """It is up, and takes what it is sent."""
        self.start_by = time.monotonic() + START_WAIT
        self.used = False
        self.closing = False
        """It takes no further job."""
        self.retired = False
        """It begins no further job, not even one that it was sent."""
        self.has_ended = False
        """Its process is gone; what it has sent may not have been read yet."""
        self.killed: KillReason | None = None
        self.condemned: InFlight | None = None
        """The job for whose sake it is killed; the isolate may have gone on to the next one."""
        self.unanswered = 0
        """How often the zygote was found not to have done yet what it was asked for this isolate; -1 for nothing."""

    @property
    def is_open(self) -> bool:
        """Return whether it takes jobs."""
        return not self.closing and self.killed is None and self.hook is None

    @property
    def is_idle(self) -> bool:
        """Return whether nothing is in flight to it."""
        return not self.queue and self.hook is None

    @property
    def is_short(self) -> bool:
        """Return whether more may be sent after what it has: a long job is always alone."""
        return not self.queue or self.queue[0].is_short

    @property
    def is_blocking(self) -> bool:
        """Return whether other jobs wait behind the one that it runs."""
        return len(self.queue) > 1 and self.queue[0].started_at > 0

    def is_late(self, now: float) -> bool:
        """Return whether what it runs takes longer than what is sent after it should have to wait."""
        return bool(self.queue) and 0 < self.queue[0].started_at < now - AHEAD_TIME

    @property
    def running(self) -> InFlight | None:
        """Return what it runs."""
        return self.queue[0] if self.queue and self.adopted else None

    def running_of(self, job_id: str, token: int) -> InFlight | None:
        """Return what it runs, if that is the claim of this job with this token."""
        running = self.running
        return running if running is not None and running.is_of(job_id, token) else None

    @property
    def speaking(self) -> InFlight | None:
        """Return the job whose code runs here: its ``handle``, or its ``failed``."""
        return self.hook.in_flight if self.hook is not None else self.running

    def give(self, in_flight: InFlight, connection: str) -> None:
        """Send one more attempt."""
        self.queue.append(in_flight)
        self.used = True
        if in_flight.is_fresh:
            self.closing = True
        with contextlib.suppress(OSError):
            self.channel.post(in_flight.run(connection))

    def give_hook(self, hook: Hook) -> None:
        """Send a call of ``failed()``; nothing else is sent until it was made."""
        self.hook = hook
        self.used = True
        self.hook_deadline = time.monotonic() + HOOK_TIMEOUT
        with contextlib.suppress(OSError):
            self.channel.post(RunHook(hook.in_flight.claim.envelope, hook.error))

    def end_hook(self, ended: HookEnded) -> Hook | None:
        """Take the call of ``failed()`` that has ended away; None where there was none."""
        hook, self.hook = self.hook, None
        if ended.retire:
            self.closing = self.retired = True
        return hook

    def take_back(self) -> list[InFlight]:
        """Return what the isolate has not read, so that it never will: the kernel gives a packet to one reader."""
        if not self.queue or self.hook is not None or not self.is_short:
            return []
        taken: set[tuple[str, int]] = set()
        with contextlib.suppress(EOFError, Garbled):
            while (frame := self._spare.receive()) is not None:
                if isinstance(frame, Run):
                    taken.add((frame.envelope.id, frame.token))
            for packet in self.channel.take_unsent():
                if isinstance(frame := self._spare.received(packet), Run):
                    taken.add((frame.envelope.id, frame.token))
        back = [one for one in self.queue if (one.claim.id, one.claim.token) in taken]
        self.queue = deque(one for one in self.queue if one not in back)
        for one in back:
            one.started_at = 0.0  # the first of them may have been thought to run
        return back

    def end_first(self, ended: Ended) -> InFlight | None:
        """Take the attempt that has ended off the queue; None where it is not of this isolate."""
        for in_flight in self.queue:
            if in_flight.is_of(ended.id, ended.token):
                self.queue.remove(in_flight)
                if ended.retire:
                    self.closing = self.retired = True
                return in_flight
        return None

    def begin(self) -> InFlight | None:
        """Take note that the first of the queue runs, and return it, once."""
        if not self.queue or not self.adopted or self.retired or self.has_ended or self.queue[0].started_at:
            return None
        self.queue[0].started_at = time.monotonic()
        self.output.begin()
        return self.queue[0]

    def deadline(self) -> float:
        """Return the monotonic moment at which what runs here is asked to end, then ended; infinity for none."""
        if self.killed is not None:
            return float("inf")
        if not self.adopted:
            return self.start_by
        if self.hook is not None:
            return self.hook_deadline
        running = self.running
        if running is None or not running.started_at:
            return float("inf")
        if running.verdict is not None:
            return running.failing_at + HOOK_TIMEOUT
        timeout = running.limits.timeout
        if not timeout:
            return float("inf")
        return running.started_at + timeout + (min(TIMEOUT_GRACE, timeout) if running.time_is_up else 0.0)

    def flush(self) -> bool:
        """Send what did not fit into the isolate's buffer; return whether all is sent."""
        with contextlib.suppress(OSError):
            return self.channel.flush()
        return True

    def wind_up(self) -> None:
        """Let it end itself after what it has."""
        self.closing = True
        with contextlib.suppress(OSError):
            self.channel.post(Wind())

    def close(self) -> None:
        """Close this side's descriptors."""
        self.channel.close()
        self._spare.close()
        self.output.close()
