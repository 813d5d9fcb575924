"""Where jobs are queued and how they are run by default: config/queue.py, .env, the environment and configure().

``current()`` puts them together once, into frozen Settings. ``.env`` is never written into os.environ, and a
password in a URL is never shown.
"""

import os
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict, TypeVar, cast

import msgspec

from dartian_queue.config_file import config_of, hook_of, read_dotenv, run_config
from dartian_queue.delays import Backoff, Duration
from dartian_queue.errors import ConfigError, InvalidOption, did_you_mean, shown
from dartian_queue.forks import around
from dartian_queue.root import find_root, jobs_packages
from dartian_queue.settings import CONFIG_FILE, DRIVERS, Config, Connection, Durability, Settings, named
from dartian_queue.urls import revealed, sealed

if TYPE_CHECKING:
    from typing import Unpack

__all__ = [
    "Config",
    "Connection",
    "Overrides",
    "Settings",
    "adopt",
    "adopted_origin",
    "configure",
    "configured",
    "current",
    "env",
    "handover",
    "on_change",
    "reset",
]

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class Overrides(TypedDict, total=False):
    """The keywords of configure()."""

    root: str
    driver: str
    jobs: list[str]
    store: str
    queue: str
    durability: Durability
    companion: bool
    drain_timeout: Duration
    isolates: int
    isolate_jobs: int
    isolate_age: Duration
    memory: int
    wait: Duration
    poll: Duration
    tries: int
    backoff: Backoff
    timeout: Duration
    fail_on_timeout: bool
    max_payload: int
    grace: Duration
    lease: Duration
    done_kept: Duration
    failed_kept: Duration


_DEFAULT = Config().default
_DEFAULT_STORE = Connection(driver=_DEFAULT).store
_overrides: dict[str, object] = {}
_current: Settings | None = None
_dotenv: dict[str, str] = {}
_listeners: list[Callable[[], None]] = []
_origin = ""
_loading = threading.RLock()


def configure(**overrides: "Unpack[Overrides]") -> None:
    """Configure in code; each call adds to the last, and wins over files and environment.

    ``driver`` names a connection of config/queue.py, or a driver; ``store``, ``queue`` and the other settings of a
    connection apply to the default one, ``companion`` to all. What was dispatched before stays where it was stored.
    """
    global _current
    for name in overrides:
        if name not in Overrides.__annotations__:
            known = list(Overrides.__annotations__)
            raise InvalidOption(f"configure() has no option {shown(name)!r}{did_you_mean(name, known)}")
    with _loading:
        _check(overrides)
        _overrides.update(overrides)
        if "store" in overrides:
            _overrides["store"] = sealed(overrides["store"])
        _current = None
    _tell()


def reset() -> None:
    """Forget configure() and what was loaded; for tests."""
    global _current, _origin
    with _loading:
        _origin = ""
        _overrides.clear()
        _dotenv.clear()
        _current = None
    _tell()


@contextmanager
def configured(**overrides: "Unpack[Overrides]") -> Generator[None]:
    """Configure for as long as the body lasts; for tests."""
    global _current
    before = dict(_overrides)
    configure(**overrides)
    try:
        yield
    finally:
        with _loading:
            _overrides.clear()
            _overrides.update(before)
            _current = None
        _tell()


def on_change(listener: Callable[[], None]) -> None:
    """Call ``listener`` whenever the configuration is changed by configure()."""
    _listeners.append(listener)


def _tell() -> None:
    for listener in _listeners:
        listener()


def current(near: str | None = None) -> Settings:
    """Return the settings, loaded on the first call.

    ``near`` is a file from which the root is looked for upwards, where neither configure() nor DARTIAN_ROOT says it:
    the module of a job that is being dispatched.
    """
    global _current
    settings = _current
    if settings is None:
        with _loading:
            settings = _current = _current or _load(near)
    return settings


def env(name: str, default: str = "") -> str:
    """Return a variable of the environment, else of .env, else ``default``; for config/queue.py."""
    if name in os.environ:
        return os.environ[name]
    return _dotenv.get(name, default)


class _Handover(msgspec.Struct):
    overrides: dict[str, object]
    path: list[str]
    origin: str


def handover(settings: Settings, origin: str = "") -> str:
    """Return what another process needs to come to the same settings, as JSON for ``adopt``.

    What is dispatched there counts as dispatched by ``origin``, or by the origin that this process has adopted.
    """
    path = [entry or os.getcwd() for entry in sys.path]
    overrides = {name: _plain(value) for name, value in _overrides.items()}
    overrides["root"] = settings.root
    return msgspec.json.encode(_Handover(overrides, path, origin or _origin)).decode()


def adopt(text: str) -> Settings:
    """Take over the settings and import path of the process that called ``handover``.

    This process then belongs to a worker, so it never starts a companion.
    """
    global _origin
    message = msgspec.json.decode(text, type=_Handover)
    sys.path[:] = [*message.path, *(entry for entry in sys.path if entry and entry not in message.path)]
    overrides = cast("Overrides", message.overrides)
    if "backoff" in overrides:
        overrides["backoff"] = cast("Backoff", msgspec.convert(overrides["backoff"], type=Backoff))
    overrides["companion"] = False
    configure(**overrides)
    _origin = message.origin
    settings = current()
    for entry in reversed(settings.import_paths):
        # Where this process happened to have it is no place: behind site-packages another project's ``app`` would win.
        if entry not in message.path:
            sys.path.insert(0, entry)
    return settings


def adopted_origin() -> str:
    """Return the process for whose companion this one works, empty for none."""
    return _origin


def _load(near: str | None) -> Settings:
    root, root_from = find_root(cast("str | None", _overrides.get("root")), near)
    _dotenv.clear()
    _dotenv.update(read_dotenv(os.path.join(root, ".env")))
    path = os.path.join(root, CONFIG_FILE)
    namespace = run_config(path) if os.path.isfile(path) else {}
    config = _overridden(config_of(namespace, path) if namespace else Config(), Config)
    connections = _connections(config)
    default, default_from, store_from = _default_connection(config, connections)
    connections[default.name] = default
    jobs, import_paths = jobs_packages(root, config.jobs)
    return Settings(
        root=root,
        root_from=root_from,
        config=config,
        config_file=path if namespace else "",
        connections=connections,
        default=default,
        default_from=default_from,
        store_from=store_from,
        jobs=jobs,
        import_paths=import_paths,
        boot=hook_of(namespace, "boot", path),
        isolate_started=hook_of(namespace, "isolate_started", path),
        attempt_ended=hook_of(namespace, "attempt_ended", path),
    )


def _connections(config: Config) -> dict[str, Connection]:
    """Return the connections by name; a driver is one too, with its defaults, where none is called so."""
    given = {**{name: Connection(driver=name) for name in DRIVERS}, **config.connections}
    changes: dict[str, object] = {}
    if "companion" in _overrides:
        changes["companion"] = _overrides["companion"]
    elif companion := env("QUEUE_COMPANION"):
        changes["companion"] = _switch("QUEUE_COMPANION", companion)
    return {name: msgspec.structs.replace(connection, name=name, **changes) for name, connection in given.items()}


def _default_connection(config: Config, connections: dict[str, Connection]) -> tuple[Connection, str, str]:
    """Return the default connection, what chose it and what says where its store is, both in words."""
    if "driver" in _overrides:
        chosen, source = str(_overrides["driver"]), "configure()"
    elif os.environ.get("QUEUE_DRIVER"):
        chosen, source = os.environ["QUEUE_DRIVER"], "QUEUE_DRIVER"
    elif _dotenv.get("QUEUE_DRIVER"):
        chosen, source = _dotenv["QUEUE_DRIVER"], "QUEUE_DRIVER in .env"
    else:
        said = config.connections or config.default != _DEFAULT
        chosen, source = config.default, CONFIG_FILE if said else "the default"
    connection = named(chosen, connections, source)
    store_from = "the default" if connection.store == _DEFAULT_STORE else CONFIG_FILE
    if store := env("QUEUE_STORE"):
        connection, store_from = msgspec.structs.replace(connection, store=store), _found("QUEUE_STORE")
    if "store" in _overrides:
        store_from = "configure()"
    return _overridden(connection, Connection), source, store_from


def _found(name: str) -> str:
    """Return, in words, where a variable that is set was found."""
    return name if name in os.environ else f"{name} in .env"


def _switch(name: str, value: str) -> bool:
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off"):
        return False
    raise ConfigError(
        f"{_found(name)} takes 1 or 0, not {shown(value)!r}\nSet it to 0 for no companion, or take it away."
    )


def _overridden(given: _Struct, kind: type[_Struct]) -> _Struct:
    """Return ``given`` with what configure() said of its fields."""
    return _replaced(given, kind, _overrides)


def _replaced(given: _Struct, kind: type[_Struct], values: Mapping[str, object]) -> _Struct:
    changes = {name: value for name, value in values.items() if name in kind.__struct_fields__}
    return msgspec.structs.replace(given, **changes) if changes else given


def _check(overrides: Overrides) -> None:
    """Let a wrong value raise where configure() is called, and not at the first dispatch."""
    root: object = overrides.get("root", "")
    if not isinstance(root, str):
        raise InvalidOption(f"root takes the path of a folder, not {shown(root)}")
    _replaced(Config(), Config, overrides)
    _replaced(Connection(driver="isolate"), Connection, {**overrides, "driver": "isolate"})


def _plain(value: object) -> object:
    """Return an override as JSON can carry it to a process of ours: durations in seconds, a URL whole."""
    if isinstance(value, str):
        return revealed(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[object]", value)]
    return value


def _wait_for_loading() -> None:
    """Let no fork come between the loading of another thread, for which the child would wait for ever."""
    _loading.acquire()


around(before=_wait_for_loading, in_parent=_loading.release, in_child=_loading.release)
