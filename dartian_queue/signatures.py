"""The constructor of a job class as ``inspect`` shows it, for help(), editors and notebooks.

Apart, because ``inspect`` is imported only when somebody asks. It never decides how a constructor behaves.
"""

import inspect
from collections.abc import Mapping

from dartian_queue.fields import NO_DEFAULT, JobField

__all__ = ["signature_of"]


def signature_of(fields: Mapping[str, JobField]) -> inspect.Signature:
    """Return ``(podcast_id: int, quality: str = 'high') -> None`` for a class with these fields."""
    parameters = [_parameter(entry) for entry in fields.values()]
    parameters.sort(key=lambda parameter: parameter.kind)
    return inspect.Signature(parameters, return_annotation=None)


class _Factory:
    def __repr__(self) -> str:
        return "<factory>"


def _parameter(entry: JobField) -> inspect.Parameter:
    default: object = inspect.Parameter.empty
    if entry.default_factory is not None:
        default = _Factory()
    elif entry.default is not NO_DEFAULT:
        default = entry.default
    try:
        annotation = entry.read_type()
    except NameError:
        annotation = inspect.Parameter.empty
    kind = inspect.Parameter.KEYWORD_ONLY if entry.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(entry.name, kind, default=default, annotation=annotation)
