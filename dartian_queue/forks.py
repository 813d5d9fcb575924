"""What must happen around a fork of this process, in one place and one order. It knows nothing of who asks for it.

``os.register_at_fork`` alone is not enough: a hook that another thread registers while a fork is under way would be
called after it, but not before; and a module that another thread has half imported stays locked for ever in the child.
So hooks are registered, and what registers them is imported, with ``importing`` held, and a fork waits for that.
"""

import os
from collections.abc import Callable
from threading import RLock
from typing import NamedTuple

__all__ = ["around", "importing"]

importing = RLock()
"""Held while something is imported lazily that registers hooks, or that a forked child will want to import."""


class _Hooks(NamedTuple):
    before: Callable[[], None]
    in_parent: Callable[[], None]
    in_child: Callable[[], None]


_hooks: list[_Hooks] = []
_under_way: list[tuple[_Hooks, ...]] = []
"""The hooks of each fork that has begun: one, unless a signal's handler forks in the middle of another."""


def _nothing() -> None: ...


def around(
    *,
    before: Callable[[], None] = _nothing,
    in_parent: Callable[[], None] = _nothing,
    in_child: Callable[[], None] = _nothing,
) -> None:
    """Call these around every fork: for each fork all of them or none. The last registered is called before first."""
    with importing:
        _hooks.append(_Hooks(before, in_parent, in_child))


def _before() -> None:
    importing.acquire()
    hooks = tuple(_hooks)
    _under_way.append(hooks)
    for hook in reversed(hooks):
        hook.before()


def _in_parent() -> None:
    try:
        for hook in _under_way.pop():
            hook.in_parent()
    finally:
        importing.release()


def _in_child() -> None:
    try:
        for hook in _under_way.pop():
            hook.in_child()
    finally:
        importing.release()


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
