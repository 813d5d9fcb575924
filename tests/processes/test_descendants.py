"""Keeping hold of processes, with real ones: finding children, ending trees, surviving and not surviving a parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from dartian_queue.isolates.processes import children, end_tree
from tests.scene import is_alive, wait_for

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def run(program: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)


def test_children_are_found_whichever_thread_has_started_them_and_dead_ones_are_not() -> None:
    before = set(children(os.getpid()))
    started: list[subprocess.Popen[bytes]] = []
    thread = threading.Thread(target=lambda: started.append(subprocess.Popen(SLEEP)))
    thread.start()
    thread.join()
    started.append(subprocess.Popen(SLEEP))
    assert {process.pid for process in started} == set(children(os.getpid())) - before
    started[0].kill()
    wait_for(lambda: not is_alive(started[0].pid))
    assert {started[1].pid} == set(children(os.getpid())) - before
    started[1].kill()
    for process in started:
        process.wait()
    assert children(started[0].pid) == []


def test_a_tree_is_ended_with_sessions_and_groups_of_its_own_and_stopped_ones() -> None:
    process = run(
        """
        import os, subprocess, sys, time, signal
        sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
        pids = [subprocess.Popen(sleep, start_new_session=True).pid, subprocess.Popen(sleep, process_group=0).pid]
        nested = "import subprocess, sys, time; print(subprocess.Popen(%r).pid, flush=True); time.sleep(600)" % sleep
        inner = subprocess.Popen([sys.executable, "-c", nested], stdout=subprocess.PIPE)
        pids += [inner.pid, int(inner.stdout.readline())]
        os.kill(pids[0], signal.SIGSTOP)
        print(*pids, flush=True)
        time.sleep(600)
        """.replace("\n        ", "\n")
    )
    assert process.stdout is not None
    pids = [int(word) for word in process.stdout.readline().split()]
    end_tree(process.pid)
    assert process.wait(20) == -signal.SIGKILL
    wait_for(lambda: not any(map(is_alive, pids)))
    process.stdout.close()


def test_a_tree_that_forks_all_the_time_is_ended_too(tmp_path: Path) -> None:
    process = run(
        """
        import os, sys, time
        for _ in range(4):
            if os.fork() == 0:
                while True:
                    if os.fork() == 0:
                        time.sleep(0.02)
                        os._exit(0)
                    os.wait()
        print("ready", flush=True)
        time.sleep(600)
        """.replace("\n        ", "\n")
    )
    assert process.stdout is not None
    process.stdout.readline()
    forking = children(process.pid)
    assert len(forking) == 4
    end_tree(process.pid)
    process.wait(20)
    wait_for(lambda: not any(map(is_alive, forking)))
    process.stdout.close()


def test_ending_who_has_ended_is_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    end_tree(process.pid)


def test_a_process_dies_with_its_parent_and_not_any_more_when_that_is_undone() -> None:
    program = """
import os, subprocess, sys, time
inner = '''
import os, sys, time
from dartian_queue.isolates.processes import die_with_parent, live_without_parent
die_with_parent(os.getppid())
if sys.argv[1] == "undo":
    live_without_parent()
print(os.getpid(), flush=True)
time.sleep(600)
'''
process = subprocess.Popen([sys.executable, "-c", inner, sys.argv[1]], stdout=subprocess.PIPE)
print(process.stdout.readline().decode(), end="", flush=True)
time.sleep(600)
"""
    for how, survives in (("keep", False), ("undo", True)):
        parent = run(program, how)
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        parent.stdout.close()
        if survives:
            time.sleep(0.3)
            assert is_alive(pid)
            os.kill(pid, signal.SIGKILL)
        else:
            wait_for(lambda pid=pid: not is_alive(pid))
