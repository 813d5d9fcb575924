"""The two methods of a job class that Dartian calls, ``handle`` and ``failed``: what they take, checked at definition.

It only reads them, and never calls one.
"""

import types
from typing import Final

import msgspec

from dartian_queue.errors import JobDefinitionError
from dartian_queue.fieldchecks import type_text
from dartian_queue.fields import VARARGS, unwrapped

__all__ = ["Handle", "has_failed", "read_failed", "read_handle"]

GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200
_CONTEXT: Final = "JobContext"


class Handle(msgspec.Struct, frozen=True):
    """How the ``handle`` of a class is called."""

    is_async: bool
    takes_context: bool


def read_handle(cls: type) -> Handle | None:
    """Return how ``handle`` is called, None if the class has none; JobDefinitionError if it could not be called."""
    found = _find(cls, "handle")
    if found is None or getattr(found, "__isabstractmethod__", False):
        return None
    owner = f"{type_text(cls)}.handle"
    function = _method(owner, found)
    code = function.__code__
    if code.co_flags & (GENERATOR | ASYNC_GENERATOR):
        raise JobDefinitionError(
            f"{owner} is a generator: calling it would run nothing\n"
            f"Take the yield out; for progress write: for row in track(rows)"
        )
    parameters = _positional(
        owner, function, "def handle(self) -> None, or def handle(self, context: JobContext) -> None"
    )
    extra = [name for name in parameters if not _is_context(function, name)] or parameters[1:]
    if extra:
        wrong = extra[0]
        raise JobDefinitionError(
            f"{owner} takes {wrong!r}, but handle() takes nothing, or one parameter, context: JobContext\n"
            f"Make it a field: {wrong}: int in the class body, and self.{wrong} in handle()"
        )
    wrapper_is_async = isinstance(found, types.FunctionType) and bool(found.__code__.co_flags & COROUTINE)
    return Handle(
        is_async=wrapper_is_async or bool(code.co_flags & COROUTINE),
        takes_context=bool(parameters),
    )


def read_failed(cls: type) -> None:
    """Refuse a ``failed`` hook that could not be called with the error."""
    found = _find(cls, "failed")
    if found is None:
        return
    owner = f"{type_text(cls)}.failed"
    function = _method(owner, found)
    wanted = "def failed(self, error: BaseException) -> None"
    if function.__code__.co_flags & (GENERATOR | ASYNC_GENERATOR):
        raise JobDefinitionError(f"{owner} is a generator: calling it would run nothing\nWrite {wanted}")
    parameters = _positional(owner, function, wanted)
    if len(parameters) != 1 and not function.__code__.co_flags & VARARGS:
        raise JobDefinitionError(
            f"{owner} takes {len(parameters)} parameters, but it is called with one, the error\nWrite {wanted}"
        )


def has_failed(cls: type) -> bool:
    """Tell whether the class has a ``failed`` hook."""
    return _find(cls, "failed") is not None


def _find(cls: type, name: str) -> object | None:
    return next((owner.__dict__[name] for owner in cls.__mro__ if name in owner.__dict__), None)


def _method(owner: str, found: object) -> types.FunctionType:
    if isinstance(found, staticmethod | classmethod):
        kind = "staticmethod" if isinstance(found, staticmethod) else "classmethod"
        raise JobDefinitionError(f"{owner} is a {kind}, so it has no job to work on\nTake the @{kind} away.")
    function = unwrapped(found)
    if not isinstance(function, types.FunctionType):
        raise JobDefinitionError(f"{owner} is no method, but {type(found).__name__}\nWrite def or async def.")
    return function


def _positional(owner: str, function: types.FunctionType, wanted: str) -> list[str]:
    """Return the parameters after self that a call has to or may fill, in order."""
    code = function.__code__
    required_keywords = code.co_kwonlyargcount - len(function.__kwdefaults__ or {})
    takes_self = code.co_argcount > 0 or code.co_flags & VARARGS
    if required_keywords or not takes_self:
        wrong = "takes a keyword-only parameter" if required_keywords else "does not take self"
        raise JobDefinitionError(f"{owner} {wrong}\nWrite {wanted}")
    return list(code.co_varnames[1 : code.co_argcount])


def _is_context(function: types.FunctionType, name: str) -> bool:
    if name == "context":
        return True
    annotation = function.__annotations__.get(name)
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return text.strip("'\"").rpartition(".")[2] == _CONTEXT
