"""Which address is answered by which view."""

from django.urls import path

from podcasts.views import add_podcast, show_podcast
from subscribers.views import subscribe

urlpatterns = [
    path("podcasts", add_podcast),
    path("podcasts/<int:podcast_id>", show_podcast),
    path("podcasts/<int:podcast_id>/subscribers", subscribe),
]
