"""arq on Redis, as it is configured by default but for results, which nobody keeps here."""

import os
from contextlib import asynccontextmanager

from arq import create_pool
from arq.connections import RedisSettings

from bench.marks import PAD, mark

settings = RedisSettings.from_dsn(os.environ["BENCH_REDIS"])
pool = None


async def noop(context, sent_at, pad):
    mark(sent_at)


class WorkerSettings:
    functions = [noop]  # noqa: RUF012 - as arq's documents write it
    redis_settings = settings
    keep_result = 0


@asynccontextmanager
async def opened():
    global pool
    pool = await create_pool(settings)
    yield
    await pool.aclose()


async def send(sent_at):
    await pool.enqueue_job("noop", sent_at, PAD)
