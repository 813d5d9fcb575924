"""ReadTitle can be dispatched, and does its work."""

import httpx2
import pytest
from dartian_queue import dispatch, run_now
from dartian_queue.testing import FakeQueue
from flask import Flask

from bookmarks import database
from bookmarks.jobs import ReadTitle
from bookmarks.jobs.read_title import title_of


def make_job() -> ReadTitle:
    """Return a job to test with."""
    return ReadTitle(bookmark_id=1)


def test_is_dispatched(queue: FakeQueue) -> None:
    """Dispatch it into the fake queue; no real store is written."""
    dispatch(make_job())

    queue.assert_dispatched(ReadTitle)


def test_does_its_work(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run it here and now: the bookmark has its title."""

    def get(url: str, **_options: object) -> httpx2.Response:
        return httpx2.Response(200, html="<title>The queue</title>", request=httpx2.Request("GET", url))

    monkeypatch.setattr(httpx2, "get", get)
    with app.app_context():
        database.add("https://a.example")

    run_now(make_job())

    with app.app_context():
        assert database.find(1).title == "The queue"


def test_a_bookmark_that_is_not_there_is_an_error(app: Flask) -> None:
    """What a job raises reaches the test."""
    with pytest.raises(LookupError, match="there is no bookmark 1"):
        run_now(make_job())


@pytest.mark.parametrize(
    ("page", "title"),
    [("<TITLE lang=en>\n Q &amp; A\n</TITLE>", "Q & A"), ("<p>no title</p>", ""), ("<titles>no</titles>", "")],
)
def test_titles(page: str, title: str) -> None:
    """As pages have them."""
    assert title_of(page) == title
