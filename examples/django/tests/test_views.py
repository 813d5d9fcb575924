"""The views take podcasts; what they dispatch is looked at, and nothing runs."""

import pytest
from dartian_queue.testing import FakeQueue
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from podcasts.jobs import FetchFeed

pytestmark = pytest.mark.django_db
FEED_URL = "https://waves.example/feed.json"


def test_a_podcast_is_taken_and_its_feed_will_be_fetched(
    client: Client, queue: FakeQueue, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """The job is dispatched by the commit, and not before."""
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/podcasts", {"feed_url": FEED_URL})
        queue.assert_nothing_dispatched()

    assert answer.status_code == 202
    queue.assert_dispatched(FetchFeed, times=1, queue="feeds", where=lambda job: job.podcast_id == answer.json()["id"])


def test_a_podcast_that_is_there_is_not_fetched_again(
    client: Client, queue: FakeQueue, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """It is the same podcast, and nothing is dispatched for it."""
    first = client.post("/podcasts", {"feed_url": FEED_URL})
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post("/podcasts", {"feed_url": FEED_URL}).json() == first.json()

    queue.assert_nothing_dispatched()


def test_what_is_no_address_is_refused(client: Client) -> None:
    """The answer says why."""
    assert client.post("/podcasts", {"feed_url": "no address"}).status_code == 400
