"""A password that every test's environment holds in URLs, and that nothing may ever show."""

import os

CANARY = "c4n4ry-pa55word"
URL = f"vault://shop:{CANARY}@db.invalid:5432/queue"


def sing() -> None:
    """Put the canary where applications keep their passwords, for this process and all that it starts."""
    os.environ["DATABASE_URL"] = URL


def refuse(text: str | bytes, what: str) -> None:
    """Fail where the canary is shown."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    at = data.find(CANARY.encode())
    if at >= 0:
        raise AssertionError(f"{what} shows a password: {data[max(0, at - 200) : at + 100]!r}")
