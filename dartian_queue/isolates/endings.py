"""How what runs in an isolate is brought to its end: the job is asked, then interrupted, at last its isolate is killed.

It decides neither when nor what becomes of the job, and sends no signal itself: that is the zygote's part.
"""

import time

from dartian_queue.errors import shown
from dartian_queue.isolates.protocol import AskIsolate, KillIsolate
from dartian_queue.isolates.slot import HOOK_TIMEOUT, InFlight, KillReason, Slot
from dartian_queue.stores.marks import Marks

__all__ = ["Endings", "sort_out", "unfinished_hook"]

MOST_RETURNS = 3
"""How often a job may be the next that an ending isolate would have begun, before it is held to be the reason."""


class Endings:
    """The means of a pool to end what runs in its slots."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    def ask_to_stop(self, slot: Slot) -> None:
        """Let the job in the slot see that its worker wants to stop, unless it was asked to end for more than that."""
        if slot.queue and not (slot.queue[0].cancel_asked or slot.queue[0].time_is_up):
            self._ask(slot, slot.queue[0], "stop")

    def ask_to_cancel(self, slot: Slot, in_flight: InFlight) -> None:
        """Let the job in the slot see that it is cancelled."""
        self._ask(slot, in_flight, "cancel")

    def interrupt(self, slot: Slot) -> None:
        """Break off the job in the slot, if it was asked to end."""
        if slot.killed is None and slot.zygote is not None:
            slot.zygote.post(AskIsolate(slot.number, slot.generation))

    def interrupt_in_time(self, slot: Slot) -> bool:
        """Interrupt a job that has run out of time; return whether it may still end by itself."""
        one = slot.running
        if slot.hook is not None or one is None or one.time_is_up or one.verdict is not None:
            return False
        one.time_is_up = True
        if not one.cancel_asked:  # which says more: nothing will come of it, whatever time it had
            self._ask(slot, one, "timeout")
        self.interrupt(slot)
        return slot.deadline() > time.monotonic()

    def kill(self, slot: Slot, reason: KillReason) -> None:
        """End the isolate with all that it has started. Idempotent; the first reason counts."""
        if slot.killed is not None or slot.has_ended:
            return
        slot.killed = reason
        slot.condemned = slot.running
        slot.unanswered = 0
        if slot.zygote is not None:
            slot.zygote.post(KillIsolate(slot.number, slot.generation))

    def _ask(self, slot: Slot, in_flight: InFlight, wish: str) -> None:
        self._marks.ask(slot.number, wish, in_flight.claim.id, in_flight.claim.token)


def sort_out(slot: Slot, mark: tuple[str, int] | None, *, by_itself: bool) -> tuple[list[InFlight], list[InFlight]]:
    """Return which of the jobs of an ended isolate had begun, of which it has left this mark, and which had not."""
    begun: list[InFlight] = []
    rest: list[InFlight] = []
    for one in slot.queue:
        spoilt = slot.killed == "garbled" and one is slot.condemned
        (begun if spoilt or mark == (one.claim.id, one.claim.token) else rest).append(one)
    if rest and not begun and by_itself and slot.adopted and not slot.retired:
        rest[0].returns += 1
        if rest[0].returns >= MOST_RETURNS:
            begun.append(rest.pop(0))
    return begun, rest


def unfinished_hook(in_flight: InFlight, killed: KillReason | None) -> str:
    """Say that ``failed()`` of this job has not come to its end, why, and what that means."""
    name, job_id = shown(in_flight.claim.envelope.name), in_flight.claim.id
    if killed == "timeout":
        how = f"took longer than {HOOK_TIMEOUT:g} s and was ended"
    elif killed == "stop":
        how = "was ended, since the worker stops"
    else:
        how = "was cut off, since its isolate has ended"
    return (
        f"failed() of {name} {job_id} {how}\n"
        f"The job has failed all the same, and failed() is not called again: see to what it should have done.\n"
        f"How the job failed, and what it printed: dartian queue:show {job_id}"
    )
