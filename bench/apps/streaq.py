"""streaq on Redis: the one that runs an interrupted job again by itself, after a minute."""

import asyncio
import os

from streaq import Worker

from bench.marks import PAD, mark

worker = Worker(redis_url=os.environ["BENCH_REDIS"], concurrency=10)


@worker.task(ttl=0)
async def noop(sent_at: int, pad: str) -> None:
    mark(sent_at)


@worker.task(ttl=0)
async def long(seconds: float) -> None:
    mark(0)
    await asyncio.sleep(seconds)


def opened():
    return worker


async def send(sent_at):
    await noop.enqueue(sent_at, PAD)


async def send_long(seconds):
    await long.enqueue(seconds)
