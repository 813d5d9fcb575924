"""Signals as events of a worker's loop: none of them interrupts anything, and none kills an unprepared process."""

import contextlib
import os
import signal
from collections.abc import Callable, Generator

from dartian_queue.isolates.processes import ignore_signals
from dartian_queue.loop import Loop

__all__ = ["stop_signals"]

_NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


@contextlib.contextmanager
def stop_signals(loop: Loop, stop: Callable[[int], None]) -> Generator[None]:
    """Call ``stop`` with the number of each SIGTERM and SIGINT, and of SIGHUP when the terminal has gone.

    What handled them before is given back. SIGHUP alone means nothing, since it also comes from people who want a
    configuration read again; SIGUSR1 and SIGUSR2 mean nothing. Must be entered on the main thread.
    """
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    before = {number: signal.getsignal(number) for number in _NUMBERS}
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    had_terminal = _has_terminal()
    ignore_signals(*_NUMBERS)

    def take() -> None:
        for number in os.read(reader, 64):
            hung_up = number == signal.SIGHUP and had_terminal and not _has_terminal()
            if number in (signal.SIGTERM, signal.SIGINT) or hung_up:
                stop(number)

    loop.add_reader(reader, take)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        loop.remove_reader(reader)
        os.close(reader)
        os.close(writer)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
