"""A recording as a picture: peaks and RMS over time, silence shaded, clipping marked.

An Overview gathers what fits the picture's width, block by block; ``draw`` makes the PNG of it. Neither measures
anything that the Meter does.
"""

import io
import math
from contextlib import suppress
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from app.loudness import Measurement
from app.recording import Recording, Samples

__all__ = ["Overview", "draw"]

WIDTH, HEIGHT = 1600, 520
LEFT, RIGHT, TOP, BOTTOM = 76, 1576, 104, 448
MIDDLE, REACH = (TOP + BOTTOM) // 2, (BOTTOM - TOP) // 2

PAPER, INK, FAINT, GRID, SHADE = "#ffffff", "#14213d", "#6b7488", "#e4e7ee", "#eceef3"
PEAKS, RMS, CLIPPING = "#94c1e6", "#1f6fb2", "#d7263d"

HEADROOM = (-18, -12, -6, 0)
"""What the top of the picture may stand for, in dBFS: the lowest that the peaks fit below."""

SMOOTH = 0.05
"""Seconds over which RMS is taken at least; over less, a short recording's would only follow its peaks."""

TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


class Overview:
    """Gather one column a pixel: the lowest and highest sample, the RMS, and whether it clips."""

    def __init__(self, recording: Recording, columns: int = RIGHT - LEFT) -> None:
        self._full_scale = recording.full_scale
        self._seen = 0
        self.columns = columns = min(columns, recording.frames)
        self.lowest = np.zeros(columns)
        self.highest = np.zeros(columns)
        self.clips = np.zeros(columns, np.bool_)
        self._power = np.zeros(columns)
        self._edges = -(-np.arange(columns + 1) * recording.frames // columns)
        self._smooth = min(columns, max(1, round(SMOOTH / recording.duration * columns)))

    def add(self, block: Samples, clips: NDArray[np.bool_]) -> None:
        """Take the next frames, and where the Meter found them to clip."""
        first, last = self._column(np.array([self._seen, self._seen + len(block) - 1]))
        touched = slice(first, last + 1)
        starts = np.maximum(self._edges[touched] - self._seen, 0)
        lowest = np.minimum.reduceat(block, starts).min(axis=1) / self._full_scale
        highest = np.maximum.reduceat(block, starts).max(axis=1) / self._full_scale
        power = np.add.reduceat(np.square(block, dtype=np.float64), starts).mean(axis=1) / self._full_scale**2
        self.lowest[touched] = np.minimum(self.lowest[touched], lowest)
        self.highest[touched] = np.maximum(self.highest[touched], highest)
        self._power[touched] += power
        self.clips[self._column(self._seen + np.flatnonzero(clips.any(axis=1)))] = True
        self._seen += len(block)

    def _column(self, frames: NDArray[np.intp]) -> NDArray[np.intp]:
        return np.searchsorted(self._edges, frames, "right") - 1

    def rms(self) -> NDArray[np.float64]:
        """Return the RMS around each column, over SMOOTH seconds or the column, whichever is longer."""
        around = np.ones(self._smooth)
        frames = np.convolve(np.diff(self._edges), around, "same")
        levels: NDArray[np.float64] = np.sqrt(np.convolve(self._power, around, "same") / frames)
        return levels


def draw(overview: Overview, measurement: Measurement, title: str) -> bytes:
    """Return the picture as PNG."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    _draw_silence(pen, measurement)
    top = _top(measurement)
    _draw_levels(pen, top)
    _draw_sound(pen, overview, top)
    _draw_times(pen, measurement.duration)
    _draw_heading(pen, measurement, title)
    _draw_key(pen, measurement)
    png = io.BytesIO()
    image.save(png, "PNG", optimize=True)
    return png.getvalue()


def _draw_silence(pen: ImageDraw.ImageDraw, measurement: Measurement) -> None:
    start = _x(measurement.silence.start, measurement.duration)
    end = _x(measurement.duration - measurement.silence.end, measurement.duration)
    for left, right in ((LEFT, start), (end, RIGHT)):
        if right > left:
            pen.rectangle((left, TOP, right - 1, BOTTOM), fill=SHADE)


def _draw_levels(pen: ImageDraw.ImageDraw, top: int) -> None:
    for level in (top, top - 3, top - 6, top - 12):
        for side in (-1, 1):
            y = MIDDLE + side * round(REACH * 10 ** ((level - top) / 20))
            pen.line((LEFT, y, RIGHT, y), fill=GRID)
            pen.text((LEFT - 10, y), f"{level}", FAINT, _font(15), "rm")
    pen.text((LEFT - 10, MIDDLE), "dBFS", FAINT, _font(15), "rm")


def _draw_sound(pen: ImageDraw.ImageDraw, overview: Overview, top: int) -> None:
    scale = REACH / 10 ** (top / 20)
    levels = overview.rms()
    pen.line((LEFT, MIDDLE, RIGHT, MIDDLE), fill=RMS)
    for x in range(LEFT, RIGHT):
        column = (x - LEFT) * overview.columns // (RIGHT - LEFT)
        highest, lowest = round(scale * overview.highest[column]), round(scale * overview.lowest[column])
        rms = round(scale * levels[column])
        pen.line((x, MIDDLE - highest, x, MIDDLE - lowest), fill=PEAKS)
        pen.line((x, MIDDLE - rms, x, MIDDLE + rms), fill=RMS)
        if overview.clips[column]:
            pen.line((x, TOP - 12, x, TOP - 5), fill=CLIPPING)


def _draw_times(pen: ImageDraw.ImageDraw, duration: float) -> None:
    step = next((tick for tick in TICKS if duration / tick <= 12), math.ceil(duration / 12 / 3600) * 3600)
    for number in range(int(duration / step) + 1):
        x = _x(number * step, duration)
        pen.line((x, BOTTOM, x, BOTTOM + 6), fill=FAINT)
        anchor = "lt" if not number else "rt" if x > RIGHT - 10 else "mt"
        pen.text((x, BOTTOM + 12), clock(number * step, step), FAINT, _font(15), anchor)


def _draw_heading(pen: ImageDraw.ImageDraw, measurement: Measurement, title: str) -> None:
    font = _title_font(title)
    pen.text((LEFT, 24), _fitting(title, font, 760), INK, font, "lt")
    sound = {1: "mono", 2: "stereo"}.get(measurement.channels, f"{measurement.channels} channels")
    facts = (
        f"{clock(measurement.duration, 0.1)}   {measurement.sample_rate / 1000:g} kHz {sound}   "
        f"peak {_level(measurement.peak_dbfs)}   RMS {_level(measurement.rms_dbfs)}"
    )
    pen.text((RIGHT, 30), facts, INK, _font(20), "rt")


def _draw_key(pen: ImageDraw.ImageDraw, measurement: Measurement) -> None:
    silence = measurement.silence
    level = _level(silence.threshold_dbfs)
    entries = [
        (PEAKS, "peaks"),
        (RMS, "RMS"),
        (
            SHADE,
            f"below {level}: {silence.start:g} s at the start, {silence.end:g} s at the end",
        ),
    ]
    if measurement.clips:
        entries.append((CLIPPING, f"clipped in {measurement.clips:,} place{'s' * (measurement.clips > 1)}"))
    x = float(LEFT)
    for colour, text in entries:
        pen.rectangle((x, HEIGHT - 32, x + 14, HEIGHT - 18), fill=colour, outline=GRID)
        pen.text((x + 22, HEIGHT - 25), text, FAINT, _font(16), "lm")
        x += 22 + _font(16).getlength(text) + 34


def _top(measurement: Measurement) -> int:
    """Return the level at the picture's upper and lower edge."""
    peak = measurement.peak_dbfs
    return next((level for level in HEADROOM if peak is not None and peak <= level), 0)


def _x(at: float, duration: float) -> int:
    return LEFT + round((RIGHT - LEFT) * at / duration)


def clock(seconds: float, step: float) -> str:
    """Return a time as a player shows it, with tenths where the ticks are that close."""
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    shown = f"{rest:04.1f}" if step < 1 else f"{int(rest):02d}"
    return f"{hours}:{minutes:02d}:{shown}" if hours else f"{minutes}:{shown}"


def _level(level: float | None) -> str:
    return "no signal" if level is None else f"{level:g} dBFS"


def _fitting(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Return ``text`` on one line, shortened to ``width`` pixels."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow has no FreeType; install its wheel: pip install --force-reinstall pillow")
    return font


@cache
def _title_font(text: str) -> ImageFont.FreeTypeFont:
    """Return a font for a title; the one inside Pillow is the prettiest, and has ASCII only."""
    if not text.isascii():
        for name in ("DejaVuSans.ttf", "Arial Unicode.ttf"):
            with suppress(OSError):
                return ImageFont.truetype(name, 28)
    return _font(30)
