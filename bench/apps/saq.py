"""SAQ on Redis."""

import os
from contextlib import asynccontextmanager

from saq import Queue

from bench.marks import PAD, mark

queue = Queue.from_url(os.environ["BENCH_REDIS"])


async def noop(context, *, sent_at, pad):
    mark(sent_at)


settings = {"queue": queue, "functions": [noop], "concurrency": 10}


@asynccontextmanager
async def opened():
    await queue.connect()
    yield
    await queue.disconnect()


async def send(sent_at):
    await queue.enqueue("noop", sent_at=sent_at, pad=PAD)
