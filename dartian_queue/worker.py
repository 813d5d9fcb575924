"""The worker: claims jobs, hands them to isolates, renews their leases and settles their outcomes, until it is stopped.

It imports nothing of the application, which its zygote does, and does not know which store it talks to.
"""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable

from dartian_queue.claiming import Claiming
from dartian_queue.delays import seconds
from dartian_queue.errors import StoreError
from dartian_queue.events import Event, WorkerPaused, WorkerReady, WorkerStopped, WorkerStopping
from dartian_queue.isolates.pool import Pool
from dartian_queue.isolates.protocol import Broken, Progress, Ready
from dartian_queue.isolates.slot import Hook, InFlight, KillReason
from dartian_queue.joining import boot_of, info_of
from dartian_queue.ledger import Ledger
from dartian_queue.loop import Loop
from dartian_queue.outcome import Cancelled, Crashed, Failed, Held, Outcome, Released, Retry
from dartian_queue.reloading import Reloading
from dartian_queue.settings import Connection, Settings
from dartian_queue.signals import stop_signals
from dartian_queue.stores import open_store
from dartian_queue.stores.store import ProgressReport, Seat, Store
from dartian_queue.teller import Teller
from dartian_queue.upkeep import Upkeep
from dartian_queue.urls import masked
from dartian_queue.variables import unread_variables
from dartian_queue.verdicts import judge_death
from dartian_queue.worker_options import WorkerOptions

__all__ = ["Worker"]

EXPIRE_INTERVAL = 0.5
REPORT_INTERVAL = 1.0
TIDY_INTERVAL = 60.0
STORE_WAIT = 2.0
"""Seconds for which the worker itself waits for a locked store before it looks after its isolates again."""
BUSY_TURN = 0.005
INTERRUPTED = 130
"""The exit code after a second Ctrl-C."""
ZYGOTE_PATIENCE = 1.0
"""Seconds after the grace in which the zygote ends what still runs, before it is ended itself."""
STORE_PATIENCE = 5.0
"""Seconds after the grace for which a worker that ends waits for its store."""


class Worker:
    """One worker; ``watch`` gets its events, on the worker's own thread."""

    def __init__(
        self,
        settings: Settings,
        connection: Connection,
        options: WorkerOptions | None = None,
        watch: Callable[[Event], None] | None = None,
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._options = options or WorkerOptions()
        self._teller = Teller(watch)
        self._loop = Loop()
        self._limits = self._options.limits.over(settings.config.limits())
        self._lease = seconds("lease", settings.config.lease)
        self._stopping = ""
        self._kill_at = float("inf")
        self._ended_at = 0.0
        """When what was left was ended last."""
        self._exit_code = 0
        self._origin = ""
        wait = min(STORE_WAIT, seconds("wait", connection.wait))
        self.store: Store = open_store(
            settings.store_url(connection),
            durability=connection.durability,
            wait=wait,
            largest_payload=settings.config.max_payload,
        )

    # What others ask of it

    def add_reader(self, descriptor: int, callback: Callable[[], None]) -> None:
        """Call back on the worker's thread whenever the descriptor is readable."""
        self._loop.add_reader(descriptor, callback)

    def remove_reader(self, descriptor: int) -> None:
        """Undo ``add_reader``, before the descriptor is closed."""
        self._loop.remove_reader(descriptor)

    def call_every(self, interval: float, callback: Callable[[], None]) -> None:
        """Call back on the worker's thread every ``interval`` seconds."""
        self._loop.call_every(interval, callback)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back on the worker's thread in its next turn. From any thread."""
        self._loop.call_soon(callback)

    def stop(self, reason: str, grace: float | None = None) -> None:
        """Take no more jobs and end when the running ones have ended, or after ``grace`` seconds.

        What has not begun goes back at once, what is ended by the grace goes back too; neither costs a try. Asking
        again can only shorten the grace.
        """
        if grace is None:
            grace = self._options.grace
        if grace is None:
            grace = seconds("grace", self._settings.config.grace)
        self._kill_at = min(self._kill_at, time.monotonic() + grace)
        if not self._stopping:
            self._stopping = reason
            running = self._pool.busy if self._is_open else 0
            self._teller.tell(WorkerStopping(time.time(), reason, running, grace))
            if self._is_open:
                self._upkeep.give_back(self._pool.take_back_all())
                self._pool.ask_to_stop()

    def pause(self) -> None:
        """Begin no more jobs, give back what has not begun, and let the running ones go on. Idempotent."""
        if self._is_open and not self._claiming.is_paused and not self._stopping:
            self._claiming.is_paused = True
            self._upkeep.give_back(self._pool.take_back_all())
            self._teller.tell(WorkerPaused(time.time(), paused=True))

    def resume(self) -> None:
        """Begin jobs again after ``pause``. Idempotent."""
        if self._is_open and self._claiming.is_paused:
            self._claiming.is_paused = False
            self._claiming.look_within()
            self._teller.tell(WorkerPaused(time.time(), paused=False))

    def reload(self) -> None:
        """Load the application's code anew for the jobs that begin after that; running jobs keep what they have."""
        if self._is_open:
            self._reloading.ask()

    def drain(self, origin: str, timeout: float) -> None:
        """Run only what the process ``origin`` dispatched, and end when none of that is due, or after ``timeout``."""
        self._origin = origin
        if self._is_open:
            self._claiming.claim_of(origin)
        self._loop.call_once(timeout, lambda: self.stop("drained", 0.0))

    def run(self) -> int:
        """Work until stopped; return the exit code. Signal handlers are installed for as long as it runs.

        StoreError where the store cannot be opened; nothing was started then.
        """
        with stop_signals(self._loop, self._signalled):
            try:
                self._open()
                while not self._is_finished():
                    self._loop.turn(self._patience())
                    self._step()
                self._abandon()
            finally:
                self._close()
        return self._exit_code

    def _signalled(self, number: int) -> None:
        again = self._stopping == "signal"
        if again and number == signal.SIGINT:
            self._exit_code = INTERRUPTED
        self.stop("signal", 0.0 if again else None)

    # Opening and closing

    _is_open = False

    def _open(self) -> None:
        for unread in unread_variables(self._settings.root):
            self._teller.notice("warning", f"{unread.what} ({unread.remedy})")
        info = info_of(self._options, self._connection)
        self._seat = self.store.join(info)
        self._ledger = Ledger(self.store, self._seat, self._lease, self._teller.complain)
        marks_path = self._marks_path(self._seat)
        boot = boot_of(self._settings, self._connection, self._options, self._seat, marks_path, self._teller)
        self._pool = Pool(boot, self._connection.name, info.isolates, self._loop, self)
        self._upkeep = Upkeep(
            self.store, self._seat, self._pool, self._ledger, self._loop, self._teller, self._settings.config
        )
        self._claiming = Claiming(
            self.store,
            self._seat,
            self._pool,
            self._ledger,
            options=self._options,
            connection=self._connection,
            limits=self._limits,
            lease=self._lease,
            origin=self._origin,
            after_look=self._tell_unreadable,
        )
        self._reloading = Reloading(
            self._pool,
            self._loop,
            self._teller,
            self._settings.root,
            self._settings.config_file,
            interval=self._options.edit_interval,
            by_itself=self._options.watch,
        )
        self._is_open = True
        if self._seat.fileno() >= 0:
            self._loop.add_reader(self._seat.fileno(), self._woken)
        self._loop.call_every(EXPIRE_INTERVAL, self._take_over)
        self._loop.call_every(EXPIRE_INTERVAL, self._obey)
        self._loop.call_every(EXPIRE_INTERVAL, self._pool.look_after_zygote)
        self._loop.call_every(self._lease / 3, self._upkeep.renew)
        self._loop.call_every(REPORT_INTERVAL, self._ledger.report)
        self._loop.call_every(TIDY_INTERVAL, lambda: self._upkeep.tidy(self._claiming.names))
        if self._options.max_time:
            self._loop.call_once(self._options.max_time, lambda: self.stop("max_time"))
        self._pool.start()
        self._upkeep.renew()
        self._take_over()

    def _marks_path(self, seat: Seat) -> str:
        """Return the seat's file for marks, or one of our own where the seat has none."""
        self._scratch = "" if seat.marks_path else tempfile.mkdtemp(prefix="dartian-")
        return seat.marks_path or os.path.join(self._scratch, "marks")

    def _close(self) -> None:
        if self._is_open:
            self._reloading.close()
            self._pool.close()
            with contextlib.suppress(StoreError):
                self._seat.leave()
            if self._scratch:
                shutil.rmtree(self._scratch, ignore_errors=True)
            tally = self._ledger.tally
            self._teller.tell(
                WorkerStopped(
                    time.time(), self._stopping, tally["done"], tally["retry"], tally["failed"], tally["released"]
                )
            )
        self._loop.close()
        self.store.close()

    # One turn

    def _patience(self) -> float:
        """Return for how many seconds there is nothing to do unless something happens."""
        if not self._pool.flush() or not self._ledger.is_square:
            return BUSY_TURN
        until = self._pool.next_moment()
        if self._stopping:
            until = min(until, max(self._kill_at, self._ended_at + BUSY_TURN))
        else:
            until = min(until, self._claiming.next_moment())
        return max(0.0, min(until - time.monotonic(), 1.0))

    def _step(self) -> None:
        self._pool.end_overdue()
        self._settle()
        self._upkeep.heed()
        self._pool.distribute()
        if self._stopping:
            if time.monotonic() >= self._kill_at and not self._pool.is_empty:
                self._pool.end_all("stop")
                self._ended_at = time.monotonic()
                if self._ended_at >= self._kill_at + ZYGOTE_PATIENCE:
                    self._pool.end_without_zygote()
            return
        self._claiming.claim()
        self._upkeep.give_back(self._pool.rebalance())
        if self._pool.is_empty and self._ledger.is_square and (reason := self._claiming.reason_to_stop()):
            self.stop(reason)

    def _is_finished(self) -> bool:
        if not self._stopping or not self._pool.is_empty:
            return False
        return self._ledger.is_square or time.monotonic() >= self._kill_at + STORE_PATIENCE

    def _abandon(self) -> None:
        """End although the store could not be told everything: what it was not told runs again."""
        if not self._ledger.is_square:
            self._teller.notice("error", f"{self._ledger.give_up()}; those jobs will run again")
            self._exit_code = StoreError.exit_code

    def _woken(self) -> None:
        self._claiming.look_within()
        if self._seat.drain():
            self._obey()
            self._upkeep.note_asked()

    def _take_over(self) -> None:
        if self._upkeep.take_over():
            self._claiming.look_within()
        self._tell_unreadable()

    def _tell_unreadable(self) -> None:
        """Tell what the store has let fail by itself, and count it as a failure."""
        for row in self.store.take_unreadable():
            self._ledger.tally["failed"] += 1
            self._teller.unreadable(row)

    def _obey(self) -> None:
        """End where an operator has asked for a restart: whoever keeps the process running starts it anew."""
        if self._seat.restart_asked():
            self.stop("restart")

    def _settle(self) -> None:
        for settled in self._ledger.settle():
            if not settled.is_silent:
                self._teller.settled(settled)
            outcome = settled.outcome
            if isinstance(outcome, Released | Cancelled) and not settled.in_flight.started_at:
                self._claiming.take_back()
            if isinstance(outcome, Crashed):
                self._claiming.look_within()
            elif isinstance(outcome, Retry | Held | Released):
                self._claiming.look_within(outcome.delay or 0.0)

    # What the pool tells (Listener)

    def on_ready(self, ready: Ready) -> None:
        """Begin to claim: the zygote knows the jobs."""
        self._know(ready)
        self._reloading.begin(ready)
        self._teller.tell(
            WorkerReady(
                at=time.time(),
                worker=info_of(self._options, self._connection).name,
                store=masked(self.store.url),
                connection=self._connection.name,
                queues=self._options.queues,
                isolates=self._pool.size,
                jobs=ready.jobs,
                plain_isolates=ready.plain,
            )
        )
        self._upkeep.tidy(self._claiming.names)

    def on_reloaded(self, ready: Ready) -> None:
        """Go on with the code that was loaded anew."""
        self._know(ready)
        self._reloading.succeed(ready)
        self._upkeep.tidy(self._claiming.names)

    def on_not_reloaded(self, broken: Broken) -> None:
        """Go on with the code that there is."""
        self._reloading.fail(broken)

    def _know(self, ready: Ready) -> None:
        """Look for jobs at once: others are known now."""
        self._claiming.names = frozenset(ready.names)
        self._claiming.look_within()

    def on_broken(self, text: str, exit_code: int) -> None:
        """End: no job can be run."""
        self._teller.notice("error", text)
        self._exit_code = exit_code
        self.stop("broken", 0.0)

    def on_trouble(self, text: str) -> None:
        """Tell what went wrong and was mended."""
        self._teller.notice("warning", text)

    def on_begun(self, in_flight: InFlight, slot: int) -> None:
        """Tell that an attempt has begun."""
        self._teller.begun(in_flight, slot)

    def on_progress(self, in_flight: InFlight, progress: Progress) -> None:
        """Show progress now, and store it soon."""
        claim = in_flight.claim
        report = ProgressReport(claim.id, claim.token, progress.done, progress.total, progress.note)
        self._ledger.note_progress(report)
        self._teller.progress(in_flight, progress)

    def on_output(self, in_flight: InFlight | None, stream: str, text: str) -> None:
        """Show what was printed, and keep the end of it for as long as the attempt may fail."""
        if in_flight is not None:
            in_flight.note_output(text)
        self._teller.output(in_flight, stream, text)

    def on_ended(self, in_flight: InFlight, outcome: Outcome, duration: float) -> None:
        """Owe the outcome that the isolate came to; where its time was over, ``failed()`` gets time of its own."""
        if isinstance(outcome, Failed) and outcome.reason == "timeout":
            self._pool.call_failed(Hook(in_flight, outcome.error, outcome, duration))
        else:
            self._ledger.owe(in_flight, outcome, duration)

    def on_died(self, in_flight: InFlight, killed: KillReason | None, status: int, *, cut_off: bool) -> None:
        """Owe what becomes of a job whose isolate has ended under it."""
        judge_death(in_flight, killed, status, cut_off=cut_off, pool=self._pool, ledger=self._ledger)

    def on_returned(self, in_flight: list[InFlight]) -> None:
        """Give what had not begun to another isolate, or back to the store."""
        wanted = frozenset[str]() if self._stopping or self._claiming.is_paused else self._claiming.names
        self._upkeep.give_back([one for one in in_flight if one.claim.envelope.name not in wanted])
        self._pool.waiting.extendleft(one for one in reversed(in_flight) if one.claim.envelope.name in wanted)

    def on_hook_ended(self, hook: Hook) -> None:
        """Owe the failure that waited for its hook."""
        self._ledger.owe(hook.in_flight, hook.outcome, hook.duration)
