"""The job FetchFeed."""

from functools import partial
from typing import TypedDict, cast

import httpx2
from dartian_queue import Job, dispatch_many
from django.db import transaction

from podcasts.models import Episode, Podcast
from subscribers.jobs import AnnounceEpisode


class Item(TypedDict):
    """An episode in a JSON feed."""

    id: str
    title: str


class Feed(TypedDict):
    """What is read of a JSON feed: https://jsonfeed.org/version/1.1."""

    title: str
    items: list[Item]


class FetchFeed(Job, queue="feeds", tries=3, timeout=30):
    """Fetch the feed of a podcast, and have its new episodes announced."""

    podcast_id: int

    def handle(self) -> None:
        """Read the feed, then write in one short transaction: while a server is slow, nobody waits for the database."""
        podcast = Podcast.objects.get(pk=self.podcast_id)
        answer = httpx2.get(podcast.feed_url, follow_redirects=True, timeout=25).raise_for_status()
        feed = cast("Feed", answer.json())
        with transaction.atomic():
            podcast.title = feed["title"]
            podcast.save()
            new = [AnnounceEpisode(episode.pk) for episode in add_new_episodes(podcast, feed["items"])]
            transaction.on_commit(partial(dispatch_many, new))


def add_new_episodes(podcast: Podcast, items: list[Item]) -> list[Episode]:
    """Store the episodes that are not known yet, and return them."""
    found = [
        Episode.objects.get_or_create(podcast=podcast, guid=item["id"], defaults={"title": item["title"]})
        for item in items
    ]
    return [episode for episode, is_new in found if is_new]
