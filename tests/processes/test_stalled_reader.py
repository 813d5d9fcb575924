"""A reader that stands still, such as a paused pager, costs a running job nothing."""

import signal
import subprocess
import sys
import time

import pytest

from dartian_queue.states import State
from tests.scene import Scene


@pytest.mark.parametrize("shape", ["--plain", "--json"])
def test_a_reader_that_stands_still_neither_stops_renewals_nor_the_end(scene: Scene, shape: str) -> None:
    scene.write(
        "config/queue.py",
        "from dartian_queue import Config\n\nconfig = Config(lease=3)\n",
    )
    scene.jobs("""
        class Loud(Job, timeout=0):
            def handle(self) -> None:
                for _ in range(60):
                    print("x" * 8000, flush=True)
                    time.sleep(0.1)
    """)
    job_id = scene.put("Loud")
    command = [sys.executable, "-m", "dartian_cli", "queue:work", shape, "--isolates", "1"]
    with subprocess.Popen(command, cwd=scene.root, stdout=subprocess.PIPE) as worker:
        try:
            job = scene.wait_until(job_id, State.DONE)
            assert (job.claims, job.crashes) == (1, 0)
            begun = time.monotonic()
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
            assert time.monotonic() - begun < 20
        finally:
            worker.kill()
