"""How this application's jobs are queued, and what is set up before they run."""

import os

from dartian_queue import Config

config = Config()


def boot() -> None:
    """Set Django up before the jobs are imported, since they use its models."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "station.settings")
    django.setup()


def isolate_started() -> None:
    """Let go of the connections that were opened before this isolate was forked."""
    from django.db import connections

    connections.close_all()


def attempt_ended() -> None:
    """Let go of the connections that have grown too old, as Django does after a request."""
    from django.db import close_old_connections

    close_old_connections()
