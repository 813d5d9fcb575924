"""FetchFeed can be dispatched, and does its work."""

import httpx2
import pytest
from dartian_queue import dispatch, run_now
from dartian_queue.testing import FakeQueue
from pytest_django import DjangoCaptureOnCommitCallbacks

from podcasts.jobs import FetchFeed
from podcasts.models import Podcast
from subscribers.jobs import AnnounceEpisode

FEED = {"title": "Waves", "items": [{"id": "a", "title": "Sine"}, {"id": "b", "title": "Square"}]}


def make_job() -> FetchFeed:
    """Return a job to test with."""
    return FetchFeed(podcast_id=1)


def test_is_dispatched(queue: FakeQueue) -> None:
    """Dispatch it into the fake queue; no real store is written."""
    dispatch(make_job())

    queue.assert_dispatched(FetchFeed)


@pytest.mark.django_db
def test_does_its_work(
    queue: FakeQueue,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """Run it here and now, twice: what is new the first time is stored and announced once."""

    def get(url: str, **_options: object) -> httpx2.Response:
        return httpx2.Response(200, json=FEED, request=httpx2.Request("GET", url))

    monkeypatch.setattr(httpx2, "get", get)
    podcast = Podcast.objects.create(feed_url="https://waves.example/feed.json")

    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            run_now(FetchFeed(podcast.pk))

    podcast.refresh_from_db()
    assert podcast.title == "Waves"
    queue.assert_dispatched(AnnounceEpisode, times=2)
