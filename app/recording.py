"""Recordings as samples: opens a WAV file of plain PCM and gives it away in blocks.

Three hours cost no more memory than one second. It never changes the recording, and it never guesses: a file that
is anything else, or that was cut off, is refused by name.
"""

import wave
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Recording", "Samples", "UnreadableRecording"]

Samples = NDArray[np.int32]
"""One row a frame, one column a channel, in the codes of the file: -128 to 127 for 8 bit, and so on."""

REMEDY = "Save it as uncompressed PCM, for example: ffmpeg -i INPUT -c:a pcm_s16le OUTPUT.wav"


class UnreadableRecording(ValueError):
    """A file that is no WAV of 8, 16, 24 or 32 bit PCM, or not a whole one."""


class Recording:
    """Read a WAV file; use it in a ``with`` statement."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._wave = wave.open(str(path), "rb")  # noqa: SIM115 # closed by __exit__
        except (wave.Error, EOFError) as error:
            reason = str(error) or "it ends before its header does"
            raise UnreadableRecording(f"{path} is no WAV file that can be read: {reason}\n{REMEDY}") from error
        self.sample_rate = self._wave.getframerate()
        self.channels = self._wave.getnchannels()
        self.bits = self._wave.getsampwidth() * 8
        self.frames = self._wave.getnframes()
        try:
            self._refuse_what_cannot_be_measured()
        except UnreadableRecording:
            self._wave.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._wave.close()

    @property
    def duration(self) -> float:
        """Return how long it plays, in seconds."""
        return self.frames / self.sample_rate

    @property
    def full_scale(self) -> int:
        """Return the amplitude that 0 dBFS stands for; the highest code is one below it."""
        return 1 << (self.bits - 1)

    def blocks(self, size: int = 1 << 16) -> Iterator[Samples]:
        """Yield all of its frames in order, at most ``size`` at a time."""
        self._wave.rewind()
        left = self.frames
        while left:
            block = self._samples(self._wave.readframes(min(size, left)))
            if len(block) < min(size, left):
                raise self._cut_off(self.frames - left + len(block))
            left -= len(block)
            yield block

    def _samples(self, data: bytes) -> Samples:
        width = self.bits // 8
        data = data[: len(data) // (width * self.channels) * width * self.channels]
        if width == 1:
            codes = np.frombuffer(data, np.uint8).astype(np.int32) - 128
        elif width == 3:
            codes = _from_24_bit(data)
        else:
            codes = np.frombuffer(data, f"<i{width}").astype(np.int32)
        return codes.reshape(-1, self.channels)

    def _refuse_what_cannot_be_measured(self) -> None:
        if self.bits not in (8, 16, 24, 32):
            raise UnreadableRecording(f"{self.path} has samples of {self.bits} bit\n{REMEDY}")
        if not self.sample_rate:
            raise UnreadableRecording(f"{self.path} says that it has 0 samples a second\n{REMEDY}")
        if not self.frames:
            raise UnreadableRecording(f"{self.path} holds no sound: it has a header and no samples")

    def _cut_off(self, frames: int) -> UnreadableRecording:
        return UnreadableRecording(
            f"{self.path} ends after {frames / self.sample_rate:.2f} s of {self.duration:.2f} s\n"
            "The upload was cut off: upload it again."
        )


def _from_24_bit(data: bytes) -> NDArray[np.int32]:
    """Put each sample into the upper three bytes of an integer, so that shifting it down keeps the sign."""
    padded = np.zeros((len(data) // 3, 4), np.uint8)
    padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return padded.view("<i4").reshape(-1).astype(np.int32) >> 8
