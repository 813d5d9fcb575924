"""examples/flask under its real servers: gunicorn, whose workers are forked, and the one of `flask run`."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from dartian_queue.states import State
from tests.examples.gate import Gate
from tests.examples.site import Site
from tests.scene import PATIENCE, wait_for


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site("flask", tmp_path)
    yield made
    made.close()


def add(site: Site, gate: Gate, number: int) -> str:
    """Add a bookmark, and return the page that answers."""
    gate.pages[f"/{number}"] = f"<title>Page {number}</title>".encode()
    status, page = site.submit("/", url=f"{gate.url}/{number}")
    assert status == 200, page
    return str(page)


def test_web_and_worker_of_the_procfile_side_by_side(site: Site, gate: Gate) -> None:
    """The answer comes while the job cannot end; it ends in the worker, since nobody else may run it."""
    site.start(site.procfile("worker"))
    site.serve(site.procfile("web"))
    assert f">{gate.url}/1</a>" in add(site, gate, 1)
    gate.wait_for_arrivals("/1")
    assert site.jobs(State.RUNNING)
    gate.open()
    site.wait_until_done(1)
    assert ">Page 1</a>" in str(site.get("/"))
    assert site.companions() == []


def test_workers_that_gunicorn_stops_finish_their_jobs_and_each_runs_once(site: Site, gate: Gate) -> None:
    """With --preload the application is imported once, and then forked; a worker's companion is its own."""
    server = site.serve('exec gunicorn "bookmarks:create_app()" --preload --bind 127.0.0.1:$PORT --workers 2')
    for number in range(1, 9):
        add(site, gate, number)
    gate.wait_for_arrivals("/1")
    server.send_signal(signal.SIGTERM)
    wait_for(
        lambda: site.output.count("dartian: finishing") == len(site.companions()),
        what="each worker that has dispatched to wait for its jobs",
    )
    gate.open()
    assert server.wait(PATIENCE * 2) == 0
    site.wait_until_done(8)
    assert gate.answered == {f"/{number}": 1 for number in range(1, 9)}


def test_an_edit_under_the_reloader_waits_for_the_jobs(site: Site, gate: Gate) -> None:
    """The reloader lets the process end as it likes, so that its companion finishes what runs."""
    site.serve("exec flask --app bookmarks run --debug --port $PORT")
    add(site, gate, 1)
    gate.wait_for_arrivals("/1")
    site.add_source("bookmarks/views.py", '\n@blueprint.get("/edited")\ndef edited() -> str:\n    return "yes"\n')
    wait_for(lambda: "dartian: finishing 1 job" in site.output, what="the old process to wait for its job")
    gate.open()
    wait_for(lambda: site.answers("/edited"), what="the edit to be served")
    add(site, gate, 2)
    site.wait_until_done(2)
    assert gate.answered == {"/1": 1, "/2": 1}
    assert len(site.companions()) == 2


def test_what_is_shown_is_what_the_commands_make_and_its_own_tests_pass(site: Site) -> None:
    site.run("dartian init --check")
    assert "8 passed" in site.run("pytest -q -p no:cacheprovider -W error")
