"""What a failed attempt has printed is kept with its error: its end, bounded, an attempt at a time."""

import signal

from dartian_queue.isolates.cap import DROPPED
from dartian_queue.isolates.slot import EARLIER, KEPT_OUTPUT
from dartian_queue.options import Limits
from dartian_queue.states import State
from tests.cli.typing_at import dartian
from tests.scene import Scene

JOBS = """
import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")

class Speak(Job):
    how: str
    def handle(self, context: JobContext) -> None:
        print(f"attempt {context.attempt} asks the bank")
        print("the bank is slow", file=sys.stderr)
        logging.getLogger("bank").warning("third call")
        os.write(1, b"from below Python\\n")
        subprocess.run(["echo", "from a child"])
        sys.stdout.write("no end of line")
        if self.how == "raise":
            raise ValueError("no")
        if self.how == "exit":
            sys.stdout.flush()
            os._exit(7)
        if self.how == "hang":
            time.sleep(60)

class Flood(Job):
    lines: int = 5000
    how: str = "raise"
    below: bool = False
    def handle(self) -> None:
        for number in range(self.lines):
            if self.below:
                os.write(1, b"line %d\\n" % number)
            else:
                print(f"line {number}")
        if self.how == "raise":
            raise ValueError("no")
        if self.how == "exit":
            os._exit(7)
        time.sleep(60)
"""

SAID = [
    "asks the bank",
    "the bank is slow",
    "WARNING third call",
    "from below Python",
    "from a child",
    "no end of line",
]


def test_the_end_of_what_a_failed_attempt_printed_is_kept_with_its_error(scene: Scene) -> None:
    scene.jobs(JOBS)
    twice, quick = Limits(tries=2, backoff=0.0), Limits(tries=1, timeout=0.5)
    raised, done = scene.put("Speak", how="raise", limits=twice), scene.put("Speak", how="")
    ended, hung = scene.put("Speak", how="exit"), scene.put("Speak", how="hang", limits=quick)
    flood = scene.put("Flood")
    worker = scene.worker("--isolates", "2").ready()
    for job_id in (raised, ended, hung, flood):
        scene.wait_until(job_id, State.FAILED)
    scene.wait_until(done, State.DONE)
    assert scene.job(done).errors == ()
    outputs = [error.output for job_id in (raised, ended, hung) for error in scene.job(job_id).errors]
    assert len(outputs) == 2 + 3 + 1
    for output in outputs:
        assert [words for words in SAID if words not in output] == [], (outputs.index(output), output)
    assert ["attempt 2" in error.output for error in scene.job(raised).errors] == [False, True]
    (error,) = scene.job(flood).errors
    assert error.output.startswith(EARLIER)
    assert error.output.endswith("line 4999\n")
    assert KEPT_OUTPUT <= len(error.output) <= KEPT_OUTPUT + 100
    worker.send(signal.SIGTERM)
    assert worker.end() == 0
    told = [event for event in worker.seen if event["type"] == "job_output" and event["id"] == raised]
    assert told, "it is shown by the worker too"
    shown = dartian(scene.root, "queue:show", raised, env={"COLUMNS": "80"}).out
    assert shown.count("  it printed\n") == 2
    assert "  | attempt 2 asks the bank\n" in shown


def test_the_end_of_a_flood_is_kept_however_the_attempt_failed(scene: Scene) -> None:
    """But for what Python's streams have not passed on when the process is gone."""
    scene.jobs(JOBS)
    ways = [("raise", False), ("hang", False), ("raise", True), ("hang", True), ("exit", True)]
    limits = Limits(tries=1, timeout=3.0)
    ids = [scene.put("Flood", lines=50_000, how=how, below=below, limits=limits) for how, below in ways]
    scene.work(isolates=2)
    for job_id, way in zip(ids, ways, strict=True):
        output = scene.job(job_id).errors[-1].output
        assert output.endswith("line 49998\nline 49999\n"), (way, output[-200:])
        assert DROPPED in output, way
    shown = dartian(scene.root, "queue:show", ids[0], env={"COLUMNS": "80"}).out
    assert "  | line 49999\n" in shown
