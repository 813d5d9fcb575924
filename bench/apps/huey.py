"""Huey: on Redis or on SQLite, as the environment says, without results."""

import os

from huey import RedisHuey, SqliteHuey

from bench.marks import PAD, mark

if os.environ["BENCH_VARIANT"] == "sqlite":
    huey = SqliteHuey("bench", filename=os.path.join(os.environ["BENCH_FOLDER"], "huey.sqlite3"), results=False)
else:
    huey = RedisHuey("bench", url=os.environ["BENCH_REDIS"], results=False)


@huey.task()
def noop(sent_at, pad):
    mark(sent_at)


def send(sent_at):
    noop(sent_at, PAD)
