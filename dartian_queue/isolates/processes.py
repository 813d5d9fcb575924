"""Linux's means to keep hold of processes: subreaper, parent-death signal, and a walk over all descendants.

Elsewhere they do nothing, which is a gap that the documentation names. It never decides whom to end.
"""

import contextlib
import os
import signal
import sys

__all__ = [
    "become_subreaper",
    "children",
    "die_with_parent",
    "end_tree",
    "heed_signals_in_forks",
    "ignore_signals",
    "live_without_parent",
    "reap_adopted",
]

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def become_subreaper() -> None:
    """Let orphaned descendants of this process become its children."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """Have this process killed when the thread that forked it ends; at once where ``parent`` has ended already."""
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def live_without_parent() -> None:
    """Undo ``die_with_parent``."""
    _prctl(_SET_PDEATHSIG, 0)


def reap_adopted() -> None:
    """Collect all that has ended among this process's children: for a process 1, which inherits those of others.

    What is started here by ``subprocess`` is then known to have ended, but not how.
    """
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def ignore_signals(*numbers: signal.Signals) -> None:
    """Let these signals do nothing here, but keep their defaults in programs that are started from here."""
    for number in numbers:
        signal.signal(number, _nothing)


def heed_signals_in_forks() -> None:
    """Let a signal that does nothing here do what it usually does in every child that is forked from now on.

    It waits while a child is made, so that none is lost in between. Where somebody handles one, that stays.
    """
    masks: list[set[int]] = []
    waiting = {number for number in signal.valid_signals() if signal.getsignal(number) is _nothing}

    def before() -> None:
        masks.append({int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, waiting)})

    def after() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, masks.pop())

    def in_child() -> None:
        for number in waiting:
            if signal.getsignal(number) is _nothing:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        after()

    os.register_at_fork(before=before, after_in_parent=after, after_in_child=in_child)


def _nothing(_number: int, _frame: object) -> None:
    pass


def children(pid: int) -> list[int]:
    """Return the living children of a process, whichever of its threads has started them."""
    if not os.path.exists("/proc/thread-self/children"):
        return _children_by_search(pid)
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with (
                contextlib.suppress(OSError),
                open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file,
            ):
                found.extend(int(word) for word in file.read().split())
    return [child for child in found if _parent(child) is not None]


def _children_by_search(pid: int) -> list[int]:
    """Do as ``children`` where the kernel does not list them."""
    with contextlib.suppress(OSError):
        return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _parent(int(entry)) == pid]
    return []


def _parent(pid: int) -> int | None:
    """Return the parent of a process; None where it has ended, reaped or not."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, parent = file.read().rpartition(b")")[2].split()[:2]
    except OSError:
        return None
    return None if state in (b"Z", b"X") else int(parent)


def end_tree(pid: int) -> None:
    """Kill a process and all below it. Each is stopped before its children are listed, so that none is missed."""
    victims = [pid]
    for victim in victims:
        _send(victim, signal.SIGSTOP)
        victims.extend(child for child in children(victim) if child not in victims)
    for victim in victims:
        _send(victim, signal.SIGKILL)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
