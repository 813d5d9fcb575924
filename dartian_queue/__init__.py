"""Background jobs: write a typed job, dispatch it from anywhere, work it in an isolate."""

TYPE_CHECKING = False  # as typing has it, whose import costs more than all the rest here
if TYPE_CHECKING:
    from dartian_queue.config import Config, Connection, configure, env
    from dartian_queue.context import JobContext, progress, track
    from dartian_queue.delays import exponential
    from dartian_queue.dispatch import dispatch, dispatch_many, run_now
    from dartian_queue.errors import (
        ConfigError,
        ConflictError,
        DartianError,
        DispatchFailed,
        DispatchUncertain,
        DuplicateId,
        InvalidOption,
        InvalidPayload,
        JobCrashed,
        JobDefinitionError,
        JobTimeout,
        NotRegistered,
        PayloadTooLarge,
        StoreBusy,
        StoreError,
        StoreFull,
        StoreUnusable,
        UnknownJob,
        UsageError,
    )
    from dartian_queue.fields import field
    from dartian_queue.job import Job
    from dartian_queue.receipt import Receipt, Receipts

__version__ = "0.1.0"

__all__ = [
    "Config",
    "ConfigError",
    "ConflictError",
    "Connection",
    "DartianError",
    "DispatchFailed",
    "DispatchUncertain",
    "DuplicateId",
    "InvalidOption",
    "InvalidPayload",
    "Job",
    "JobContext",
    "JobCrashed",
    "JobDefinitionError",
    "JobTimeout",
    "NotRegistered",
    "PayloadTooLarge",
    "Receipt",
    "Receipts",
    "StoreBusy",
    "StoreError",
    "StoreFull",
    "StoreUnusable",
    "UnknownJob",
    "UsageError",
    "configure",
    "dispatch",
    "dispatch_many",
    "env",
    "exponential",
    "field",
    "progress",
    "run_now",
    "track",
]

_HOMES = {
    "config": ("Config", "Connection", "configure", "env"),
    "context": ("JobContext", "progress", "track"),
    "delays": ("exponential",),
    "dispatch": ("dispatch", "dispatch_many", "run_now"),
    "fields": ("field",),
    "job": ("Job",),
    "receipt": ("Receipt", "Receipts"),
}
"""The module of each public name; the errors are in errors.py."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = next((module for module, names in _HOMES.items() if name in names), "errors")
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
