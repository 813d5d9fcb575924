"""How this application's jobs are queued. Every value shown here is the default."""

from dartian_queue import Config, Connection

config = Config(
    default="isolate",
    jobs=["app.jobs"],
    connections={
        "sync": Connection(driver="sync"),
        "isolate": Connection(driver="isolate", store="storage/queue.sqlite3"),
    },
)


def boot() -> None:
    """Run before the jobs are imported, for example django.setup()."""


def isolate_started() -> None:
    """Run in each isolate when it starts, for example to open a connection pool."""


def attempt_ended() -> None:
    """Run in an isolate after each attempt, for example to give back what a job has borrowed."""
