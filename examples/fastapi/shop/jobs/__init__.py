"""The jobs of this application."""

from shop.jobs.announce_order import AnnounceOrder

__all__ = [
    "AnnounceOrder",
]
