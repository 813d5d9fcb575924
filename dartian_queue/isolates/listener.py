"""What a pool tells its worker, as a protocol, so that the pool knows nothing of the worker."""

from typing import Protocol

from dartian_queue.isolates.protocol import Broken, Progress, Ready
from dartian_queue.isolates.slot import Hook, InFlight, KillReason
from dartian_queue.outcome import Outcome

__all__ = ["Listener"]


class Listener(Protocol):
    """What the pool tells its worker."""

    def on_ready(self, ready: Ready) -> None:
        """The application is imported."""

    def on_broken(self, text: str, exit_code: int) -> None:
        """Nothing can be run, and will not be."""

    def on_reloaded(self, ready: Ready) -> None:
        """Edited code was loaded: what begins from now on has it."""

    def on_not_reloaded(self, broken: Broken) -> None:
        """Edited code could not be loaded: what there was goes on."""

    def on_trouble(self, text: str) -> None:
        """Something went wrong that people should know, and was mended."""

    def on_begun(self, in_flight: InFlight, slot: int) -> None:
        """The job runs."""

    def on_progress(self, in_flight: InFlight, progress: Progress) -> None:
        """The job says how far it has come."""

    def on_output(self, in_flight: InFlight | None, stream: str, text: str) -> None:
        """Something was printed."""

    def on_ended(self, in_flight: InFlight, outcome: Outcome, duration: float) -> None:
        """The attempt has ended by itself."""

    def on_died(self, in_flight: InFlight, killed: KillReason | None, status: int, *, cut_off: bool) -> None:
        """The isolate has ended under the job; ``killed`` says why the worker wanted it."""

    def on_returned(self, in_flight: list[InFlight]) -> None:
        """These had not begun, and are the worker's again."""

    def on_hook_ended(self, hook: Hook) -> None:
        """``failed()`` was called, or could not be."""
