"""Has one isolate run jobs, one after the other, and prints the frames that it sent for each, as JSON."""

import json
import os
import sys

from dartian_queue.config import current, handover
from dartian_queue.envelope import Envelope
from dartian_queue.isolates.application import import_application
from dartian_queue.isolates.isolate import run_isolate
from dartian_queue.isolates.protocol import Boot, Channel, Ended, FromIsolate, Run, channel_pair
from dartian_queue.isolates.raw_output import RawOutput
from dartian_queue.options import DEFAULT_LIMITS, Limits

TIMES = 9


def main(name: str) -> None:
    boot = Boot(handover(current()), "isolate", os.path.abspath("marks"), ())
    application = import_application(boot)
    ours, theirs = channel_pair()
    output = RawOutput()
    pid = os.fork()
    if pid == 0:
        ours.close()
        run_isolate(application, boot, 0, theirs, output.theirs, output.fileno())
    theirs.close()
    channel: Channel[FromIsolate] = Channel(ours, FromIsolate)
    channel.receive(wait=True)  # that it has adopted the application
    sent: list[list[str]] = []
    for number in range(TIMES):
        envelope = Envelope(f"job-{number}", name, "{}")
        channel.send(Run(envelope, number + 1, 0, 0, 0, 0.0, Limits().over(DEFAULT_LIMITS), "isolate"))
        sent.append([])
        while not sent[-1] or sent[-1][-1] != Ended.__name__:
            sent[-1].append(type(channel.receive(wait=True)).__name__)
    channel.close()
    os.waitpid(pid, 0)
    print(json.dumps(sent))


if __name__ == "__main__":
    main(sys.argv[1])
