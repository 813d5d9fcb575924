"""The jobs of this application."""

from subscribers.jobs.announce_episode import AnnounceEpisode

__all__ = [
    "AnnounceEpisode",
]
