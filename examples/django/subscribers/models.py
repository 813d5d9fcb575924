"""Subscribers of podcasts."""

from django.db import models

from podcasts.models import Podcast


class Subscriber(models.Model):
    """Somebody who wants to hear of new episodes of one podcast."""

    podcast = models.ForeignKey(Podcast, models.CASCADE, related_name="subscribers")
    email = models.EmailField()
