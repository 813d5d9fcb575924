"""The signals that stop this process, or end it at once: the terminal is given back before they do.

SIGTERM, SIGINT and SIGHUP are the worker's own affair, which ends in order. It draws and reads nothing.
"""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

__all__ = ["leaving"]

_LEAVE = (signal.SIGTSTP, signal.SIGQUIT)


@contextmanager
def leaving(give_back: Callable[[], None], go_on: Callable[[], None]) -> Generator[None]:
    """Call ``give_back`` before Ctrl-Z stops this process or Ctrl-\\ ends it, and ``go_on`` whenever it goes on.

    A signal that was ignored before stays so. Must be entered on the main thread.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        give_back()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # here it stands still, or ends
        signal.signal(number, leave)
        go_on()

    def come_back(_number: int, _frame: FrameType | None) -> None:
        go_on()

    heeded = [number for number in _LEAVE if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, leave) for number in heeded}
    before[signal.SIGCONT] = signal.signal(signal.SIGCONT, come_back)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
