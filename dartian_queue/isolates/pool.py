"""The isolates of one worker: who gets the next job, who is started, and who is ended.

It hands out claims and tells the worker, through a Listener, what became of each. It never settles and has no store.
"""

import time
from collections import deque
from collections.abc import Iterable

from dartian_queue.isolates.endings import Endings, sort_out, unfinished_hook
from dartian_queue.isolates.hearing import Hearing
from dartian_queue.isolates.listener import Listener
from dartian_queue.isolates.pace import AHEAD_TIME, LATE_TIME, Pace
from dartian_queue.isolates.protocol import Boot, Exited, Ready, Started
from dartian_queue.isolates.slot import START_WAIT, Hook, InFlight, KillReason, Slot
from dartian_queue.isolates.zygote_watch import ZygoteWatch
from dartian_queue.isolates.zygotes import FAILED_STARTS, Zygotes
from dartian_queue.loop import Loop
from dartian_queue.stores.marks import Marks

__all__ = ["Pool"]

START_PAUSE = 0.2
"""Seconds after the first of them until another is started; doubled each time."""
LONGEST_PAUSE = 30.0
DEAF_AFTER = 20
"""Looks, one every half second, after which a zygote that does nothing is replaced."""


class Pool:
    """Up to ``size`` isolates, and who forks them."""

    def __init__(self, boot: Boot, connection: str, size: int, loop: Loop, listener: Listener) -> None:
        self._connection = connection
        self.size = size
        self._listener = listener
        self._marks = Marks(boot.marks_path)
        self._slots: dict[int, Slot] = {}
        self._generation = 0
        self._zygotes = Zygotes(boot, loop, listener, self._on_zygote, self._on_zygote_lost)
        self._endings = Endings(self._marks)
        self._failed_starts = 0
        self._start_at = 0.0
        """The monotonic moment before which no isolate is started, since the last ones could not be."""
        self._pace = Pace()
        self._hearing = Hearing(loop, listener, self._endings, self._pace, self._start_succeeded)
        self.waiting: deque[InFlight] = deque()
        """Claims that no isolate has yet."""
        self.hooks: deque[Hook] = deque()
        self._hooked: frozenset[str] = frozenset()

    # The zygote

    def start(self) -> None:
        """Start the zygote; ``on_ready`` or ``on_broken`` follows."""
        self._zygotes.start()

    def load(self, edited: Iterable[str]) -> bool:
        """Load the code anew, for the jobs that begin after that; what runs goes on with what it has.

        ``on_reloaded`` or ``on_not_reloaded`` follows; in between everything goes on as it was. False where the
        code is not there for the first time yet.
        """
        return not self._hearing.is_stopping and self._zygotes.load(edited)

    def close(self) -> None:
        """End the zygote and all isolates, at once; nothing is left of them."""
        self._zygotes.close()
        for slot in list(self._slots.values()):
            self._forget(slot)
        self._marks.close()

    def heartbeat(self, until: float) -> None:
        """Take note, and tell the zygote, that the leases are good until this monotonic moment."""
        self._zygotes.heartbeat(until)

    def look_after_zygote(self) -> None:
        """Replace a zygote that has ended unnoticed, or does not do what it is asked; to be called twice a second."""
        self._zygotes.look_after()
        for slot in self._slots.values():
            slot.unanswered += slot.unanswered >= 0
        deaf = next((slot.zygote for slot in self._slots.values() if slot.unanswered > DEAF_AFTER), None)
        if deaf is not None:
            self._listener.on_trouble("the zygote did not answer, so it and its isolates were ended and started anew")
            deaf.lose(cut_off=True)

    def _on_zygote(self, frame: Ready | Started | Exited) -> None:
        match frame:
            case Ready():
                self._hooked = frozenset(frame.hooked)
                self._wind_up_old()
                self.distribute()
            case Started():
                self._started(frame)
            case Exited():
                self._exited(frame)

    def _on_zygote_lost(self, zygote: ZygoteWatch, cut_off: bool) -> None:
        for slot in [slot for slot in self._slots.values() if slot.zygote is zygote]:
            self._bury(slot, status=-9, cut_off=cut_off)

    def _wind_up_old(self) -> None:
        """Let isolates with code that was replaced end after what they run; what they have not begun goes to others."""
        old = [slot for slot in self._slots.values() if not self._zygotes.is_current(slot)]
        if back := [in_flight for slot in old for in_flight in slot.take_back()]:
            self._listener.on_returned(back)
        for slot in old:
            slot.wind_up()
        self._zygotes.dismiss(self._slots.values())

    # Isolates

    def _start_isolate(self) -> Slot | None:
        if len(self._slots) >= self.size or time.monotonic() < self._start_at:
            return None
        number = next(number for number in range(self.size) if number not in self._slots)
        self._generation += 1
        try:
            slot = Slot(number, self._generation)
        except OSError as error:
            self._listener.on_trouble(f"an isolate cannot be started: {error}")
            self._start_failed()
            return None
        self._slots[number] = slot
        self._hearing.attend(slot)
        self._zygotes.start_isolate(slot)
        return slot

    def _started(self, frame: Started) -> None:
        slot = self._slots.get(frame.isolate)
        if slot is not None and slot.generation == frame.generation:
            slot.unanswered = -1
            slot.output.close_theirs()

    def _start_failed(self) -> None:
        self._start_at = time.monotonic() + min(START_PAUSE * 2**self._failed_starts, LONGEST_PAUSE)
        self._failed_starts += 1

    def _start_succeeded(self) -> None:
        self._failed_starts = 0

    def _exited(self, frame: Exited) -> None:
        slot = self._slots.get(frame.isolate)
        if slot is None or slot.generation != frame.generation:
            return
        slot.has_ended = True
        self._hearing.catch_up(slot)
        if not slot.adopted and not slot.killed and frame.ended_by == "":
            self._start_failed()
        self._bury(slot, frame.status, cut_off=frame.ended_by == "zygote")
        if self._failed_starts >= FAILED_STARTS and not self._slots:
            self._zygotes.give_up("no isolate comes up; what they printed stands above", 3)
        self.distribute()

    def _bury(self, slot: Slot, status: int, *, cut_off: bool) -> None:
        """Take what an ended isolate has left: the job that it had begun, those that it had not, a hook."""
        slot.has_ended = True
        self._hearing.hear_out(slot)
        by_itself = slot.killed is None and not cut_off
        begun, rest = sort_out(slot, self._marks.get(slot.number), by_itself=by_itself)
        self._forget(slot)
        for in_flight in begun:
            if not in_flight.started_at:
                in_flight.started_at = time.monotonic()
                self._listener.on_begun(in_flight, slot.number)
            meant = slot.condemned is None or slot.condemned is in_flight
            if in_flight.verdict is not None:
                self._listener.on_trouble(unfinished_hook(in_flight, slot.killed if meant else None))
            self._listener.on_died(in_flight, slot.killed if meant else "stop", status, cut_off=cut_off)
        for in_flight in rest:
            in_flight.started_at = 0.0
        if rest:
            self._listener.on_returned(rest)
        if slot.hook is not None:
            self._listener.on_trouble(unfinished_hook(slot.hook.in_flight, slot.killed))
            self._listener.on_hook_ended(slot.hook)

    def _forget(self, slot: Slot) -> None:
        self._hearing.leave(slot)
        self._marks.clear(slot.number)
        slot.close()
        self._slots.pop(slot.number, None)
        self._zygotes.dismiss(self._slots.values())

    # Handing out

    @property
    def _has_idle(self) -> bool:
        """Return whether an isolate has nothing to do, or could be started."""
        return len(self._slots) < self.size or any(slot.is_idle and slot.is_open for slot in self._slots.values())

    @property
    def busy(self) -> int:
        """Return how many jobs run at this moment."""
        return sum(1 for slot in self._slots.values() if slot.queue)

    @property
    def in_flight(self) -> list[InFlight]:
        """Return every claim that is here, begun or not."""
        given = [in_flight for slot in self._slots.values() for in_flight in slot.queue]
        hooks = [slot.hook.in_flight for slot in self._slots.values() if slot.hook is not None]
        return [*given, *hooks, *(hook.in_flight for hook in self.hooks), *self.waiting]

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is in flight."""
        return not self.waiting and not self.hooks and all(slot.is_idle for slot in self._slots.values())

    def room(self) -> int:
        """Return how many more claims are of use now."""
        if not self._zygotes.is_ready:
            return 0
        each, now = 1 + self._pace.ahead(), time.monotonic()
        slots = self._slots.values()
        taken = sum(len(slot.queue) if slot.is_open and not slot.is_late(now) else each for slot in slots)
        return max(0, self.size * each - taken - len(self.waiting) - len(self.hooks))

    def is_hungry(self) -> bool:
        """Return whether an isolate is idle, or could be, or those there are run short."""
        busy, now = [slot for slot in self._slots.values() if slot.queue], time.monotonic()
        few = (1 + self._pace.ahead()) / 2
        return len(busy) < self.size or any(len(slot.queue) <= few and not slot.is_late(now) for slot in busy)

    def give(self, claims: Iterable[InFlight]) -> None:
        """Take claims to run, in their order."""
        self.waiting.extend(claims)
        self.distribute()

    def call_failed(self, hook: Hook) -> None:
        """Have ``failed()`` called in an isolate, if the class has one; ``on_hook_ended`` follows whatever happens."""
        if hook.in_flight.claim.envelope.name in self._hooked:
            self.hooks.append(hook)
        else:
            self._listener.on_hook_ended(hook)
        self.distribute()

    def distribute(self) -> None:
        """Hand out what waits, to idle isolates first."""
        if not self._zygotes.can_begin:
            return
        while self.hooks and (slot := self._idle_slot(unused=False)) is not None:
            slot.give_hook(self.hooks.popleft())
        for _ in range(len(self.waiting)):
            in_flight = self.waiting.popleft()
            slot = self._idle_slot(unused=True) if in_flight.is_fresh else self._least_busy(in_flight)
            if slot is None:
                self.waiting.append(in_flight)
            else:
                slot.give(in_flight, self._connection)
                self._hearing.begin(slot)

    def _idle_slot(self, *, unused: bool) -> Slot | None:
        """Return an open, idle isolate, starting one if need be; ``unused`` asks for one that has run nothing."""
        idle = [slot for slot in self._slots.values() if slot.is_open and slot.is_idle]
        for slot in idle:
            if not (unused and slot.used):
                return slot
        if (started := self._start_isolate()) is not None:
            return started
        about_to_end = any(slot.is_idle and not slot.is_open for slot in self._slots.values())
        if unused and idle and not about_to_end and len(self._slots) >= self.size:
            idle[0].wind_up()
        return None

    def _least_busy(self, in_flight: InFlight) -> Slot | None:
        open_slots = [slot for slot in self._slots.values() if slot.is_open]
        least = min(open_slots, key=lambda slot: len(slot.queue), default=None)
        if least is not None and least.is_idle:
            return least
        if (started := self._start_isolate()) is not None:
            return started
        if least is None or len(least.queue) > self._pace.ahead() or not in_flight.is_short:
            return None
        return least if least.is_short and not least.is_late(time.monotonic()) else None

    # Taking back and ending

    def rebalance(self) -> list[InFlight]:
        """Take back what waits behind a job that turned out to be long, for an isolate that is idle.

        Where none is, return it, when it has waited for a while: an isolate of another worker may be.
        """
        now = time.monotonic()
        stuck: list[InFlight] = []
        for slot in [slot for slot in self._slots.values() if slot.is_blocking and slot.is_late(now)]:
            if self._has_idle:
                self.waiting.extendleft(reversed(slot.take_back()))
                self.distribute()
            elif now - slot.queue[0].started_at > LATE_TIME:
                stuck += slot.take_back()
        return stuck

    def take_back_all(self) -> list[InFlight]:
        """Return all that has not begun."""
        back = [in_flight for slot in self._slots.values() for in_flight in slot.take_back()]
        back.extend(self.waiting)
        self.waiting.clear()
        return back

    def ask_to_stop(self) -> None:
        """Let running jobs see that the worker wants to stop."""
        self._hearing.is_stopping = True
        self._zygotes.stop_loading()
        for slot in self._slots.values():
            self._endings.ask_to_stop(slot)

    def ask_to_cancel(self, in_flight: InFlight) -> bool:
        """Let a job see that it is cancelled, if it runs; return whether it does."""
        slot = self._slot_of(in_flight)
        if slot is not None:
            self._endings.ask_to_cancel(slot, in_flight)
        return slot is not None

    def withdraw(self, in_flight: InFlight) -> bool:
        """Take one claim back if it has not begun; return whether that is so."""
        for slot in self._slots.values():
            if in_flight in slot.queue:
                self.waiting.extendleft(reversed(slot.take_back()))
        if in_flight not in self.waiting:
            return False
        self.waiting.remove(in_flight)
        return True

    def end(self, in_flight: InFlight, reason: KillReason) -> bool:
        """End the isolate that runs this job, if one does; ``on_died`` follows."""
        slot = self._slot_of(in_flight)
        if slot is None or slot.killed is not None:
            return False
        self._endings.kill(slot, reason)
        return True

    def end_all(self, reason: KillReason) -> None:
        """End every isolate that runs something; ``on_died``, ``on_returned`` and ``on_hook_ended`` follow."""
        while self.hooks:
            hook = self.hooks.popleft()
            self._listener.on_trouble(unfinished_hook(hook.in_flight, reason))
            self._listener.on_hook_ended(hook)
        for slot in self._slots.values():
            if not slot.is_idle and slot.killed is None:
                self._endings.kill(slot, reason)

    def end_without_zygote(self) -> None:
        """End the isolates that run something together with the zygote, which was asked to end them and has not."""
        if any(not slot.is_idle for slot in self._slots.values()):
            self._listener.on_trouble("the zygote did not answer, so it and its isolates were ended")
            self._zygotes.abandon()

    def end_overdue(self) -> None:
        """Interrupt the jobs that have run out of time; end isolates where one goes on all the same, or never start."""
        now = time.monotonic()
        for slot in self._slots.values():
            if slot.deadline() <= now:
                self._hearing.catch_up(slot)  # it may have ended in time, and nobody has looked yet
                if slot.deadline() > now:
                    continue
                if not slot.adopted:
                    self._never_started(slot)
                elif not self._endings.interrupt_in_time(slot):
                    self._endings.kill(slot, "timeout")

    def _never_started(self, slot: Slot) -> None:
        self._listener.on_trouble(
            f"an isolate was not up after {START_WAIT:g} s, and was ended\n"
            f"What it starts with does not come to an end: isolate_started() in config/queue.py, or an import."
        )
        self._start_failed()
        self._endings.kill(slot, "start")

    def interrupt(self, in_flight: InFlight) -> None:
        """Break off a job that was asked to end and still runs."""
        if (slot := self._slot_of(in_flight)) is not None:
            self._endings.interrupt(slot)

    def next_moment(self) -> float:
        """Return the next monotonic moment at which there is something to do here, infinity for none."""
        now = time.monotonic()
        moments = [slot.deadline() for slot in self._slots.values()]
        if self.waiting and self._start_at > now:
            moments.append(self._start_at)
        if any(slot.is_blocking for slot in self._slots.values()):
            moments.append(now + (AHEAD_TIME if self._has_idle else LATE_TIME))
        return min(moments, default=float("inf"))

    def flush(self) -> bool:
        """Send what did not fit into an isolate's buffer; return whether all is sent."""
        unsent = [slot for slot in self._slots.values() if not slot.flush()]
        return not unsent

    def _slot_of(self, in_flight: InFlight) -> Slot | None:
        """Return the slot in which this job is the first, which is the one that runs; None where it waits."""
        return next((slot for slot in self._slots.values() if slot.queue and slot.queue[0] is in_flight), None)
