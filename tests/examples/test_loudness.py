"""Loudness, clipping and silence, against sounds for which they are known.

Tolerances: levels within 0.02 dB at 16 bit and above, 0.15 dB at 8 bit; silence within the window of 10 ms.
"""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.loudness import Measurement, Meter
from app.recording import Recording

from .sounds import RATE, silence, sine, write

ROOT = Path(__file__).parents[2]


def measure(path: Path, threshold: float = -40.0, size: int = 1 << 16) -> Measurement:
    with Recording(path) as recording:
        meter = Meter(recording, threshold)
        for block in recording.blocks(size):
            meter.add(block)
        return meter.result()


@pytest.mark.parametrize(("bits", "tolerance"), [(8, 0.15), (16, 0.02), (24, 0.02), (32, 0.02)])
@pytest.mark.parametrize(("amplitude", "peak"), [(1.0, 0.0), (0.5, -6.02), (0.1, -20.0)])
def test_the_rms_of_a_sine_lies_3_01_below_its_peak(
    tmp_path: Path, bits: int, tolerance: float, amplitude: float, peak: float
) -> None:
    measured = measure(write(tmp_path / "a.wav", sine(amplitude), bits=bits))
    assert measured.peak_dbfs == pytest.approx(peak, abs=tolerance)
    assert measured.rms_dbfs == pytest.approx(peak - 3.01, abs=tolerance)


def test_a_square_wave_has_an_rms_of_its_peak(tmp_path: Path) -> None:
    measured = measure(write(tmp_path / "a.wav", 0.5 * np.sign(sine(1.0, frequency=440.0) + 1e-9)))
    assert measured.peak_dbfs == measured.rms_dbfs == -6.02


def test_the_lowest_code_is_full_scale(tmp_path: Path) -> None:
    assert measure(write(tmp_path / "a.wav", np.array([0.0, -1.0, 0.0]))).peak_dbfs == 0.0


def test_rms_is_taken_over_all_channels_and_the_peak_over_the_loudest(tmp_path: Path) -> None:
    both = measure(write(tmp_path / "a.wav", sine(0.5), sine(0.5)))
    left = measure(write(tmp_path / "b.wav", sine(0.5), silence(1.0)))
    assert both.peak_dbfs == left.peak_dbfs == pytest.approx(-6.02, abs=0.02)
    assert both.rms_dbfs == pytest.approx(-9.03, abs=0.02)
    assert left.rms_dbfs == pytest.approx(-12.04, abs=0.02)


def test_digital_silence_has_no_level_and_is_null_in_json(tmp_path: Path) -> None:
    measured = measure(write(tmp_path / "a.wav", silence(2.0)))
    assert (measured.peak_dbfs, measured.rms_dbfs) == (None, None)
    assert (measured.silence.start, measured.silence.end) == (2.0, 2.0)
    assert '"peak_dbfs": null' in json.dumps(asdict(measured), allow_nan=False)


@pytest.mark.parametrize("size", [37, 160, 1000, 1 << 16])
def test_silence_at_both_ends_is_measured_to_a_window(tmp_path: Path, size: int) -> None:
    path = write(tmp_path / "a.wav", np.concatenate([silence(0.5), sine(0.5), silence(1.0), sine(0.5), silence(0.25)]))
    measured = measure(path, size=size)
    assert measured.duration == 3.75
    assert measured.silence.start == pytest.approx(0.5, abs=0.01)
    assert measured.silence.end == pytest.approx(0.25, abs=0.01)


def test_the_threshold_decides_what_is_silence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.concatenate([sine(0.005, 0.5), sine(0.5)]))  # RMS of -49 and -9 dBFS
    assert measure(path, -40.0).silence.start == pytest.approx(0.5, abs=0.01)
    assert measure(path, -55.0).silence.start == 0.0
    assert measure(path, -55.0).silence.threshold_dbfs == -55.0


def test_a_voice_on_one_channel_is_no_silence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", silence(1.0), sine(0.02))  # -37 dBFS alone, -40 over both
    assert measure(path, -38.0).silence.start == 0.0


def test_a_sound_in_the_last_part_of_a_window_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.concatenate([silence(1.0), np.full(50, 0.5)]))
    measured = measure(path)
    assert (measured.silence.start, measured.silence.end) == (1.0, 0.0)


def test_a_recording_shorter_than_a_window_is_measured(tmp_path: Path) -> None:
    measured = measure(write(tmp_path / "a.wav", np.array([0.5])))
    assert (measured.peak_dbfs, measured.silence.start, measured.silence.end) == (-6.02, 0.0, 0.0)


@pytest.mark.parametrize("level", [0.0, 3.0, float("nan")])
def test_a_threshold_above_full_scale_is_refused(tmp_path: Path, level: float) -> None:
    path = write(tmp_path / "a.wav", sine(0.5))
    with pytest.raises(ValueError, match=f"^silence is a level below 0 dBFS, not {level:g}$"):
        measure(path, level)


def runs(*lengths: int) -> NDArray[np.float64]:
    """Return runs at the limit, each between two quiet samples."""
    return np.concatenate([[0.0], *([*[1.0] * length, 0.0] for length in lengths)])


@pytest.mark.parametrize(
    ("samples", "clips"),
    [
        (runs(1, 2, 1, 2), 0),
        (runs(3), 1),
        (runs(3, 2, 50, 3), 3),
        (-runs(3, 4), 2),
        (np.ones(10), 1),
        (np.ones(2), 0),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_three_samples_in_a_row_at_the_limit_are_one_clip(
    tmp_path: Path, samples: NDArray[np.float64], clips: int, size: int
) -> None:
    assert measure(write(tmp_path / "a.wav", samples), size=size).clips == clips


def test_a_sine_that_just_reaches_full_scale_does_not_clip_and_one_driven_too_hard_does(tmp_path: Path) -> None:
    assert measure(write(tmp_path / "a.wav", sine(1.0))).clips == 0
    assert measure(write(tmp_path / "b.wav", sine(2.0))).clips == pytest.approx(2 * 1000, abs=1)


def test_what_is_measured_does_not_depend_on_the_size_of_the_blocks(tmp_path: Path) -> None:
    noise = np.random.default_rng(7).normal(0, 0.6, (RATE, 2))
    path = write(tmp_path / "a.wav", noise[:, 0], noise[:, 1])
    assert len({repr(measure(path, size=size)) for size in (1 << 16, 1601, 160, 97)}) == 1


def test_the_sample_recording_has_the_levels_that_its_readme_states() -> None:
    folder = ROOT / "app" / "recordings"
    measured = measure(folder / "sense-and-sensibility.wav")
    stated = (folder / "README.md").read_text()
    for fact in (
        f"{measured.duration:g} s",
        f"peak {measured.peak_dbfs:g} dBFS",
        f"RMS {measured.rms_dbfs:g} dBFS",
        f"{measured.silence.start:g} s and {measured.silence.end:g} s of silence",
    ):
        assert fact in stated
