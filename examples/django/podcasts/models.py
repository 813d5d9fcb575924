"""Podcasts and their episodes."""

from django.db import models


class Podcast(models.Model):
    """A podcast, known by the address of its feed; the title is empty until that was fetched."""

    feed_url = models.URLField(unique=True)
    title = models.CharField(max_length=200, blank=True)


class Episode(models.Model):
    """An episode, known by the name that its feed has for it."""

    podcast = models.ForeignKey(Podcast, models.CASCADE, related_name="episodes")
    guid = models.CharField(max_length=500)
    title = models.CharField(max_length=200)

    class Meta:
        """A feed names an episode once."""

        constraints = (models.UniqueConstraint("podcast", "guid", name="one_episode_a_guid"),)
