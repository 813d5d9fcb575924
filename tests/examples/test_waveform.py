"""The picture shows the sound where it is: its peaks, its silence and its clipping, to the pixel."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageColor

from app import waveform
from app.loudness import Measurement, Meter
from app.recording import Recording
from app.waveform import Overview, draw

from .sounds import silence, sine, write


def look(path: Path, size: int = 1 << 16) -> tuple[Overview, Measurement]:
    with Recording(path) as recording:
        meter, overview = Meter(recording), Overview(recording)
        for block in recording.blocks(size):
            overview.add(block, meter.add(block))
        return overview, meter.result()


def picture(path: Path, title: str = "A title") -> NDArray[np.uint8]:
    overview, measurement = look(path)
    image = Image.open(io.BytesIO(draw(overview, measurement, title)))
    assert (image.format, image.size) == ("PNG", (waveform.WIDTH, waveform.HEIGHT))
    return np.asarray(image.convert("RGB"))


def has(pixels: NDArray[np.uint8], colour: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (pixels == np.array(ImageColor.getrgb(colour))).all(axis=-1)
    return found


@pytest.mark.parametrize("size", [999, 1 << 16])
def test_every_column_knows_the_samples_that_fall_on_it(tmp_path: Path, size: int) -> None:
    sound = np.concatenate([sine(0.25), sine(0.5)])
    overview, _ = look(write(tmp_path / "a.wav", sound), size)
    assert overview.columns == 1500
    assert overview.highest[:749] == pytest.approx(np.full(749, 0.25), abs=0.001)
    assert overview.lowest[751:] == pytest.approx(np.full(749, -0.5), abs=0.001)
    levels = overview.rms()
    assert levels[50:700] == pytest.approx(np.full(650, 0.25 / 2**0.5), rel=0.02)
    assert levels[800:1450] == pytest.approx(np.full(650, 0.5 / 2**0.5), rel=0.02)
    assert not overview.clips.any()


@pytest.mark.parametrize("frames", [1, 2, 10, 1499, 1501])
def test_a_recording_of_few_samples_fills_the_picture(tmp_path: Path, frames: int) -> None:
    path = write(tmp_path / "a.wav", np.full(frames, 0.5))
    overview, _ = look(path)
    assert overview.columns == min(frames, 1500)
    assert overview.rms() == pytest.approx(np.full(overview.columns, 0.5))
    drawn = has(picture(path)[waveform.MIDDLE, waveform.LEFT : waveform.RIGHT], waveform.RMS)
    assert drawn.all()


def test_silence_is_shaded_as_wide_as_it_is_long(tmp_path: Path) -> None:
    pixels = picture(write(tmp_path / "a.wav", np.concatenate([silence(0.5), sine(0.5, 0.5), silence(0.25)])))
    row = has(pixels[waveform.TOP + 20, waveform.LEFT : waveform.RIGHT], waveform.SHADE)
    assert row[:599].all()
    assert not row[601:1199].any()
    assert row[1201:1499].all()


def test_clipping_is_marked_above_the_place_where_it_is(tmp_path: Path) -> None:
    pixels = picture(write(tmp_path / "a.wav", np.concatenate([sine(0.5), np.ones(160), sine(0.5)])))
    marked = np.flatnonzero(has(pixels[waveform.TOP - 8], waveform.CLIPPING)) - waveform.LEFT
    assert len(marked)
    assert marked.min() >= 745
    assert marked.max() <= 756
    assert has(pixels, waveform.CLIPPING)[waveform.HEIGHT - 40 :].any(), "the key names it"
    clean = picture(write(tmp_path / "b.wav", sine(0.5)))
    assert not has(clean, waveform.CLIPPING).any()


def test_a_quiet_recording_is_drawn_larger_and_a_loud_one_never_leaves_the_picture(tmp_path: Path) -> None:
    for amplitude in (0.11, 0.24, 0.49, 1.0):
        pixels = picture(write(tmp_path / "a.wav", sine(amplitude)))
        rows = np.flatnonzero(has(pixels[: waveform.BOTTOM + 2], waveform.PEAKS).any(axis=1))
        assert rows.min() >= waveform.TOP
        assert rows.max() <= waveform.BOTTOM
        assert rows.max() - rows.min() > waveform.REACH


def test_any_title_is_drawn_inside_the_picture(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(0.5))
    plain = picture(path)
    for title in ("", "x" * 500, "línea\nnueva\x1b[31m", "第一話"):
        pixels = picture(path, title)
        assert (pixels[waveform.TOP - 20 :] == plain[waveform.TOP - 20 :]).all()
        assert not has(pixels[: waveform.TOP - 20, : waveform.LEFT], waveform.INK).any()


def test_digital_silence_is_a_picture_too(tmp_path: Path) -> None:
    pixels = picture(write(tmp_path / "a.wav", silence(1.0)))
    assert has(pixels[waveform.TOP + 5, waveform.LEFT : waveform.RIGHT], waveform.SHADE).all()


@pytest.mark.parametrize(
    ("seconds", "step", "shown"),
    [(0, 1, "0:00"), (7.1, 0.1, "0:07.1"), (61, 1, "1:01"), (3723, 60, "1:02:03"), (59.96, 0.1, "1:00.0")],
)
def test_times_read_as_a_player_shows_them(seconds: float, step: float, shown: str) -> None:
    assert waveform.clock(seconds, step) == shown
