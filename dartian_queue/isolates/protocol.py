"""The frames between a worker, its zygote and its isolates: typed, many in flight, each one packet.

A packet is read by exactly one reader, so that a worker which keeps a copy of an isolate's end can take back what the
isolate has not begun: the kernel decides who gets it. Frames carry no classes and no code: only the structs below
are decoded. Nothing is decided here.
"""

import array
import os
import socket
import threading
from collections import deque
from typing import Generic, TypeAlias, TypeVar

import msgspec

from dartian_queue.envelope import Envelope
from dartian_queue.isolates.recycling import Recycling
from dartian_queue.isolates.sources import Sources
from dartian_queue.options import Limits
from dartian_queue.outcome import ErrorReport, Failed, Outcome

__all__ = [
    "Adopted",
    "AskIsolate",
    "Boot",
    "Broken",
    "Channel",
    "Ended",
    "Exited",
    "Failing",
    "FromIsolate",
    "FromZygote",
    "Garbled",
    "Heartbeat",
    "HookEnded",
    "Interrupted",
    "KillIsolate",
    "Output",
    "Progress",
    "Quit",
    "RawRest",
    "Ready",
    "Run",
    "RunHook",
    "StartIsolate",
    "Started",
    "ToIsolate",
    "ToZygote",
    "Wind",
    "channel_pair",
]


# Worker to zygote


class Boot(msgspec.Struct, frozen=True, tag="boot"):
    """The first frame: which application to import, and for whom."""

    handover: str
    """The settings, as config.handover made them."""
    connection: str
    marks_path: str
    lock_paths: tuple[str, ...]
    recycling: Recycling = Recycling()
    edited: tuple[str, ...] = ()
    """Files that were edited since an earlier zygote has imported them: what Python has cached of them may be old."""


class StartIsolate(msgspec.Struct, frozen=True, tag="start"):
    """Start an isolate; the descriptors of its channel and of both ends of its output come with this frame."""

    isolate: int
    """Its slot in the marks, used again when it has ended."""
    generation: int


class AskIsolate(msgspec.Struct, frozen=True, tag="ask"):
    """Let an isolate see to what its marks ask of the job that it runs: the job is interrupted."""

    isolate: int
    generation: int


class KillIsolate(msgspec.Struct, frozen=True, tag="kill"):
    """End an isolate at once, with all its descendants."""

    isolate: int
    generation: int


class Heartbeat(msgspec.Struct, frozen=True, tag="heartbeat"):
    """The leases are good until this monotonic moment; the zygote ends all isolates before it unless told anew."""

    until: float


class Quit(msgspec.Struct, frozen=True, tag="quit"):
    """End all isolates at once, and then yourself."""


ToZygote: TypeAlias = Boot | StartIsolate | AskIsolate | KillIsolate | Heartbeat | Quit


# Zygote to worker


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The application is imported."""

    names: tuple[str, ...]
    """Every name and alias under which a job can be loaded."""
    jobs: int
    plain: str
    """Why isolates are started plainly and not forked; empty where they are forked."""
    hooked: tuple[str, ...] = ()
    """Those of the names whose class has a ``failed()``."""
    sources: Sources = Sources()
    """The files that it was imported from."""


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """The application cannot be imported."""

    error: str
    exit_code: int
    sources: Sources = Sources()
    """The files that were read before it broke, those in which it did among them."""


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The isolate has a process."""

    isolate: int
    generation: int
    pid: int


class Exited(msgspec.Struct, frozen=True, tag="exited"):
    """The isolate's process has ended, and its descendants too."""

    isolate: int
    generation: int
    status: int
    """The exit code, or minus the signal's number."""
    ended_by: str = ""
    """Empty where it ended by itself; ``worker`` where it was asked for; ``zygote`` where no heartbeat came."""


FromZygote: TypeAlias = Ready | Broken | Started | Exited


# Worker to isolate


class Run(msgspec.Struct, frozen=True, tag="run"):
    """One attempt; it waits in the isolate's channel until those before it have ended."""

    envelope: Envelope
    token: int
    tries: int
    exceptions: int
    crashes: int
    held_for: float
    limits: Limits
    """All that bounds it, with nothing left silent but ``retry_until`` and ``backoff_wins``."""
    connection: str


class RunHook(msgspec.Struct, frozen=True, tag="hook"):
    """Call ``failed()`` of a job that failed where no isolate could: killed, crashed or expired."""

    envelope: Envelope
    error: ErrorReport


class Wind(msgspec.Struct, frozen=True, tag="wind"):
    """End yourself when what was sent before this has ended."""


ToIsolate: TypeAlias = Run | RunHook | Wind


# Isolate to worker


class Adopted(msgspec.Struct, frozen=True, tag="adopted"):
    """The isolate is up and waits for attempts."""

    pid: int


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far the job has come."""

    id: str
    token: int
    done: float
    total: float | None
    note: str


class Output(msgspec.Struct, frozen=True, tag="output"):
    """What the job has written to one of Python's streams, in whole lines where possible."""

    id: str
    stream: str
    text: str


class RawRest(msgspec.Struct, frozen=True, tag="raw_rest"):
    """What an attempt that ends has written below Python, as far as the worker has not read it."""

    data: bytes


class Interrupted(msgspec.Struct, frozen=True, tag="interrupted"):
    """The job is being broken off; ``error`` says where it was, in case that it does not end."""

    id: str
    token: int
    error: ErrorReport


class Failing(msgspec.Struct, frozen=True, tag="failing"):
    """``handle`` has failed for good, and ``failed()`` is called now, which changes nothing of that."""

    id: str
    token: int
    outcome: Failed


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The attempt has ended; ``duration`` is in seconds."""

    id: str
    token: int
    outcome: Outcome
    duration: float
    retire: str = ""
    """Why this isolate takes no further job: it is fresh, was interrupted, or processes were left behind."""


class HookEnded(msgspec.Struct, frozen=True, tag="hook_ended"):
    """``failed()`` has returned; what it raised was printed."""

    id: str
    retire: str = ""
    """Why this isolate takes no further job."""


FromIsolate: TypeAlias = Adopted | Progress | Output | RawRest | Interrupted | Failing | Ended | HookEnded

Frame = TypeVar("Frame")


class Garbled(Exception):
    """What came is no frame of the channel."""


LONGEST_PACKET = 64 * 1024
"""Longer frames go in several packets; only an idle isolate is sent one, since a part cannot be taken back."""
MOST_PARTS = 1024
"""Packets in which one frame may come; what has more of them was not written by us."""
_LAST, _MORE = b"\0", b"\1"
_BUFFER = 256 * 1024
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


def channel_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets that keep the borders of packets."""
    kind = getattr(socket, "SOCK_SEQPACKET", socket.SOCK_DGRAM) if os.uname().sysname == "Linux" else socket.SOCK_DGRAM
    pair = socket.socketpair(socket.AF_UNIX, kind)
    for end in pair:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    return pair


class Channel(Generic[Frame]):
    """One end of a channel; ``Frame`` is the union of frames that this end receives."""

    def __init__(self, sock: socket.socket, receives: object) -> None:
        self.sock = sock
        self._encode = msgspec.msgpack.Encoder().encode
        self._decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(receives)
        self._parts: list[bytes] = []
        self._unsent: deque[bytes] = deque()
        self._sending = threading.Lock()

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self.sock.fileno()

    def send(self, frame: object) -> None:
        """Send a frame and wait until the peer's buffer has it; OSError when the peer is gone. From any thread."""
        packets = self._packets(frame)
        with self._sending:
            for packet in packets:
                self.sock.send(packet)

    def try_send(self, frame: object) -> bool:
        """Send a frame if that takes no waiting, and return whether it was sent. From a signal handler, too."""
        packets = self._packets(frame)
        if len(packets) > 1 or not self._sending.acquire(blocking=False):
            return False
        try:
            self.sock.send(packets[0], socket.MSG_DONTWAIT)
        except OSError:
            return False
        finally:
            self._sending.release()
        return True

    def send_with(self, frame: object, descriptors: list[int]) -> None:
        """Send a short frame together with descriptors, without waiting."""
        (packet,) = self._packets(frame)
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
        self.sock.sendmsg([packet], [rights], socket.MSG_DONTWAIT)

    def post(self, frame: object) -> None:
        """Send a frame without waiting; what the peer's buffer does not take is kept for ``flush``."""
        self._unsent.extend(self._packets(frame))
        self.flush()

    def flush(self) -> bool:
        """Send what is kept, as far as it goes; return whether all is sent."""
        while self._unsent:
            try:
                self.sock.send(self._unsent[0], socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            self._unsent.popleft()
        return True

    def take_unsent(self) -> list[bytes]:
        """Take back the packets that ``flush`` has not sent, for ``received``."""
        unsent = list(self._unsent)
        self._unsent.clear()
        return unsent

    def received(self, packet: bytes) -> Frame | None:
        """Return the frame that this packet completes, if it does. EOFError for an empty packet.

        Garbled where the peer, or a job with its descriptors, wrote what is no frame.
        """
        if not packet:
            raise EOFError
        if packet[:1] == _MORE:
            self._parts.append(packet[1:])
            if len(self._parts) > MOST_PARTS:
                raise Garbled
            return None
        body: bytes | memoryview = memoryview(packet)[1:]
        if self._parts:
            body = b"".join((*self._parts, body))
            self._parts.clear()
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise Garbled from None

    def receive(self, *, wait: bool = False) -> Frame | None:
        """Return the next frame; None where there is none now. EOFError and Garbled as ``received`` has them."""
        while True:
            try:
                packet = self.sock.recv(LONGEST_PACKET + 1, 0 if wait else socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            except ConnectionError:
                packet = b""
            if (frame := self.received(packet)) is not None:
                return frame

    def receive_with(self, most: int) -> tuple[Frame | None, list[int]]:
        """Return the next frame and the descriptors that came with it, without waiting."""
        space = socket.CMSG_SPACE(most * array.array("i").itemsize)
        try:
            flags = socket.MSG_DONTWAIT | _CLOSE_ON_EXEC
            packet, ancillary, _flags, _address = self.sock.recvmsg(LONGEST_PACKET + 1, space, flags)
        except BlockingIOError:
            return None, []
        except ConnectionError:
            packet, ancillary = b"", []
        descriptors = array.array("i")
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
        return self.received(packet), list(descriptors)

    def close(self) -> None:
        """Close this end."""
        self.sock.close()

    def _packets(self, frame: object) -> list[bytes]:
        body = self._encode(frame)
        if len(body) <= LONGEST_PACKET:
            return [_LAST + body]
        parts = [body[start : start + LONGEST_PACKET] for start in range(0, len(body), LONGEST_PACKET)]
        return [_MORE + part for part in parts[:-1]] + [_LAST + parts[-1]]
