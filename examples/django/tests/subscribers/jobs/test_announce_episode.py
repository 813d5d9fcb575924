"""AnnounceEpisode can be dispatched, and does its work."""

import pytest
from dartian_queue import dispatch, run_now
from dartian_queue.testing import FakeQueue
from django.core.mail import EmailMessage

from podcasts.models import Episode, Podcast
from subscribers.jobs import AnnounceEpisode
from subscribers.models import Subscriber


def make_job() -> AnnounceEpisode:
    """Return a job to test with."""
    return AnnounceEpisode(episode_id=1)


def test_is_dispatched(queue: FakeQueue) -> None:
    """Dispatch it into the fake queue; no real store is written."""
    dispatch(make_job())

    queue.assert_dispatched(AnnounceEpisode)


@pytest.mark.django_db
def test_does_its_work(mailoutbox: list[EmailMessage]) -> None:
    """Run it here and now: the subscribers of this podcast, and nobody else, have a message."""
    waves, other = (Podcast.objects.create(feed_url=f"https://{name}.example", title=name) for name in ("Waves", "X"))
    Subscriber.objects.create(podcast=waves, email="ada@example.com")
    Subscriber.objects.create(podcast=other, email="bob@example.com")

    run_now(AnnounceEpisode(Episode.objects.create(podcast=waves, guid="a", title="Sine").pk))

    (message,) = mailoutbox
    assert (message.subject, message.bcc) == ("Waves: Sine", ["ada@example.com"])
