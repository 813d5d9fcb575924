"""Importing the application in a process of ours: settings, boot(), the jobs; and whether it can be forked after."""

import contextlib
import os
import stat
import sys
import threading

import msgspec

from dartian_queue.config import adopt
from dartian_queue.isolates.output import Streams, install, make_streams
from dartian_queue.isolates.protocol import Boot
from dartian_queue.registry import Registry, load_application
from dartian_queue.settings import Settings

__all__ = ["Application", "import_application"]


class Application(msgspec.Struct, frozen=True):
    """An imported application."""

    settings: Settings
    registry: Registry
    plain: str
    """Why it cannot be forked safely; empty where it can."""
    streams: Streams
    """What the application has found as sys.stdout and sys.stderr when it was imported."""


def import_application(boot: Boot) -> Application:
    """Import what ``boot`` names; a DartianError says what is broken in it, in the words for its author."""
    streams = make_streams()
    install(streams)
    settings = adopt(boot.handover)
    before = _sockets()
    pid = os.getpid()
    registry = load_application(settings)
    if os.getpid() != pid:
        os._exit(0)  # a child that the application has forked at import has come to its end
    for stream in streams:
        stream.flush()
    return Application(settings, registry, _why_not_forked(_sockets() - before), streams)


def _why_not_forked(opened: set[str]) -> str:
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if threads:
        return f"the application starts threads when it is imported ({', '.join(threads[:3])})"
    if len(sys._current_frames()) > 1:  # pyright: ignore[reportPrivateUsage] # the only list with threads of _thread
        return "the application starts threads when it is imported"
    if opened:
        return f"the application opens sockets when it is imported ({len(opened)})"
    return ""


def _sockets() -> set[str]:
    """Return the sockets that this process has open, by inode."""
    found: set[str] = set()
    with contextlib.suppress(OSError):
        for entry in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                descriptor = int(entry)
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    found.add(os.readlink(f"/proc/self/fd/{descriptor}"))
    return found
