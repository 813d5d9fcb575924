"""The app as Django knows it."""

from django.apps import AppConfig


class SubscribersConfig(AppConfig):
    """People who want to hear of new episodes."""

    name = "subscribers"
