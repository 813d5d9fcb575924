"""What is noticed of files that are edited: every way in which editors save, when it has come to rest, and once."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from dartian_queue import source_watch
from dartian_queue.isolates.sources import Sources, modules_in, stamp_of
from dartian_queue.source_watch import SourceWatch

PATIENCE = 20.0


class Heard:
    """What a watch has told, the last word of it at hand."""

    def __init__(self) -> None:
        self.told: list[tuple[int, tuple[str, ...]]] = []
        self.watch = SourceWatch(lambda edition, files: self.told.append((edition, files)), 0.01)

    def files(self) -> list[list[str]]:
        return [[os.path.basename(path) for path in files] for _, files in self.told]

    def wait(self, *names: str) -> None:
        until = time.monotonic() + PATIENCE
        while self.files()[-1:] != [list(names)]:
            assert time.monotonic() < until, self.told
            time.sleep(0.005)


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    monkeypatch.setattr(source_watch, "STILL", 0.05)
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("1")
    made = Heard()
    made.watch.expect(read(tmp_path))
    made.watch.start()
    yield made
    made.watch.stop()


def read(folder: Path) -> Sources:
    """Return the sources as if they were read now."""
    files = {str(path): stamp_of(str(path)) for path in folder.glob("*.py")}
    return Sources(files, {str(folder): modules_in(str(folder))})


def test_each_way_of_saving_is_told(heard: Heard, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("22")
    heard.wait("a.py")
    (tmp_path / "b.tmp").write_text("1")
    os.utime(tmp_path / "b.tmp", ns=(0, (tmp_path / "b.py").stat().st_mtime_ns))
    os.replace(tmp_path / "b.tmp", tmp_path / "b.py")
    heard.wait("a.py", "b.py")
    for name in ("c.py", ".#a.py", "#a.py#", "a.py~", ".a.py.swp", "4913"):
        (tmp_path / name).touch()
    heard.wait("a.py", "b.py", "c.py")
    (tmp_path / "a.py").unlink()
    time.sleep(0.2)
    assert heard.files()[-1] == ["a.py", "b.py", "c.py"]
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "notes.txt").touch()
    (tmp_path / "package" / "job.py").touch()
    heard.wait("a.py", "b.py", "c.py", "package")


def test_what_is_read_anew_is_told_no_more(heard: Heard, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("22")
    heard.wait("a.py")
    heard.watch.expect(read(tmp_path))
    (tmp_path / "b.py").write_text("22")
    heard.wait("b.py")
    assert [edition for edition, _ in heard.told] == [1, 2]
    assert heard.watch.edition == 2


def test_a_second_save_of_the_same_file_is_told_again(heard: Heard, tmp_path: Path) -> None:
    for text in ("22", "333"):
        told = len(heard.told)
        (tmp_path / "a.py").write_text(text)
        while len(heard.told) == told:
            time.sleep(0.005)
    assert heard.files() == [["a.py"], ["a.py"]]


def test_a_file_that_is_back_as_it_was_is_told_too(heard: Heard, tmp_path: Path) -> None:
    (tmp_path / "a.py").rename(tmp_path / "a.away")
    heard.wait("a.py")
    (tmp_path / "a.away").rename(tmp_path / "a.py")
    heard.wait()


def test_nothing_is_told_while_somebody_is_still_writing(
    heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_watch, "STILL", 1.0)
    done = Event()

    def write() -> None:
        for number in range(40):
            (tmp_path / "a.py").write_text("x" * number)
            time.sleep(0.01)
        done.set()

    thread = Thread(target=write)
    thread.start()
    heard.wait("a.py")
    assert done.is_set()
    thread.join()
    assert heard.files() == [["a.py"]]


def test_more_files_are_looked_at_and_what_is_known_stays(
    heard: Heard, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "a.py").write_text("22")
    heard.wait("a.py")
    further = tmp_path_factory.mktemp("other") / "c.py"
    further.write_text("1")
    known = {str(tmp_path / "a.py"): stamp_of(str(tmp_path / "a.py"))}
    heard.watch.add(Sources({str(further): stamp_of(str(further)), **known}))
    time.sleep(0.2)
    further.write_text("22")
    heard.wait("c.py", "a.py")
    assert heard.files() == [["a.py"], ["c.py", "a.py"]]


def test_a_file_of_which_nobody_knows_what_was_read_is_edited(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    made = Heard()
    made.watch.expect(Sources({str(tmp_path / "a.py"): None}))
    made.watch.start()
    made.wait("a.py")
    made.watch.stop()


def test_looking_at_many_files_costs_little(tmp_path: Path) -> None:
    for number in range(500):
        (tmp_path / f"m{number}.py").touch()
    made = Heard()
    made.watch.expect(read(tmp_path))
    begun = time.thread_time()
    for _ in range(10):
        made.watch.look()
    assert (time.thread_time() - begun) / 10 < 0.05, "it takes 0.002 on this kind of machine"
