"""examples/fastapi under its real server: uvicorn, with several processes, and while its source is edited."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dartian_queue.states import State
from tests.examples.gate import Gate
from tests.examples.site import Site
from tests.scene import wait_for

UVICORN = "exec uvicorn shop.main:app --port $PORT"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site("fastapi", tmp_path)
    yield made
    made.close()


def order(site: Site, gate: Gate, number: int) -> tuple[int, object]:
    return site.post("/orders", number=number, total="9.90", webhook=f"{gate.url}/{number}")


def test_web_and_worker_of_the_procfile_side_by_side(site: Site, gate: Gate) -> None:
    """The answer comes while the job cannot end; it ends in the worker, since nobody else may run it."""
    site.start(site.procfile("worker"))
    site.serve(site.procfile("web"))
    assert order(site, gate, 1) == (202, {"order": 1, "job": "order-1"})
    gate.wait_for_arrivals("/1")
    assert site.jobs(State.RUNNING)
    assert order(site, gate, 1) == (202, {"order": 1, "job": "order-1"}), "the server goes on while the job runs"
    gate.open()
    site.wait_until_done(1)
    assert gate.answered == {"/1": 1}
    assert site.companions() == []


def test_each_of_several_processes_has_a_companion_and_every_job_runs_once(site: Site, gate: Gate) -> None:
    gate.open()
    site.serve(f"{UVICORN} --workers 2")
    numbers = iter(range(1, 1000))
    sent = 0
    with ThreadPoolExecutor(8) as clients:

        def send_some() -> bool:
            nonlocal sent
            batch = [next(numbers) for _ in range(8)]
            answers = clients.map(lambda number: order(site, gate, number)[0], batch)
            assert set(answers) == {202}
            sent = batch[-1]
            return len(site.companions()) == 2

        wait_for(send_some, what="both processes to have answered")
    site.wait_until_done(sent)
    wait_for(lambda: len(gate.answered) == sent, what="the gate to have noted its last answer")
    assert gate.answered == {f"/{number}": 1 for number in range(1, sent + 1)}


def test_an_edit_under_reload_loses_no_job(site: Site, gate: Gate) -> None:
    """The process ends with its companion, which puts back what runs; the next dispatch of the next process runs it."""
    site.serve(f"{UVICORN} --reload")
    order(site, gate, 1)
    gate.wait_for_arrivals("/1")
    site.add_source("shop/main.py", '\n@app.get("/edited")\ndef edited() -> bool:\n    return True\n')
    wait_for(lambda: "/edited" in str(site.get("/openapi.json")), what="the edit to be served")
    wait_for(lambda: [job.state for job in site.jobs()] == [State.WAITING], what="the job to be put back")
    gate.open()
    order(site, gate, 2)
    site.wait_until_done(2)
    assert [(job.tries, job.claims) for job in site.jobs()] == [(0, 2), (0, 1)], "what was put back has cost no try"
    assert len(site.companions()) == 2


def test_what_is_shown_is_what_the_commands_make_and_its_own_tests_pass(site: Site) -> None:
    site.run("dartian init --check")
    assert "6 passed" in site.run("pytest -q -p no:cacheprovider -W error")
