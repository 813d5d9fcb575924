"""Taking a podcast, and showing what is known of it."""

from functools import partial

from dartian_queue import dispatch
from django import forms
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_POST

from podcasts.jobs import FetchFeed
from podcasts.models import Episode, Podcast


class PodcastForm(forms.Form):
    """What a client says of a podcast."""

    feed_url = forms.URLField(max_length=200, assume_scheme="https")


@require_POST
def add_podcast(request: HttpRequest) -> JsonResponse:
    """Store a podcast and answer at once; its feed, which may be slow, is fetched by a job.

    The job is dispatched when the transaction has been committed: no worker can look for a podcast before it is there.
    """
    form = PodcastForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=400)
    podcast, is_new = Podcast.objects.get_or_create(feed_url=form.cleaned_data["feed_url"])
    if is_new:
        transaction.on_commit(partial(dispatch, FetchFeed(podcast.pk)))
    return JsonResponse({"id": podcast.pk}, status=202)


@require_GET
def show_podcast(request: HttpRequest, podcast_id: int) -> JsonResponse:
    """Show a podcast and its episodes."""
    podcast = get_object_or_404(Podcast, pk=podcast_id)
    episodes = Episode.objects.filter(podcast=podcast).order_by("pk")
    return JsonResponse({"title": podcast.title, "episodes": [episode.title for episode in episodes]})
