"""The jobs of this application."""

from app.jobs.process_podcast import ProcessPodcast
from app.jobs.publish_podcasts import PublishPodcasts

__all__ = ["ProcessPodcast", "PublishPodcasts"]
