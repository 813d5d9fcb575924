"""Sounds of known loudness, as WAV files."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16000


def sine(amplitude: float, seconds: float = 1.0, frequency: float = 1000.0) -> NDArray[np.float64]:
    """Return a sine; 1000 Hz at RATE has a whole number of periods and touches its crest once in each."""
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)


def silence(seconds: float) -> NDArray[np.float64]:
    return np.zeros(round(seconds * RATE))


def write(path: Path, *channels: NDArray[np.float64], bits: int = 16, rate: int = RATE) -> Path:
    """Write channels of -1 to 1; what is louder is clipped, as a recorder does it."""
    scale = 2 ** (bits - 1)
    codes = np.clip(np.round(np.stack(channels, axis=1) * scale), -scale, scale - 1).astype("<i8")
    width = bits // 8
    if bits == 8:
        codes += 128
    data = codes.reshape(-1, 1).view(np.uint8).reshape(-1, 8)[:, :width].tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)
    return path
