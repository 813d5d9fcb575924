"""Procrastinate on PostgreSQL."""

import os
from contextlib import asynccontextmanager

from procrastinate import App, PsycopgConnector

from bench.marks import PAD, mark

app = App(connector=PsycopgConnector(conninfo=os.environ["BENCH_POSTGRES"]))


@app.task(name="noop")
async def noop(sent_at, pad):
    mark(sent_at)


@asynccontextmanager
async def opened():
    async with app.open_async():
        yield


async def send(sent_at):
    await noop.defer_async(sent_at=sent_at, pad=PAD)


async def send_many(stamps):
    await noop.batch_defer_async(*[{"sent_at": sent_at, "pad": PAD} for sent_at in stamps])
