"""Recordings are read to the last bit, in blocks, and what is no whole PCM file is refused."""

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from app.recording import Recording, UnreadableRecording

from .sounds import RATE, sine, write


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_every_width_of_pcm_gives_the_codes_that_were_written(tmp_path: Path, bits: int) -> None:
    scale = 2 ** (bits - 1)
    codes = np.array([0, 1, -1, scale // 3, -(scale // 3), scale - 1, -scale])
    with Recording(write(tmp_path / "a.wav", codes / scale, bits=bits)) as recording:
        assert (recording.bits, recording.channels, recording.sample_rate, recording.frames) == (bits, 1, RATE, 7)
        assert recording.full_scale == scale
        assert np.concatenate(list(recording.blocks()))[:, 0].tolist() == codes.tolist()


def test_the_channels_of_stereo_are_columns(tmp_path: Path) -> None:
    with Recording(write(tmp_path / "a.wav", np.full(5, 0.5), np.full(5, -0.25))) as recording:
        assert np.concatenate(list(recording.blocks())).tolist() == [[16384, -8192]] * 5


@pytest.mark.parametrize("size", [1, 7, 1000, 16000, 99999])
def test_blocks_hold_everything_in_order_whatever_their_size(tmp_path: Path, size: int) -> None:
    ramp = np.arange(16000) / 32768
    with Recording(write(tmp_path / "a.wav", ramp)) as recording:
        blocks = list(recording.blocks(size))
    assert max(len(block) for block in blocks) <= size
    assert np.concatenate(blocks)[:, 0].tolist() == list(range(16000))


def test_ten_minutes_cost_no_more_memory_than_a_few_blocks(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.tile(sine(0.5), 600))
    assert path.stat().st_size > 19_000_000
    tracemalloc.start()
    try:
        with Recording(path) as recording:
            frames = sum(len(block) for block in recording.blocks())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert frames == 600 * RATE
    assert peak < 2_000_000


def test_a_file_that_was_cut_off_says_where(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(0.5, 2.0))
    path.write_bytes(path.read_bytes()[: 44 + RATE * 2 + 1])
    with Recording(path) as recording, pytest.raises(UnreadableRecording) as caught:
        list(recording.blocks())
    assert str(caught.value) == f"{path} ends after 1.00 s of 2.00 s\nThe upload was cut off: upload it again."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it ends before its header does"),
        (b"ID3\x04 an mp3, by its looks, with a name that ends in .wav", "file does not start with RIFF id"),
        (b"RIFF\x24\x00\x00\x00WAVE", "fmt chunk and/or data chunk missing"),
    ],
)
def test_what_is_no_wav_is_refused_with_the_way_to_make_one(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(UnreadableRecording) as caught:
        Recording(path)
    first, second = str(caught.value).splitlines()
    assert first == f"{path} is no WAV file that can be read: {reason}"
    assert second == "Save it as uncompressed PCM, for example: ffmpeg -i INPUT -c:a pcm_s16le OUTPUT.wav"


def header(*, format_tag: int = 1, rate: int = RATE, bits: int = 16, data: bytes = b"\0" * 8) -> bytes:
    fmt = struct.pack("<HHIIHH", format_tag, 1, rate, rate * bits // 8, bits // 8, bits)
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (header(format_tag=3, bits=32), "is no WAV file that can be read: unknown format: 3"),
        (header(bits=40), "has samples of 40 bit"),
        (header(rate=0), "says that it has 0 samples a second"),
        (header(data=b""), "holds no sound: it has a header and no samples"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(UnreadableRecording) as caught:
        Recording(path)
    assert str(caught.value).splitlines()[0] == f"{path} {told}"


def test_a_recording_that_is_not_there_is_a_plain_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Recording(tmp_path / "a.wav")
