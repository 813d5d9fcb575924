"""What jobs print: whole lines as soon as they are whole, capped an attempt; below Python too, and never for ever."""

import io
import os
import threading

import pytest

from dartian_queue.isolates.cap import DROPPED, KEPT_END, OUTPUT_LIMIT
from dartian_queue.isolates.output import JobStream
from dartian_queue.isolates.raw_output import PIPEFUL, RawOutput


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def stream(told: list[str]) -> JobStream:
    made = JobStream("stdout", 1)
    made.adopt(lambda _, text: told.append(text))
    return made


def test_lines_are_handed_on_when_they_are_whole(stream: JobStream, told: list[str]) -> None:
    print("one", file=stream)
    stream.write("tw")
    assert told == ["one\n"]
    stream.write("o\nthr")
    stream.write("ee")
    stream.flush()
    assert told == ["one\n", "two\n", "three"]


def test_a_line_without_an_end_is_handed_on_in_pieces(stream: JobStream, told: list[str]) -> None:
    stream.write("x" * 100_000)
    assert "".join(told) == "x" * 100_000
    assert max(map(len, told)) <= 8 * 1024


def test_what_an_import_printed_is_no_part_of_a_job_s_output(told: list[str]) -> None:
    stream = JobStream("stdout", 1)
    stream.adopt(lambda _, text: None)
    stream.write("imported\n" * OUTPUT_LIMIT)
    stream.adopt(lambda _, text: told.append(text))
    print("the job", file=stream)
    stream.begin()
    assert told == ["the job\n"]


def test_an_attempt_prints_so_much_and_no_more(stream: JobStream, told: list[str]) -> None:
    for _ in range(3):
        stream.write("x" * OUTPUT_LIMIT + "\n")
    assert "".join(told).count(DROPPED) == 1
    assert sum(map(len, told)) < OUTPUT_LIMIT + 100
    stream.begin()
    told.clear()
    print("the next job", file=stream)
    stream.begin()
    assert told == ["the next job\n"]


def test_the_end_of_a_flood_comes_when_the_attempt_has_ended(stream: JobStream, told: list[str]) -> None:
    stream.write("x" * (OUTPUT_LIMIT - 1) + "\n")
    assert DROPPED not in "".join(told)
    for number in range(50_000):
        print(f"line {number}", file=stream)
    stream.write("the last word")
    stream.flush()
    assert "".join(told).count(DROPPED) == 1
    told.clear()
    stream.begin()
    text = "".join(told)
    assert text.splitlines()[-3:] == ["line 49998", "line 49999", "the last word"]
    assert text.startswith("line ")
    assert KEPT_END - 20 < len(text) <= KEPT_END


def test_one_line_without_an_end_leaves_its_end_too(stream: JobStream, told: list[str]) -> None:
    stream.write("x" * 2 * OUTPUT_LIMIT + "the last word")
    stream.flush()
    told.clear()
    stream.begin()
    assert "".join(told) == ("x" * KEPT_END + "the last word")[-KEPT_END:]


def test_it_takes_what_scripts_give_to_a_standard_stream(stream: JobStream, told: list[str]) -> None:
    stream.buffer.write(b"raw \xff\n")
    stream.reconfigure(line_buffering=True)
    stream.writelines(["a\n", "b\n"])
    stream.close()
    print("\ud800", file=stream)
    assert told == ["raw \\xff\n", "a\n", "b\n", "\\ud800\n"]
    assert (stream.name, stream.encoding, stream.isatty(), stream.fileno()) == ("<stdout>", "utf-8", False, 1)
    assert stream.writable()
    with pytest.raises(io.UnsupportedOperation):
        stream.read()


def test_lines_of_several_threads_stay_whole(stream: JobStream, told: list[str]) -> None:
    def talk(word: str) -> None:
        for _ in range(200):
            stream.write(word * 20 + "\n")

    threads = [threading.Thread(target=talk, args=(word,)) for word in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = "".join(told).splitlines()
    assert len(lines) == 600
    assert set(lines) == {"a" * 20, "b" * 20, "c" * 20}


@pytest.fixture
def raw() -> RawOutput:
    return RawOutput()


def test_raw_output_comes_in_whole_lines_and_the_rest_at_the_end(raw: RawOutput) -> None:
    assert raw.read() == ""
    os.write(raw.theirs, b"one\ntwo\nthr")
    assert raw.read() == "one\ntwo\n"
    os.write(raw.theirs, b"\xc3")
    assert raw.read() == ""
    raw.close_theirs()
    assert raw.read() == ""
    assert raw.is_closed
    assert raw.rest() == "thr\\xc3"
    raw.close()


def test_one_read_takes_a_pipeful_and_never_goes_on(raw: RawOutput) -> None:
    """A job may write without an end: the worker has other things to do."""
    stop = threading.Event()

    def flood() -> None:
        while not stop.is_set():
            os.write(raw.theirs, b"y\n" * 1000)

    thread = threading.Thread(target=flood)
    thread.start()
    texts = [raw.read() for _ in range(50)]
    stop.set()
    while thread.is_alive():
        raw.read()
    assert max(map(len, texts)) <= PIPEFUL + 2


def test_raw_output_is_capped_an_attempt(raw: RawOutput) -> None:
    def write_much() -> str:
        told = ""
        for _ in range(10):
            os.write(raw.theirs, b"x" * 50_000 + b"\n")
            told += raw.read()
        return told

    told = write_much()
    assert told.count(DROPPED) == 1
    assert OUTPUT_LIMIT < len(told) < OUTPUT_LIMIT + 100
    os.write(raw.theirs, b"last but one\nthe last w\xc3\xb6rd")
    assert raw.read() == ""
    assert raw.rest() == "last but one\nthe last wörd"
    raw.begin()
    os.write(raw.theirs, b"the next job\n")
    assert raw.read() + raw.rest() == "the next job\n"


def test_closing_leaves_no_descriptor_open(raw: RawOutput) -> None:
    descriptors = (raw.fileno(), raw.theirs)
    raw.close()
    for descriptor in descriptors:
        with pytest.raises(OSError):
            os.fstat(descriptor)


def test_bytes_that_come_in_pieces_make_one_line(stream: JobStream, told: list[str]) -> None:
    whole = "größer\n".encode()
    for place in range(len(whole)):
        stream.buffer.write(whole[place : place + 1])
    assert told == ["größer\n"]


def test_a_text_stream_that_was_made_over_the_bytes_and_has_gone_leaves_them_open(
    stream: JobStream, told: list[str]
) -> None:
    for _ in range(2):
        mine = io.TextIOWrapper(stream.buffer, encoding="utf-8")
        mine.write("mine\n")
        del mine
    assert told == ["mine\n", "mine\n"]
