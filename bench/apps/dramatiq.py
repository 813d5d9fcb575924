"""Dramatiq on Redis."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.marks import PAD, mark

dramatiq.set_broker(RedisBroker(url=os.environ["BENCH_REDIS"]))


@dramatiq.actor
def noop(sent_at, pad):
    mark(sent_at)


def send(sent_at):
    noop.send(sent_at, PAD)
