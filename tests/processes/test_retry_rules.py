"""Retry rules by exception type, on a real worker."""

import json
import signal
import subprocess
import sys

from dartian_queue.options import Limits
from dartian_queue.states import State
from tests.scene import Scene

JOBS = """
class RateLimited(ConnectionError):
    pass

class Call(Job, tries=4, backoff=0, fail_on=ValueError, retry_on={RateLimited: 0.3, ConnectionError: 0.1}):
    kinds: list[str]
    def handle(self, context: JobContext) -> None:
        kind = self.kinds[min(context.attempt, len(self.kinds)) - 1]
        note(f"{context.id} {context.attempt}")
        if kind == "slow":
            time.sleep(9)
        if kind == "group":
            raise ExceptionGroup("several", [RateLimited(), ValueError("bad row")])
        if kind:
            raise {"rate": RateLimited, "connection": ConnectionError, "value": ValueError, "key": KeyError}[kind](kind)
    def failed(self, error: BaseException) -> None:
        note(f"failed {type(error).__name__}")
"""


CASES: list[tuple[list[str], State, str, int]] = [
    (["rate", "connection", ""], State.DONE, "", 3),
    (["value"], State.FAILED, "fail_on", 1),
    (["connection", "value"], State.FAILED, "fail_on", 2),
    (["key"], State.FAILED, "retry_on", 1),
    (["group"], State.FAILED, "fail_on", 1),
    (["rate"], State.FAILED, "exception", 4),
    (["slow", ""], State.DONE, "", 2),
]
DELAYS = {"rate": 0.3, "connection": 0.1, "slow": 0.0}


def test_an_exception_is_tried_again_as_its_type_says(scene: Scene) -> None:
    scene.jobs(JOBS)
    limits = Limits(tries=4, backoff=0.0, timeout=1.0)
    ids = [scene.put("Call", kinds=kinds, limits=limits) for kinds, *_ in CASES]
    worker = scene.worker("--isolates", "4").ready()
    for job_id, (_, state, _, _) in zip(ids, CASES, strict=True):
        scene.wait_until(job_id, state)
    worker.send(signal.SIGTERM)
    assert worker.end() == 0
    for job_id, (kinds, _, reason, attempts) in zip(ids, CASES, strict=True):
        assert scene.job(job_id).failed_reason == reason, kinds
        assert [line for line in scene.notes() if line.startswith(job_id)] == [
            f"{job_id} {number}" for number in range(1, attempts + 1)
        ]
        ended = [event for event in worker.seen if event["type"] == "attempt_ended" and event["id"] == job_id]
        delays = [event["delay"] for event in ended if event["outcome"] == "retry"]
        assert delays == [DELAYS[kind] for kind in (kinds * 4)[: len(delays)]], kinds
    hooks = sorted(line for line in scene.notes() if line.startswith("failed"))
    assert hooks == [
        "failed ExceptionGroup",
        "failed KeyError",
        "failed RateLimited",
        *["failed ValueError"] * 2,
    ]


def test_a_backoff_of_the_dispatch_wins_over_those_of_the_rules(scene: Scene) -> None:
    """Which go on to say what is tried again at all."""
    scene.jobs(JOBS)
    words = ["-m", "dartian_cli", "job:dispatch", "Call", "--backoff", "0", "--json"]
    kinds = [["rate", "connection", ""], ["value"]]
    made = [
        subprocess.run(
            [sys.executable, *words, f"kinds={json.dumps(one)}"], cwd=scene.root, capture_output=True, check=True
        )
        for one in kinds
    ]
    tried, refused = (json.loads(one.stdout)["id"] for one in made)
    events = scene.work()
    retries = [event for event in events if event["type"] == "attempt_ended" and event["outcome"] == "retry"]
    assert [(event["id"], event["delay"]) for event in retries] == [(tried, 0.0)] * 2
    assert scene.job(refused).failed_reason == "fail_on"
