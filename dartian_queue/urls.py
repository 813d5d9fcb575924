"""URLs that may hold a password: wrapped when they are read, then shown without it. It opens none."""

import re
from typing import Self

from dartian_queue.errors import without_passwords

__all__ = ["SealedUrl", "masked", "revealed", "sealed"]

_AUTHORITY = re.compile(r"(://[^/:]*):.*@", re.DOTALL)
"""What may hold a password in a text that is one URL; nothing that should have been quoted ends it."""


class SealedUrl(str):
    """A URL that shows ``***`` for its password, as str, repr, format and JSON; ``revealed`` alone returns it whole."""

    __slots__ = ("_whole",)
    _whole: str

    def __new__(cls, url: str) -> Self:
        """Wrap a URL; one that is wrapped already stays as it is."""
        made = super().__new__(cls, masked(url))
        made._whole = revealed(url)
        return made

    def __eq__(self, other: object) -> bool:
        """Compare whole URLs: two passwords are two places."""
        return self._whole == (other._whole if isinstance(other, SealedUrl) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._whole)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce__(self) -> tuple[type["SealedUrl"], tuple[str]]:
        return SealedUrl, (self._whole,)


def masked(url: str) -> str:
    """Return a URL with its password hidden."""
    return without_passwords(_AUTHORITY.sub(r"\1:***@", str(url)))


def sealed(url: str) -> str:
    """Return a URL that never shows its password; one without any is returned as it is."""
    return url if isinstance(url, SealedUrl) or masked(url) == url else SealedUrl(url)


def revealed(url: str) -> str:
    """Return a URL whole, to open what it names."""
    return url._whole if isinstance(url, SealedUrl) else url  # pyright: ignore[reportPrivateUsage] # this file's own
