"""The page takes bookmarks; what it dispatches is looked at, and nothing runs."""

from dartian_queue.testing import FakeQueue
from flask import Flask

from bookmarks.jobs import ReadTitle


def test_a_bookmark_is_added_and_its_page_will_be_read(app: Flask, queue: FakeQueue) -> None:
    """The job is dispatched when its bookmark is stored: it finds it, however early it begins."""
    answer = app.test_client().post("/", data={"url": "https://a.example"}, follow_redirects=True)

    assert '<a href="https://a.example">https://a.example</a>' in answer.text
    queue.assert_dispatched(ReadTitle, times=1, queue="pages", where=lambda job: job.bookmark_id == 1)


def test_what_is_no_address_is_refused(app: Flask, queue: FakeQueue) -> None:
    """Nothing is stored, and nothing dispatched."""
    assert app.test_client().post("/", data={"url": "javascript:alert()"}).status_code == 400

    queue.assert_nothing_dispatched()
