"""The jobs of this application."""

from podcasts.jobs.fetch_feed import FetchFeed

__all__ = [
    "FetchFeed",
]
