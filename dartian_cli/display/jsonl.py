"""The worker's events for programs: one JSON object a line, as docs/cli.md describes them. Stable."""

import sys
from typing import BinaryIO

import msgspec

from dartian_queue.events import Event

__all__ = ["JsonDisplay"]


class JsonDisplay:
    """Writes each event with its ``type`` and all that it holds."""

    interval = 0.25

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stdout.buffer
        self._encode = msgspec.json.Encoder().encode

    def watch(self, event: Event) -> None:
        """Write one event."""
        try:
            line = self._encode(event)
        except UnicodeEncodeError:
            line = _with_surrogates(event)
        self._stream.write(line + b"\n")

    def tick(self) -> None:
        """Let what was written be seen."""
        self._stream.flush()

    def close(self) -> None:
        """Let the last lines be seen."""
        self._stream.flush()

    def give_back(self) -> None:
        """Nothing was taken: lines need no terminal."""

    def go_on(self) -> None:
        """Nothing is needed."""


def _with_surrogates(event: Event) -> bytes:
    """Encode what a job printed in bytes that are no UTF-8, which only escapes can hold."""
    import json

    return json.dumps(msgspec.to_builtins(event), separators=(",", ":")).encode()
