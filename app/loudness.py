"""What a podcast host wants to know of a recording: its length, loudness, clipping, and silence at both ends.

A Meter is fed with samples and knows nothing of files and jobs. It never holds more than one block.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.recording import Recording, Samples

__all__ = ["Measurement", "Meter", "Silence", "dbfs"]

SILENCE = -40.0
"""The level below which a recording counts as silent, in dBFS: room noise, and no voice."""

WINDOW = 0.01
"""Seconds over which silence is judged, so that one click does not end it."""

CLIP = 3
"""How many samples in a row at the limit are clipping; a loud recording may well touch it with one."""


@dataclass(frozen=True)
class Silence:
    """Seconds of silence at both ends; in a recording that is silent all through, each is its length."""

    threshold_dbfs: float
    start: float
    end: float


@dataclass(frozen=True)
class Measurement:
    """The facts of one recording.

    Levels are in dBFS, over all channels, with 0 for the largest amplitude that the file can hold: a sine at full
    scale has a peak of 0 and an RMS of -3.01. None is digital silence.
    """

    duration: float
    sample_rate: int
    channels: int
    bits: int
    peak_dbfs: float | None
    rms_dbfs: float | None
    clips: int
    silence: Silence


def dbfs(amplitude: float) -> float | None:
    """Return a level for an amplitude of 0 to 1, rounded to hundredths; None for 0."""
    return round(20 * math.log10(amplitude), 2) + 0.0 if amplitude > 0 else None


class Meter:
    """Measure a recording, block by block."""

    def __init__(self, recording: Recording, silence: float = SILENCE) -> None:
        if not silence < 0:
            raise ValueError(f"silence is a level below 0 dBFS, not {silence:g}")
        self._recording = recording
        self._silence = silence
        self._window = max(1, round(recording.sample_rate * WINDOW))
        self.frames = 0
        """How many it was given."""
        self._peak = 0
        self._squares = 0.0
        self._loud: tuple[int, int] | None = None
        self._unjudged: Samples = np.empty((0, recording.channels), np.int32)
        self._limit_run = np.zeros((CLIP, recording.channels), np.bool_)
        self._clips = 0

    def add(self, block: Samples) -> NDArray[np.bool_]:
        """Take the next frames, however many; return where clipping sets in, one row a frame."""
        self._peak = max(self._peak, int(block.max(initial=0)), -int(block.min(initial=0)))
        self._squares += float(np.square(block, dtype=np.float64).sum())
        self._judge(np.concatenate([self._unjudged, block]))
        self.frames += len(block)
        clips = self._clip_starts(block)
        self._clips += int(clips.sum())
        return clips

    def result(self) -> Measurement:
        """Return the facts of all that was added."""
        recording, loud = self._recording, self._loud
        judged = self.frames - len(self._unjudged)
        if len(self._unjudged) and self._is_loud(self._unjudged[np.newaxis]).any():
            loud = (loud[0] if loud else judged, self.frames)
        start, end = loud or (self.frames, 0)
        rms = math.sqrt(self._squares / max(1, self.frames * recording.channels))
        return Measurement(
            duration=round(self.frames / recording.sample_rate, 6),
            sample_rate=recording.sample_rate,
            channels=recording.channels,
            bits=recording.bits,
            peak_dbfs=dbfs(self._peak / recording.full_scale),
            rms_dbfs=dbfs(rms / recording.full_scale),
            clips=self._clips,
            silence=Silence(
                threshold_dbfs=self._silence,
                start=round(start / recording.sample_rate, 6),
                end=round((self.frames - end) / recording.sample_rate, 6),
            ),
        )

    def _judge(self, frames: Samples) -> None:
        """Find the loud windows among ``frames``; keep what does not fill one."""
        judged = self.frames - len(self._unjudged)
        whole = len(frames) // self._window
        windows = frames[: whole * self._window].reshape(whole, self._window, self._recording.channels)
        loud = np.flatnonzero(self._is_loud(windows))
        if len(loud):
            first, last = judged + int(loud[0]) * self._window, judged + (int(loud[-1]) + 1) * self._window
            self._loud = (self._loud[0] if self._loud else first, last)
        self._unjudged = frames[whole * self._window :]

    def _is_loud(self, windows: Samples) -> NDArray[np.bool_]:
        """Return for each window whether any channel reaches the level that is not silence."""
        power = np.square(windows, dtype=np.float64).mean(axis=1).max(axis=-1)
        threshold: float = 10 ** (self._silence / 10) * self._recording.full_scale**2
        loud: NDArray[np.bool_] = power >= threshold
        return loud

    def _clip_starts(self, block: Samples) -> NDArray[np.bool_]:
        """Return where the CLIP-th sample in a row is at the limit, runs from the last block included."""
        at_limit = np.concatenate([self._limit_run, self._at_limit(block)])
        self._limit_run = at_limit[-CLIP:]
        runs: NDArray[np.bool_] = at_limit[: len(block) + 1].copy()
        for later in range(1, CLIP):
            runs &= at_limit[later : later + len(block) + 1]
        starts: NDArray[np.bool_] = runs[1:] & ~runs[:-1]
        return starts

    def _at_limit(self, block: Samples) -> NDArray[np.bool_]:
        limit = self._recording.full_scale
        at_limit: NDArray[np.bool_] = (block >= limit - 1) | (block <= -limit)
        return at_limit
