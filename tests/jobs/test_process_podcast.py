"""ProcessPodcast, the example application's job."""

import json
from pathlib import Path

import pytest

from app.jobs import ProcessPodcast
from dartian_queue import DispatchFailed, InvalidPayload, dispatch, run_now
from dartian_queue.testing import FakeQueue

SAMPLE = Path(__file__).parents[2] / "app" / "recordings" / "sense-and-sensibility.wav"


def test_it_is_dispatched_to_the_media_queue(queue: FakeQueue) -> None:
    dispatch(ProcessPodcast(7, SAMPLE))
    queue.assert_dispatched(ProcessPodcast, times=1, where=lambda job: job.podcast_id == 7, queue="media")


def test_it_writes_the_facts_and_the_picture(tmp_path: Path) -> None:
    run_now(ProcessPodcast(7, SAMPLE, silence=-50.0, output=tmp_path / "public"))
    facts = json.loads((tmp_path / "public/7.json").read_text())
    assert facts == {
        "title": "sense-and-sensibility",
        "duration": 7.1,
        "sample_rate": 16000,
        "channels": 1,
        "bits": 16,
        "peak_dbfs": -7.49,
        "rms_dbfs": -24.41,
        "clips": 0,
        "silence": {"threshold_dbfs": -50.0, "start": 0.02, "end": 0.0},
    }
    assert (tmp_path / "public/7.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in (tmp_path / "public").iterdir()) == ["7.json", "7.png"]


def test_running_it_again_writes_the_same(tmp_path: Path) -> None:
    written: list[dict[str, bytes]] = []
    for _ in range(2):
        run_now(ProcessPodcast(7, SAMPLE, output=tmp_path))
        written.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})
    assert written[0] == written[1]
    assert sorted(written[0]) == ["7.json", "7.png"]


def test_a_recording_that_cannot_be_read_fails_without_another_try(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(SAMPLE.read_bytes()[:10_000])
    with pytest.raises(DispatchFailed, match=r"broken\.wav ends after 0\.31 s of 7\.10 s"):
        run_now(ProcessPodcast(7, broken, output=tmp_path / "public"))
    assert not (tmp_path / "public").exists()


def test_a_recording_that_is_not_there_yet_is_an_error_that_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_now(ProcessPodcast(7, tmp_path / "absent.wav", output=tmp_path))


def test_a_wrong_value_is_refused_before_it_is_stored(queue: FakeQueue) -> None:
    with pytest.raises(InvalidPayload, match="podcast_id"):
        dispatch(ProcessPodcast("seven", SAMPLE))  # type: ignore[arg-type] # that is the point
    queue.assert_nothing_dispatched()
