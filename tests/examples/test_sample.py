"""The recording that ships is the one whose origin and licence stand beside it."""

import hashlib
from pathlib import Path

RECORDINGS = Path(__file__).parents[2] / "app" / "recordings"


def test_the_sample_is_the_file_whose_digest_is_stated() -> None:
    digest = hashlib.sha256((RECORDINGS / "sense-and-sensibility.wav").read_bytes()).hexdigest()
    assert f"`{digest}`" in (RECORDINGS / "README.md").read_text()


def test_the_sample_is_small() -> None:
    assert (RECORDINGS / "sense-and-sensibility.wav").stat().st_size < 300_000
