"""What the configuration consists of: frozen structs whose values are checked where they are made.

They never read a file or the environment; config.py puts them together.
"""

import os
from collections.abc import Callable, Sequence
from typing import Literal, cast

import msgspec

from dartian_queue.delays import Backoff, Duration, seconds
from dartian_queue.errors import ConfigError, InvalidOption, did_you_mean, quoted, shown
from dartian_queue.options import DEFAULT_LIMITS, QUEUE, Limits, parse_limits
from dartian_queue.urls import masked, sealed

__all__ = [
    "CONFIG_FILE",
    "DEFAULT_STORE",
    "DRIVERS",
    "Config",
    "Connection",
    "Durability",
    "Settings",
    "listed_twice",
    "named",
]

DRIVERS = ("isolate", "sync")
DEFAULT_STORE = "storage/queue.sqlite3"
CONFIG_FILE = "config/queue.py"
Durability = Literal["power", "process"]


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One configured driver."""

    driver: str
    """``isolate`` or ``sync``."""
    store: str = DEFAULT_STORE
    """A path, relative to the application's root, or a URL, which never shows its password; ``sync`` has none."""
    queue: str = "default"
    """The queue of jobs that name none."""
    durability: Durability = "power"
    """What a dispatched job survives: a power cut, or only the end of any process, for ten times the speed."""
    companion: bool = True
    """Whether a process that finds no live worker starts one of its own."""
    drain_timeout: Duration = 25.0
    """Seconds for which a script that has ended waits for the jobs that it dispatched."""
    isolates: int = 0
    """How many isolates a worker has; 0 for one a usable CPU."""
    isolate_jobs: int = 0
    """After how many jobs an isolate is replaced; 0 for never."""
    isolate_age: Duration = 0.0
    """Seconds after which an isolate that has ended a job is replaced; 0 for never."""
    memory: int = 0
    """Megabytes that an isolate may have, the application's among them; 0 without bound."""
    wait: Duration = 10.0
    """Seconds to wait for a locked store before StoreBusy."""
    poll: Duration = 1.0
    """Seconds after which a worker looks for jobs when nothing has woken it."""
    name: str = ""
    """Its key in ``connections``; set by the configuration."""

    def __post_init__(self) -> None:
        _refuse_unless(self.driver in DRIVERS, "driver", self.driver, _near("isolate or sync", self.driver, DRIVERS))
        _refuse_unless(
            isinstance(cast("object", self.store), str) and bool(self.store), "store", self.store, "a path or URL"
        )
        _refuse_unless(
            type(self.queue) is str and QUEUE.fullmatch(self.queue) is not None,
            "queue",
            self.queue,
            "1 to 64 letters, digits or _ . : -",
        )
        _refuse_unless(self.durability in ("power", "process"), "durability", self.durability, '"power" or "process"')
        _refuse_unless(type(self.companion) is bool, "companion", self.companion, "True or False")
        _refuse_unless(
            type(self.isolates) is int and 0 <= self.isolates <= 256,
            "isolates",
            self.isolates,
            "a number from 0 to 256",
        )
        for name in ("isolate_jobs", "memory"):
            value: object = getattr(self, name)
            _refuse_unless(type(value) is int and 0 <= value <= 1_000_000_000, name, value, "a whole number from 0")
        _take_seconds(self, "drain_timeout", "wait", "poll", "isolate_age")
        msgspec.structs.force_setattr(self, "store", sealed(self.store))


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What config/queue.py says; each value has the default that holds without it."""

    default: str = "isolate"
    """The connection of jobs that name none; QUEUE_DRIVER wins over it."""
    jobs: list[str] | None = None
    """The packages that hold the jobs; None for what pyproject.toml says, else ``app.jobs``."""
    connections: dict[str, Connection] = {}
    """Connections by name. A driver is one under its own name, with the defaults, where no other is called so."""
    tries: int = 1
    """Attempts that may end in an error, for jobs that do not say; 0 without bound."""
    backoff: Backoff = msgspec.field(default_factory=lambda: DEFAULT_LIMITS.backoff or 0.0)
    """Seconds before the next try, a sequence of them, or ``exponential(base, cap)``; for jobs that do not say."""
    timeout: Duration = 60.0
    """Seconds that an attempt may take, for jobs that do not say; 0 without bound."""
    fail_on_timeout: bool = False
    """Whether a timeout is final, for jobs that do not say."""
    max_payload: int = 1024 * 1024
    """Bytes of JSON that a job's fields may take."""
    grace: Duration = 25.0
    """Seconds for which a stopping worker lets running jobs finish."""
    lease: Duration = 30.0
    """Seconds after which the claims of a worker that was cut off are taken over; renewed every third of it."""
    done_kept: Duration = 24 * 3600.0
    """Seconds for which jobs that are done are kept."""
    failed_kept: Duration = 7 * 24 * 3600.0
    """Seconds for which jobs that have failed, or were cancelled, are kept."""

    def __post_init__(self) -> None:
        _refuse_unless(type(self.default) is str, "default", self.default, "the name of a connection")
        _take_seconds(self, "grace", "lease", "done_kept", "failed_kept")
        _refuse_unless(seconds("lease", self.lease) >= 3, "lease", self.lease, "at least 3 seconds")
        _refuse_unless(
            type(self.max_payload) is int and self.max_payload > 0, "max_payload", self.max_payload, "a number of bytes"
        )
        if self.jobs is not None:
            _check_jobs(self.jobs)
        limits = self.limits()
        msgspec.structs.force_setattr(self, "backoff", limits.backoff)
        msgspec.structs.force_setattr(self, "timeout", limits.timeout)

    def limits(self) -> Limits:
        """Return what bounds attempts where dispatch, class and worker are silent."""
        given = {name: getattr(self, name) for name in ("tries", "backoff", "timeout", "fail_on_timeout")}
        return parse_limits("Config", given).over(DEFAULT_LIMITS)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All of the configuration, put together."""

    root: str
    root_from: str
    """Which rule found the root, in words."""
    config: Config
    config_file: str
    """The path of config/queue.py, empty where there is none."""
    connections: dict[str, Connection]
    default: Connection
    default_from: str
    """What chose the default connection, in words."""
    store_from: str
    """What says where the default connection's store is, in words."""
    jobs: tuple[str, ...]
    import_paths: tuple[str, ...]
    """The folders from which the jobs packages are imported, as pyproject.toml implies them."""
    boot: Callable[[], object] | None = None
    isolate_started: Callable[[], object] | None = None
    attempt_ended: Callable[[], object] | None = None

    def connection(self, name: str | None) -> Connection:
        """Return the connection of that name, or the default one; a driver's name serves where no connection has it."""
        if name is None or name == self.default.name:
            return self.default
        return named(name, self.connections, "connection")

    def store_url(self, connection: Connection) -> str:
        """Return where the connection's store is: a URL as it stands, sealed, or an absolute path."""
        if "://" in connection.store or connection.store.startswith("memory:"):
            return connection.store
        return os.path.join(self.root, os.path.expanduser(connection.store.removeprefix("sqlite:")))

    def store_place(self, connection: Connection) -> str:
        """Return where the connection's store is, in the one form that two ways to write it share."""
        path = self.store_file(connection)
        return self.store_url(connection) if path is None else os.path.realpath(path)

    def store_file(self, connection: Connection) -> str | None:
        """Return the path of the connection's store; None where it is no file."""
        path = self.store_url(connection).removeprefix("sqlite://")
        return None if "://" in path or path.startswith("memory:") else path


def named(name: str, connections: dict[str, Connection], source: str) -> Connection:
    """Return the connection of that name; ConfigError lists what ``source`` could have named."""
    if name in connections:
        return connections[name]
    known = sorted({*connections, *DRIVERS})
    given = quoted(masked(name))  # where other queues take a URL, somebody writes one here
    raise ConfigError(
        f"{source} names {given}, no connection of {CONFIG_FILE} and no driver{did_you_mean(name, known)}\n"
        f"Name one that is there: {', '.join(known)}."
    )


def listed_twice(packages: Sequence[str]) -> str:
    """Return what is wrong with a list that has a jobs package twice, where another was meant; else an empty text."""
    twice = next((package for package in packages if packages.count(package) > 1), None)
    if twice is None:
        return ""
    return f"has {shown(twice)!r} twice\nKeep one of them, or write the package that was meant."


def _refuse_unless(holds: bool, name: str, value: object, rule: str) -> None:
    if not holds:
        given = quoted(masked(value) if isinstance(value, str) else value)
        raise InvalidOption(f"{name} takes {rule}, not {given}")


def _check_jobs(jobs: object) -> None:
    packages = list(cast("Sequence[object]", jobs) if type(jobs) in (list, tuple) else ())
    rule = 'a list of packages, such as ["app.jobs"]'
    _refuse_unless(bool(packages) and all(type(one) is str for one in packages), "jobs", jobs, rule)
    if clash := listed_twice(cast("list[str]", packages)):
        raise InvalidOption(f"jobs {clash}")


def _near(rule: str, value: object, known: tuple[str, ...]) -> str:
    hint = did_you_mean(value, known) if isinstance(value, str) else ""
    return f"{rule} ({hint.removeprefix('; ')})" if hint else rule


def _take_seconds(owner: msgspec.Struct, *names: str) -> None:
    """Turn timedeltas into seconds, in place while the struct is being made."""
    for name in names:
        try:
            value = seconds(name, getattr(owner, name))
        except ValueError as refusal:
            raise InvalidOption(str(refusal)) from None
        msgspec.structs.force_setattr(owner, name, value)
