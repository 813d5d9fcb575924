"""Find a value of a type for a generated test. It knows nothing of what the job does with it."""

from collections.abc import Callable

import msgspec

from dartian_cli.annotations import Annotation, Import
from dartian_cli.literals import literal

__all__ = ["Sample", "sample_of"]

_DATETIME = frozenset({Import("datetime", "UTC"), Import("datetime", "datetime")})
_SCALARS: dict[str, tuple[str, frozenset[Import]]] = {
    "int": ("1", frozenset()),
    "str": ('"text"', frozenset()),
    "bool": ("True", frozenset()),
    "float": ("1.5", frozenset()),
    "bytes": ('b"data"', frozenset()),
    "None": ("None", frozenset()),
    "Decimal": ('Decimal("9.99")', frozenset({Import("decimal", "Decimal")})),
    "UUID": ('UUID("12345678-1234-4234-8234-123456789abc")', frozenset({Import("uuid", "UUID")})),
    "Path": ('Path("file.txt")', frozenset({Import("pathlib", "Path")})),
    "date": ("date(2026, 1, 2)", frozenset({Import("datetime", "date")})),
    "time": ("time(3, 4)", frozenset({Import("datetime", "time")})),
    "timedelta": ("timedelta(seconds=90)", frozenset({Import("datetime", "timedelta")})),
    "datetime": ("datetime(2026, 1, 2, 3, 4, tzinfo=UTC)", _DATETIME),
}


class Sample(msgspec.Struct, frozen=True):
    """An expression, and what it needs imported."""

    text: str
    imports: frozenset[Import] = frozenset()


def sample_of(annotation: Annotation, members: Callable[[Annotation], tuple[str, ...]]) -> Sample | None:
    """Return a value of the type, or None where only a person can know one.

    ``members`` gives the names of an Enum's members, and nothing for another class.
    """
    if annotation.head in _SCALARS:
        return Sample(*_SCALARS[annotation.head])
    if annotation.head == "Literal":
        return Sample(literal(annotation.values[0]))
    if annotation.head == "|":
        found = (sample_of(option, members) for option in annotation.args)
        return next((sample for sample in found if sample is not None), None)
    if annotation.is_own:
        names = members(annotation)
        return Sample(f"{annotation.head}.{names[0]}", annotation.imports()) if names else None
    return _container(annotation, members)


def _container(annotation: Annotation, members: Callable[[Annotation], tuple[str, ...]]) -> Sample | None:
    items: list[Sample] = []
    for argument in annotation.args:
        if argument.head == "...":
            continue
        sample = sample_of(argument, members)
        if sample is None:
            return None
        items.append(sample)
    texts = [item.text for item in items]
    written = {
        "list": f"[{texts[0]}]",
        "set": f"{{{texts[0]}}}",
        "frozenset": f"frozenset({{{texts[0]}}})",
        "dict": f"{{{': '.join(texts)}}}",
        "tuple": f"({', '.join(texts)}{',' if len(texts) == 1 else ''})",
    }
    return Sample(written[annotation.head], frozenset[Import]().union(*(item.imports for item in items)))
