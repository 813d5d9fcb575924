"""examples/django under its real servers: gunicorn, and the one of `runserver`."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dartian_queue.states import State
from tests.examples.gate import Gate
from tests.examples.site import Site
from tests.scene import wait_for

FEED = {"title": "Waves", "items": [{"id": "a", "title": "Sine"}, {"id": "b", "title": "Square"}]}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site("django", tmp_path)
    yield made
    made.close()


@pytest.fixture
def served(site: Site) -> Site:
    """The same with its database made."""
    site.run("python manage.py migrate")
    return site


def add(site: Site, gate: Gate, path: str = "/feed") -> tuple[int, object]:
    gate.pages[path] = json.dumps(FEED).encode()
    return site.submit("/podcasts", feed_url=f"{gate.url}{path}")


def mails(site: Site) -> list[str]:
    return sorted(path.read_text() for path in (site.root / "storage" / "mail").glob("*"))


def holders(site: Site, process: subprocess.Popen[bytes]) -> list[int]:
    """Return those of a process and what it has started that have the application's database open."""
    return [pid for pid in site.family(process) if str(site.root / "db.sqlite3") in files(pid)]


def files(pid: int) -> list[str]:
    found: list[str] = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(os.readlink(link))
    return found


def test_web_and_worker_of_the_procfile_side_by_side(served: Site, gate: Gate) -> None:
    """The answer comes while the job cannot end; it ends in the worker, and so does the other app's, which it makes."""
    worker = served.start(served.procfile("worker"))
    served.serve(served.procfile("web"))
    assert add(served, gate) == (202, {"id": 1})
    gate.wait_for_arrivals("/feed")
    assert [job.envelope.name for job in served.jobs(State.RUNNING)] == ["FetchFeed"]
    assert len(holders(served, worker)) == 1, "the isolate in which the job runs, and nobody else"
    assert served.get("/podcasts/1") == {"title": "", "episodes": []}
    assert served.submit("/podcasts/1/subscribers", email="ada@example.com")[0] == 201
    gate.open()
    served.wait_until_done(3)
    assert served.get("/podcasts/1") == {"title": "Waves", "episodes": ["Sine", "Square"]}
    assert [line for mail in mails(served) for line in mail.splitlines() if line.startswith("Subject")] == [
        "Subject: Waves: Sine",
        "Subject: Waves: Square",
    ]
    wait_for(lambda: not holders(served, worker), what="the isolates to close their connections")
    assert served.companions() == []


def test_an_edit_under_runserver_waits_for_the_jobs(served: Site, gate: Gate) -> None:
    """The reloader lets the process end as it likes, so that its companion finishes what runs."""
    served.serve("exec python manage.py runserver $PORT")
    add(served, gate)
    gate.wait_for_arrivals("/feed")
    served.add_source("station/urls.py", 'urlpatterns.append(path("edited/<int:podcast_id>", show_podcast))\n')
    wait_for(lambda: "dartian: finishing 1 job" in served.output, what="the old process to wait for its job")
    gate.open()
    wait_for(lambda: served.answers("/edited/1"), what="the edit to be served")
    add(served, gate, "/another")
    served.wait_until_done(6)
    assert gate.answered == {"/feed": 1, "/another": 1}


def test_what_is_shown_is_what_the_commands_make_and_its_own_tests_pass(site: Site) -> None:
    """Those of one more job too, which goes into the app that its name begins with."""
    site.run("dartian init --check")
    assert "create     subscribers/jobs/greet_subscriber.py" in site.run("dartian make:job subscribers/GreetSubscriber")
    assert "9 passed" in site.run("pytest -q -p no:cacheprovider -W error")
    site.run("python manage.py makemigrations --check")
