"""``attempt_ended()`` of config/queue.py comes after each attempt, whatever came of it, and changes none of that."""

import pytest

from dartian_queue.options import Limits
from dartian_queue.states import State
from tests.scene import Scene

JOBS = """
class Fine(Job):
    def handle(self) -> None:
        note("handle")

class Bad(Job):
    def handle(self) -> None:
        note("handle")
        raise ValueError("bad row")

    def failed(self, error: BaseException) -> None:
        note(f"failed {type(error).__name__}")

class Endless(Bad):
    def handle(self) -> None:
        note("handle")
        time.sleep(60)
"""


@pytest.fixture
def tidy(scene: Scene) -> Scene:
    scene.jobs(JOBS)
    scene.write(
        "config/queue.py",
        f"""
        from dartian_queue import Config
        config = Config()
        def attempt_ended() -> None:
            with open({str(scene.ledger)!r}, "a") as file:
                print("tidied", file=file)
        """,
    )
    return scene


def test_it_comes_after_what_the_job_has_to_say(tidy: Scene) -> None:
    tidy.put("Fine")
    tidy.put("Bad")
    tidy.work()
    assert tidy.notes() == ["handle", "tidied", "handle", "failed ValueError", "tidied"]


def test_it_comes_after_a_failed_that_is_called_for_a_timeout(tidy: Scene) -> None:
    """Such a job may have been ended with its isolate; its failed() runs in another, which has to be tidied as well."""
    tidy.put("Endless", limits=Limits(timeout=0.3))
    tidy.work()
    notes = tidy.notes()
    assert notes[0] == "handle"
    assert notes[-2:] == ["failed JobTimeout", "tidied"]


def test_one_that_raises_is_told_and_changes_nothing(tidy: Scene) -> None:
    tidy.write(
        "config/queue.py",
        """
        from dartian_queue import Config
        config = Config()
        def attempt_ended() -> None:
            raise SystemExit("the database has gone away")
        """,
    )
    jobs = [tidy.put("Fine"), tidy.put("Fine")]
    events = tidy.work()
    assert [tidy.job(job).state for job in jobs] == [State.DONE, State.DONE]
    assert len({event["isolate"] for event in events if event["type"] == "attempt_started"}) == 1, "it goes on"
    told = "".join(str(event["text"]) for event in events if event["type"] == "job_output")
    assert told.count("attempt_ended() raised:\n") == 2
    assert "SystemExit: the database has gone away" in told
