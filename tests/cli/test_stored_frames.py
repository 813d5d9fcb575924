"""Stored tracebacks, with the frames of the application's own code."""

import pytest

from dartian_cli.stored_frames import own_frames

ROOT = "/srv/shop"
CAUSE = """\
Traceback (most recent call last):
  File "/usr/lib/python3.11/json/decoder.py", line 353, in raw_decode
    obj, end = self.scan_once(s, idx)
StopIteration: 0

The above exception was the direct cause of the following:

Traceback (most recent call last):
  File "/srv/shop/.venv/lib/python3.11/site-packages/dartian_queue/attempt.py", line 86, in perform
    run_handle(job)
  File "/srv/shop/app/jobs/few.py", line 7, in Bad.handle
    json.loads("{")
  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads
ValueError: two
lines
"""


def test_frames_of_others_go_and_all_else_stays() -> None:
    lines, left_out = own_frames(CAUSE, ROOT, all_frames=False)
    assert left_out == 3
    assert lines == [
        "Traceback (most recent call last):",
        "StopIteration: 0",
        "",
        "The above exception was the direct cause of the following:",
        "",
        "Traceback (most recent call last):",
        '  File "/srv/shop/app/jobs/few.py", line 7, in Bad.handle',
        '    json.loads("{")',
        "ValueError: two",
        "lines",
    ]


@pytest.mark.parametrize(("text", "root", "all_frames"), [(CAUSE, ROOT, True), (CAUSE, "/elsewhere", False)])
def test_all_frames_stay_where_they_are_wanted_or_none_is_the_applications(
    text: str, root: str, all_frames: bool
) -> None:
    assert own_frames(text, root, all_frames=all_frames) == (text.splitlines(), 0)


def test_what_is_no_traceback_stays_as_it_is() -> None:
    assert own_frames("", ROOT, all_frames=False) == ([], 0)
    assert own_frames("killed by SIGKILL", ROOT, all_frames=False) == (["killed by SIGKILL"], 0)
