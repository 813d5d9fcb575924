"""The worker's loop: what is readable is called back, what is due is done, and nothing that was removed."""

import os
import threading
import time
from functools import partial

import pytest

from dartian_queue.loop import Loop


@pytest.fixture
def loop() -> Loop:
    return Loop()


def test_a_readable_descriptor_is_called_back_until_it_is_read(loop: Loop) -> None:
    reader, writer = os.pipe()
    called: list[bytes] = []
    loop.add_reader(reader, lambda: called.append(os.read(reader, 1)))
    loop.turn(0)
    assert called == []
    os.write(writer, b"ab")
    loop.turn(5)
    loop.turn(5)
    loop.turn(0)
    assert called == [b"a", b"b"]
    os.close(writer)
    loop.turn(5)
    assert called[-1] == b""


def test_a_removed_reader_is_never_called_and_removing_again_is_nothing(loop: Loop) -> None:
    reader, writer = os.pipe()
    loop.add_reader(reader, lambda: pytest.fail("called"))
    os.write(writer, b"a")
    loop.remove_reader(reader)
    loop.remove_reader(reader)
    loop.turn(0)


def test_what_one_callback_removes_is_not_called_in_the_same_turn(loop: Loop) -> None:
    """Both are readable; the first closes the second, and opens another file under the same number."""
    pipes = [os.pipe() for _ in range(2)]
    called: list[int] = []

    def first_come(own: int, other: int) -> None:
        called.append(own)
        loop.remove_reader(other)
        os.close(other)
        reader, _writer = os.pipe()
        assert reader == other
        loop.add_reader(reader, lambda: pytest.fail("called for another file"))

    readers = [reader for reader, _ in pipes]
    loop.add_reader(readers[0], lambda: first_come(readers[0], readers[1]))
    loop.add_reader(readers[1], lambda: first_come(readers[1], readers[0]))
    for _, writer in pipes:
        os.write(writer, b"a")
    loop.turn(0)
    assert len(called) == 1


def test_timers_repeat_and_single_ones_do_not(loop: Loop) -> None:
    called: list[str] = []
    loop.call_every(0.02, lambda: called.append("every"))
    loop.call_once(0.01, lambda: called.append("once"))
    until = time.monotonic() + 5
    while called.count("every") < 3 and time.monotonic() < until:
        loop.turn(1)
    assert called.count("once") == 1
    assert called.count("every") == 3


def test_a_turn_waits_no_longer_than_for_what_is_due(loop: Loop) -> None:
    loop.call_once(0.05, lambda: None)
    started = time.monotonic()
    loop.turn(30)
    assert time.monotonic() - started < 10


def test_a_timer_may_add_another(loop: Loop) -> None:
    called: list[str] = []
    loop.call_once(0, lambda: loop.call_once(0, lambda: called.append("second")))
    loop.turn(1)
    loop.turn(1)
    assert called == ["second"]


def test_another_thread_has_something_called_in_the_next_turn_and_none_after_the_end() -> None:
    loop = Loop()
    called: list[int] = []
    thread = threading.Thread(target=lambda: [loop.call_soon(partial(called.append, number)) for number in range(9999)])
    thread.start()
    while len(called) < 9999:
        loop.turn(60)
    thread.join()
    assert called == list(range(9999))
    loop.close()
    loop.call_soon(partial(called.append, -1))
    assert -1 not in called
