"""Say in pyproject.toml where the jobs live: ``[tool.dartian]``, with every other byte as it was.

What has to be there is spliced in, and proven: the splice taken out gives the original, and TOML's own parser finds
nothing else changed. What is not understood is not edited; the error holds the lines to paste.
"""

import json
import re
from collections.abc import Sequence

from dartian_cli.errors import BrokenSource, Conflict, NotUnderstood, shown_path
from dartian_cli.toml import Table, parse_toml, table, texts

__all__ = ["jobs_setting", "with_jobs"]

_HEADER = re.compile(rb"[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*dartian[ \t]*\][ \t]*(#[^\r\n]*)?(?=\r?\n|\Z)")


def jobs_setting(folders: Sequence[str]) -> str:
    """Return the line that names the jobs folders."""
    written = [json.dumps(folder) for folder in folders]
    return f"jobs = {written[0] if len(written) == 1 else '[' + ', '.join(written) + ']'}"


def with_jobs(path: str, content: bytes | None, folders: Sequence[str]) -> bytes:
    """Return the file with its jobs folders named; the same bytes where they are.

    BrokenSource: it is no TOML. Conflict: it names other folders. NotUnderstood: its tables are written in a way that
    cannot be added to.
    """
    block = f"[tool.dartian]\n{jobs_setting(folders)}\n"
    if content is None:
        return block.encode()
    before = parse_toml(path, content)
    ours = table(before, "tool", "dartian")
    if "jobs" in ours:
        if texts(ours["jobs"]) == tuple(folders):
            return content
        raise Conflict(
            f"{shown_path(path)}: [tool.dartian] names its jobs already, and not {jobs_setting(folders)}\n"
            f"Change that line by hand."
        )
    newline = "\r\n" if b"\r\n" in content else "\n"
    at, text = _splice(content, block, jobs_setting(folders), newline)
    result = content[:at] + text.encode() + content[at:]
    if not _is_proven(path, result, before, folders) or result[:at] + result[at + len(text.encode()) :] != content:
        raise NotUnderstood(
            f"{shown_path(path)}: its tables are written in a way that is not edited by guesswork\n"
            f"Nothing was changed. Write [tool.dartian] into it, and below that:\n{jobs_setting(folders)}"
        )
    return result


def _splice(content: bytes, block: str, line: str, newline: str) -> tuple[int, str]:
    """Return where which text goes in: below the table's header, else at the end in a table of its own."""
    for header in _HEADER.finditer(content):
        if content[: header.start()].endswith((b"\n", b"\r\n")) or header.start() == 0:
            end = content.find(b"\n", header.end())
            return (end + 1, f"{line}{newline}") if end >= 0 else (len(content), f"{newline}{line}{newline}")
    apart = newline * 2 if content and not content.endswith(b"\n") else newline if content.strip() else ""
    if content.endswith((b"\n\n", b"\n\r\n")):
        apart = ""
    return len(content), apart + block.replace("\n", newline)


def _is_proven(path: str, result: bytes, before: Table, folders: Sequence[str]) -> bool:
    """Return whether the jobs folders are all that TOML's own parser finds changed."""
    try:
        after = parse_toml(path, result)
    except BrokenSource:
        return False
    jobs: object = folders[0] if len(folders) == 1 else list(folders)
    tool = {**table(before, "tool"), "dartian": {**table(before, "tool", "dartian"), "jobs": jobs}}
    return after == {**before, "tool": tool}
