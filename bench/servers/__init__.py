"""The servers that peers need: those that the environment names, those of this machine, or private ones."""

from bench.experiment import NotMeasured
from bench.servers.postgres import Postgres
from bench.servers.redis import Redis

__all__ = ["Servers"]


class Servers:
    """Opens each server when it is first asked for; a place of our own in it is emptied again, and taken away."""

    def __init__(self) -> None:
        self._open: dict[str, Redis | Postgres] = {}
        self._missing: dict[str, str] = {}

    def variables(self, name: str) -> dict[str, str]:
        """Return how a contender finds an empty place in this server; NotMeasured where there is none."""
        if not name:
            return {}
        server = self._server(name)
        server.clean()
        return {f"BENCH_{name.upper()}": server.url}

    def facts(self) -> dict[str, str]:
        """Return what the servers that were used say of themselves."""
        return {**self._missing, **{name: server.facts() for name, server in self._open.items()}}

    def close(self) -> None:
        """Take away all that was put into them, and end those that were started."""
        for server in self._open.values():
            server.close()
        self._open.clear()

    def _server(self, name: str) -> Redis | Postgres:
        if name in self._missing:
            raise NotMeasured(self._missing[name])
        if name not in self._open:
            try:
                self._open[name] = Redis() if name == "redis" else Postgres()
            except NotMeasured as reason:
                self._missing[name] = str(reason)
                raise
        return self._open[name]
