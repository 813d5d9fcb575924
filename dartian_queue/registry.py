"""Name -> job class: what the jobs packages define, found once, looked up exactly.

Names come from data, so a name is only ever looked up here, never imported. Modules are imported only because they
lie in a jobs package that configuration names. It never runs a job, and knows no store.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from types import ModuleType

import msgspec

from dartian_queue.errors import (
    BrokenJobs,
    ConfigError,
    DartianError,
    DuplicateJobName,
    JobDefinitionError,
    NotRegistered,
    UnknownJob,
    did_you_mean,
    shown,
)
from dartian_queue.fieldchecks import type_text
from dartian_queue.fields import JobField
from dartian_queue.job import Job, codec_of, fields_of, is_async, options_of, what_is_missing
from dartian_queue.options import option_text
from dartian_queue.settings import Settings

__all__ = ["FieldFacts", "JobDescription", "Registry", "load_application"]

_OUR_FOLDER = __file__.rpartition("/")[0] + "/"
_STANDARD_LIBRARY = os.__file__.rpartition("/")[0] + "/"


class FieldFacts(msgspec.Struct, frozen=True):
    """One field as it is shown: all of it is text; ``default`` is None where a value has to be given."""

    name: str
    type: str
    default: str | None


class JobDescription(msgspec.Struct, frozen=True):
    """One registered job as it is shown by ``dartian job:list`` and ``job:show``."""

    name: str
    class_name: str
    """Module and class, as ``app.jobs.process_podcast.ProcessPodcast``."""
    file: str
    line: int
    doc: str
    """The first line of the docstring."""
    fields: tuple[FieldFacts, ...]
    options: dict[str, str]
    """What the class, or one that it extends, says; nothing where it is silent."""
    is_async: bool


class Registry:
    """The job classes of an application, each under its name and its aliases."""

    def __init__(self, classes: Mapping[str, type[Job]] | None = None, packages: Sequence[str] = ()) -> None:
        """Hold ``classes`` under their names; DuplicateJobName if a name or an alias belongs to two."""
        self.packages = tuple(packages)
        self._classes: dict[str, type[Job]] = {}
        self._names: dict[type[Job], str] = {}
        self._known: dict[str, type[Job]] = {}
        for name, cls in (classes or {}).items():
            self.add(cls, name)

    @classmethod
    def load(cls, packages: Sequence[str]) -> "Registry":
        """Import each package, or single module, with all that lies below it, and hold the jobs defined there.

        BrokenJobs if a module cannot be imported; JobDefinitionError if a class cannot work, which includes two
        classes of one name.
        """
        registry = cls(packages=packages)
        for package in packages:
            for module in _modules(package):
                for job_class in _defined_in(module):
                    if job_class not in registry._names:
                        registry.add(job_class, _name(job_class, module, package))
        return registry

    def add(self, cls: type[Job], name: str) -> None:
        """Hold one more class; JobDefinitionError if its name is taken or its fields cannot be stored."""
        codec_of(cls)
        for known in (name, *options_of(cls).aliases):
            other = self._known.setdefault(known, cls)
            if other is not cls:
                raise DuplicateJobName(
                    f"two job classes have the name {shown(repr(known))}: {_place(other)} and {_place(cls)}\n"
                    f'Rename one, or give it a name of its own: class {cls.__name__}(Job, name="...")'
                )
        self._classes[name] = cls
        self._names[cls] = name

    def names(self) -> tuple[str, ...]:
        """Return the names of all job classes, sorted, without aliases."""
        return tuple(sorted(self._classes))

    def known_names(self) -> frozenset[str]:
        """Return every name that ``get`` understands, aliases among them: what a worker may claim."""
        return frozenset(self._known)

    def classes(self) -> Iterator[tuple[str, type[Job]]]:
        """Iterate over names and classes, sorted by name."""
        return ((name, self._classes[name]) for name in self.names())

    def get(self, name: str) -> type[Job]:
        """Return the class of exactly this name or alias; UnknownJob if there is none."""
        found = self._known.get(name)
        if found is not None:
            return found
        if not self._known:
            where = ", ".join(self.packages) or "no jobs package"
            raise UnknownJob(
                f"no job is called {shown(repr(name))}: there are no jobs ({where})\ndartian make:job makes one."
            )
        hint = did_you_mean(name, frozenset(self._known))
        raise UnknownJob(f"no job is called {shown(repr(name))}{hint}\nSee all of them: dartian job:list")

    def name_of(self, cls: type[Job]) -> str:
        """Return the name under which jobs of this class are stored; NotRegistered if a worker could not find it."""
        name = self._names.get(cls)
        if name is not None:
            return name
        raise NotRegistered(self._not_registered(cls))

    def recognise(self, cls: type[Job]) -> str:
        """Return the name that ``load`` would give this class, without importing anything; else NotRegistered.

        Two classes of one name are not noticed here, so that a module may be loaded anew while a program runs.
        """
        if cls not in self._names:
            module = sys.modules.get(cls.__module__)
            package = next((one for one in self.packages if f"{cls.__module__}.".startswith(f"{one}.")), None)
            if module is not None and package is not None and cls in _defined_in(module):
                self._names[cls] = _name(cls, module, package)
        return self.name_of(cls)

    def describe(self, name: str) -> JobDescription:
        """Return what is known of one job, as text to show; UnknownJob if there is none of this name."""
        cls = self.get(name)
        return JobDescription(
            name=self.name_of(cls),
            class_name=f"{cls.__module__}.{cls.__qualname__}",
            file=_file(cls),
            line=_line(cls),
            doc=(cls.__doc__ or "").strip().partition("\n")[0],
            fields=tuple(
                FieldFacts(entry.name, type_text(entry.read_type()), _default(entry)) for entry in fields_of(cls)
            ),
            options=_options(cls),
            is_async=is_async(cls),
        )

    def __contains__(self, cls: type[Job]) -> bool:
        return cls in self._names

    def __len__(self) -> int:
        return len(self._classes)

    def _not_registered(self, cls: type[Job]) -> str:
        title = cls.__qualname__
        if (why := what_is_missing(cls)) is not None:
            return f"{title} cannot be dispatched: {why}"
        namesake = next((other for other in self._names if other.__qualname__ == title), None)
        if namesake is not None and namesake.__module__ == cls.__module__:
            return f"{title} is not the class that was registered: its module was loaded anew\nStart the program again."
        if cls.__module__ == "__main__":
            where = "app/jobs" if not self.packages else self.packages[0].replace(".", "/")
            return (
                f"{title} is defined in the program that runs, where no worker can find it\n"
                f"Move it to a module below {where}, or to one that you name: "
                f'dartian_queue.configure(jobs=["the.module"])'
            )
        if "<locals>" in title or "." in title:
            return f"{title} is not at the top of its module, where no worker can find it\nMove it there."
        named = ", ".join(f'"{module}"' for module in (*self.packages, cls.__module__))
        return (
            f"{title} is defined in {cls.__module__}, which is not one of the jobs packages "
            f"({', '.join(self.packages) or 'there are none'})\n"
            f"Move it below one, or name them all in config/queue.py, which a worker reads too: Config(jobs=[{named}])"
        )


def load_application(settings: Settings) -> Registry:
    """Run the application's ``boot()`` and import its jobs; a DartianError says what is broken, for its author."""
    if settings.boot is not None:
        try:
            settings.boot()
        except DartianError:
            raise
        except Exception as error:
            from dartian_queue.outcome import report_of

            report, place = report_of(error, root=settings.root), shown(settings.config_file, 200)
            raise ConfigError(f"boot() in {place} raised {report.type}: {report.message}\n{report.where}") from error
    return Registry.load(settings.jobs)


def _modules(package: str) -> Iterator[ModuleType]:
    """Import a package and all modules below it, one after the other."""
    if not all(part.isidentifier() for part in package.split(".")):
        raise BrokenJobs(
            f"the jobs package {shown(repr(package))} has no name that Python could import\n"
            f"Name it with dots, as in an import: shop.jobs"
        )
    waiting = [package]
    while waiting:
        module = _imported(waiting.pop(), package)
        yield module
        waiting += (f"{module.__name__}.{name}" for name in sorted(_names_below(module), reverse=True))


def _names_below(module: ModuleType) -> set[str]:
    """Return the names of the modules and packages right below, among them folders that have no ``__init__.py``."""
    from pkgutil import iter_modules

    folders: list[str] = list(getattr(module, "__path__", ()))
    names = {found.name for found in iter_modules(folders)}
    for folder in folders:
        with suppress(OSError):  # inside an archive
            names |= {entry.name for entry in os.scandir(folder) if entry.name.isidentifier() and _holds_python(entry)}
    return names - {"__main__", "__pycache__"}  # importing __main__ would run it


def _holds_python(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir() and any(name.endswith(".py") for _, _, names in os.walk(entry.path) for name in names)


def _imported(name: str, package: str) -> ModuleType:
    try:
        return import_module(name)
    except JobDefinitionError as error:  # its message has named class and field; the place is what it lacks
        raise type(error)(f"{error}{_file_and_line(error)}") from _with_frames_of_the_user(error)
    except (Exception, SystemExit) as error:
        raise BrokenJobs(_broken(name, package, error)) from _with_frames_of_the_user(error)


def _broken(name: str, package: str, error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
        missing = shown(repr(error.name))
        return (
            f"the jobs package {shown(repr(package))} cannot be imported: there is no module {missing}\n"
            f"Start from the application's root, or set DARTIAN_ROOT; in a project without jobs so far: dartian init"
        )
    told = shown(f"{type(error).__name__}: {_message(error)}", 200)
    return f"the jobs module {shown(repr(name))} cannot be imported: {told}{_file_and_line(error)}"


def _message(error: BaseException) -> str:
    return str(error.msg) if isinstance(error, SyntaxError) else str(error)


def _file_and_line(error: BaseException) -> str:
    """Return the deepest place in the user's own code as one more line, empty if there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"\n{shown(error.filename, 200)}:{error.lineno}"
    place, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not _is_ours(file) and not _is_of_a_library(file):
            place = f"\n{shown(file, 200)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _with_frames_of_the_user(error: BaseException) -> BaseException:
    """Drop the frames of this module and of the import system from the front of the traceback."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return error.with_traceback(trace)


def _is_ours(file: str) -> bool:
    return file.startswith((_OUR_FOLDER, "<frozen importlib")) or file.endswith("/importlib/__init__.py")


def _is_of_a_library(file: str) -> bool:
    return file.startswith(_STANDARD_LIBRARY) or "/site-packages/" in file or "/dist-packages/" in file


def _defined_in(module: ModuleType) -> Iterator[type[Job]]:
    """Return the job classes that this very module defines and that can be dispatched, in their order."""
    for value in tuple(vars(module).values()):
        if not isinstance(value, type) or not issubclass(value, Job) or value is Job:
            continue
        if value.__module__ == module.__name__ and what_is_missing(value) is None:
            yield value


def _name(cls: type[Job], module: ModuleType, package: str) -> str:
    """Return the packages below the jobs package and the class, without the module that it happens to lie in."""
    if explicit := options_of(cls).name:
        return explicit
    parts = module.__name__.split(".")[len(package.split(".")) :]
    if not hasattr(module, "__path__"):
        parts = parts[:-1]
    return ".".join((*parts, cls.__name__))


def _default(entry: JobField) -> str | None:
    if entry.default_factory is not None:
        return f"{getattr(entry.default_factory, '__name__', 'factory')}()"
    return shown(repr(entry.default)) if entry.has_default else None


def _options(cls: type[Job]) -> dict[str, str]:
    options = options_of(cls)
    said = {name: getattr(options, name) for name in options.__struct_fields__}
    return {name: shown(option_text(value), 200) for name, value in said.items() if value is not None and value != ()}


def _line(cls: type[Job]) -> int:
    """Return the line of the class statement; inspect, which finds it, is imported for this alone."""
    from inspect import findsource

    try:
        return findsource(cls)[1] + 1
    except (OSError, TypeError, IndexError):
        return 1


def _place(cls: type[Job]) -> str:
    return f"{shown(_file(cls), 120)} ({cls.__qualname__})"


def _file(cls: type[Job]) -> str:
    module = sys.modules.get(cls.__module__)
    return getattr(module, "__file__", None) or cls.__module__
