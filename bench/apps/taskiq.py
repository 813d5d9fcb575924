"""Taskiq on Redis: over a stream or a list, as the environment says."""

import os
from contextlib import asynccontextmanager

from taskiq_redis import ListQueueBroker, RedisStreamBroker

from bench.marks import PAD, mark

kind = ListQueueBroker if os.environ["BENCH_VARIANT"] == "list" else RedisStreamBroker
queue = kind(os.environ["BENCH_REDIS"])


@queue.task
async def noop(sent_at: int, pad: str):
    mark(sent_at)


@asynccontextmanager
async def opened():
    await queue.startup()
    yield
    await queue.shutdown()


async def send(sent_at):
    await noop.kiq(sent_at, PAD)
