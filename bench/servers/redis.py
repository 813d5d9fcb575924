"""Redis: one of its numbered databases that nobody uses, since most peers do not let their keys be named."""

import shutil
from urllib.parse import urlsplit, urlunsplit

from bench.experiment import NotMeasured
from bench.servers.private import PrivateServer, free_port, server_address

try:
    import redis
except ModuleNotFoundError:  # then no peer that needs it is measured
    redis = None

__all__ = ["Redis"]

_VARIABLE = "DARTIAN_TEST_REDIS"
_DATABASES = range(15, 0, -1)


class Redis:
    """One database of a Redis server."""

    def __init__(self) -> None:
        if redis is None:
            raise NotMeasured("the Python package redis is not installed")
        self._private: PrivateServer | None = None
        address = server_address("Redis", _VARIABLE, "redis://127.0.0.1:6379", _answers, self._start)
        for number in _DATABASES:
            self.url = urlunsplit(urlsplit(address)._replace(path=f"/{number}"))
            self._client = redis.Redis.from_url(self.url)
            if self._client.dbsize() == 0:
                return
        raise NotMeasured("none of the databases 1 to 15 of the Redis server is empty")

    def clean(self) -> None:
        """Empty the database."""
        self._client.flushdb()

    def facts(self) -> str:
        """Return version and durability in words."""
        version = self._client.info("server")["redis_version"]
        kept = self._client.config_get("append*")
        synced = f"appendfsync {kept['appendfsync']}" if kept["appendonly"] == "yes" else "kept in memory alone"
        return f"Redis {version}, {synced}"

    def close(self) -> None:
        """Empty the database, and end a server of our own."""
        self._client.flushdb()
        self._client.close()
        if self._private is not None:
            self._private.close()

    def _start(self) -> str:
        if shutil.which("redis-server") is None:
            raise NotMeasured("there is no Redis server here")
        port = free_port()
        address = f"redis://127.0.0.1:{port}"
        self._private = PrivateServer("redis")
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]
        self._private.start(["redis-server", *options], lambda: _answers(address))
        return address


def _answers(address: str) -> bool:
    assert redis is not None
    try:
        with redis.Redis.from_url(address, socket_connect_timeout=2.0) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
