"""The jobs of this application."""

from bookmarks.jobs.read_title import ReadTitle

__all__ = [
    "ReadTitle",
]
