"""The app as Django knows it."""

from django.apps import AppConfig


class PodcastsConfig(AppConfig):
    """Podcasts and their episodes."""

    name = "podcasts"
