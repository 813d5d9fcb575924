"""Whether the application's jobs can be imported, found and run. It imports them, as a worker does, and runs none."""

import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from types import ModuleType

from dartian_cli import application
from dartian_cli.checks.findings import failed, warning
from dartian_cli.wording import duration
from dartian_queue.delays import seconds
from dartian_queue.errors import DartianError, DuplicateJobName, JobDefinitionError, did_you_mean, shown
from dartian_queue.job import Job, options_of, what_is_missing
from dartian_queue.registry import Registry
from dartian_queue.settings import Settings
from dartian_queue.stores.store import Check, Finding

__all__ = ["import_jobs", "of_classes", "of_connections", "of_exports", "of_files", "of_origin", "of_timeouts"]

_LOOK = "dartian job:list -v"


def import_jobs(settings: Settings) -> tuple[Registry | None, list[Check]]:
    """Import the jobs, and return the checks that this answers; what they print goes to standard error."""
    imported, named, stored = "the jobs can be imported", "every job has a name of its own", "every field can be stored"
    try:
        with redirect_stdout(sys.stderr):
            registry = application.load_jobs(settings)
    except DuplicateJobName as error:
        return None, [Check(imported), failed(named, error)]
    except JobDefinitionError as error:
        return None, [Check(imported), failed(stored, error, _LOOK)]
    except DartianError as error:
        return None, [failed(imported, error, _LOOK)]
    return registry, [Check(f"{imported} ({len(registry)})"), Check(named), Check(stored)]


def of_origin(registry: Registry, settings: Settings) -> Check:
    """Check whether the jobs package is the application's own, where nobody has configured another."""
    title = "the jobs are those below the root"
    if settings.config.jobs is not None:
        return Check(title)
    found = tuple(
        warning(
            f"{package} is imported from {shown(file, 200)}",
            "That is not below the root: another project's package of this name stands before it, or is all there is.",
            "cd to the application, or set jobs= in config/queue.py",
        )
        for package in registry.packages
        if (file := _file_of(package)) and not file.startswith(settings.root + os.sep)
    )
    return Check(title, found)


def of_files(registry: Registry) -> Check:
    """Check for Python files below the jobs packages that no worker imports."""
    found = [
        warning(
            f"{shown(file, 200)} is not imported",
            "Its path holds a name that Python cannot import, so that its jobs are unknown to every worker.",
            "rename it, with letters, digits and _ only",
        )
        for package in registry.packages
        for file in _files_below(sys.modules[package])
        if file not in _imported()
    ]
    return Check("every file below the jobs packages is imported", tuple(found))


def of_classes(registry: Registry) -> Check:
    """Check for job classes that can neither be dispatched nor are extended by one that can."""
    found: list[Finding] = []
    for cls in _job_classes(registry):
        missing = what_is_missing(cls)
        if missing is not None and not cls.__subclasses__():
            why, _, remedy = missing.partition("\n")
            what = f"{cls.__module__}.{cls.__qualname__} cannot be dispatched"
            found.append(warning(shown(what, 200), f"{why[:1].upper()}{why[1:]}.", remedy))
    return Check("every job class can be dispatched", tuple(found))


def of_exports(registry: Registry) -> Check:
    """Check whether packages with an ``__all__`` name all their jobs there; one without is left alone."""
    found: list[Finding] = []
    for _, cls in registry.classes():
        package = _package_of(cls)
        listed: object = getattr(package, "__all__", None)
        if package is None or not isinstance(listed, list | tuple) or not listed or cls.__name__ in listed:
            continue
        what = f"{cls.__name__} is not in __all__ of {package.__name__}"
        why = f"from {package.__name__} import {cls.__name__} does not find it, as it finds the others."
        found.append(
            warning(what, why, f"add to {_place(package)}: from {cls.__module__} import {cls.__name__}, and its name")
        )
    return Check("every job is registered in its package", tuple(found))


def of_connections(registry: Registry, settings: Settings) -> Check:
    """Check whether the connections exist that classes name."""
    found: list[Finding] = []
    for name, cls in registry.classes():
        wanted = options_of(cls).connection
        if wanted is not None and wanted not in settings.connections:
            what = f"{name} has connection={shown(wanted)!r}, which does not exist"
            near = did_you_mean(wanted, set(settings.connections))
            known = f"There are: {', '.join(sorted(settings.connections))}{near}"
            found.append(Finding("error", what, "Every dispatch of it raises.", known))
    return Check("every connection that a job names exists", tuple(found))


def of_timeouts(registry: Registry, settings: Settings) -> Check:
    """Check for jobs that say that they may run for longer than a stopping worker lets them."""
    title = "every job may finish when a worker stops"
    grace = seconds("grace", settings.config.grace)
    own = {name: options_of(cls).timeout for name, cls in registry.classes()}
    long = {name: timeout for name, timeout in own.items() if timeout is not None and (timeout > grace or not timeout)}
    if not long:
        return Check(title)
    few = ", ".join(f"{name} (timeout={timeout:g})" for name, timeout in list(long.items())[:3])
    more = f" and {len(long) - 3} more" if len(long) > 3 else ""
    what = f"{few}{more} may run for longer than the {duration(grace)} that a stopping worker gives"
    why = "It is cut off then and begins anew, at no try, but with all of its work."
    longest = f"{max(long.values()):g}" if all(long.values()) else "SECONDS"
    return Check(title, (warning(what, why, f"dartian queue:work --grace {longest}, or grace= in config/queue.py"),))


def _job_classes(registry: Registry) -> Iterator[type[Job]]:
    """Return all job classes that modules of the jobs packages define at their top."""
    for name, module in sorted(sys.modules.items()):
        if any(f"{name}.".startswith(f"{package}.") for package in registry.packages):
            for value in tuple(vars(module).values()):
                if isinstance(value, type) and issubclass(value, Job) and value.__module__ == name:
                    yield value


def _files_below(package: ModuleType) -> Iterator[str]:
    for folder in getattr(package, "__path__", ()):
        for parent, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
            yield from (
                os.path.join(parent, name) for name in sorted(names) if name.endswith(".py") and name != "__main__.py"
            )


def _file_of(package: str) -> str:
    return getattr(sys.modules[package], "__file__", None) or ""


def _imported() -> set[str]:
    return {str(file) for module in tuple(sys.modules.values()) if (file := getattr(module, "__file__", None))}


def _package_of(cls: type[Job]) -> ModuleType | None:
    """Return the package that the class's module lies in; None where it is defined in the package itself."""
    parent = cls.__module__.rpartition(".")[0]
    module = sys.modules[cls.__module__]
    return None if hasattr(module, "__path__") else sys.modules.get(parent)


def _place(package: ModuleType) -> str:
    return shown(package.__name__.replace(".", "/") + "/__init__.py", 200)
