"""What a disk may hold after a power cut, made from the system calls of a run as strace wrote them down.

It knows no store. Where POSIX leaves a choice, the cut takes the worst. A name is there for sure only after an fsync
of its folder, though most file systems keep the name of a file that was itself synced. What was written since the last
fsync of a file is there in any part and any order, down to sectors, and what lies between may hold anything. What a
program writes through shared memory is not seen: ``mapped`` names the files for which that would matter.
"""

import os
import random
import re
import subprocess
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["HOW", "Call", "Cut", "Disk", "How", "recorded"]

How: TypeAlias = Literal["nothing", "all", "some", "torn"]
HOW: tuple[How, ...] = ("nothing", "all", "some", "torn")
"""What is kept of the writes that were not synced: none, all, any of them, or each sector as it was at any moment."""

_SECTOR = 512
_SYNCED = ("fsync", "fdatasync")
_WRITES = "write,pwrite64,ftruncate,?truncate,fallocate,writev,pwritev,pwritev2,copy_file_range,sendfile,splice"
_SYNCS = "fsync,fdatasync,sync,syncfs,sync_file_range,msync"
_NAMES = "openat,?open,?creat,?mkdir,mkdirat,?mknod,mknodat,?rename,renameat,renameat2,?unlink,unlinkat,?rmdir"
_LINKS = "?link,linkat,?symlink,symlinkat"
_TRACED = f"trace={_WRITES},{_SYNCS},{_NAMES},{_LINKS},mmap"

_LINE = re.compile(r"(\d+)\s+(.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_CALL = re.compile(r"(\w+)\((.*)\)\s+= (-?\w+)(.*)")
_HEX = r"(?:\\x[0-9a-f]{2})*"
_OPENED = re.compile(rf"^\d+<({_HEX})>(\(deleted\))?")
_STRING = re.compile(rf'"({_HEX})"')


class Call(NamedTuple):
    """A system call that succeeded; ``begun`` and ``ended`` count the lines of the trace."""

    begun: int
    ended: int
    name: str
    paths: tuple[str, ...]
    data: bytes = b""
    offset: int = -1
    flags: str = ""


def recorded(command: list[str], trace: Path, root: Path) -> "Disk | None":
    """Run a command to its end and return what it did below the folder; None where processes may not be traced."""
    strace = ["strace", "-f", "-y", "-xx", "-s", str(1 << 24), "--seccomp-bpf", "-o", str(trace), "-e", _TRACED]
    ran = subprocess.run([*strace, *command], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    if ran.returncode != 0 and "ptrace" in ran.stderr:
        return None
    assert ran.returncode == 0, ran.stderr
    return Disk(_calls(trace, str(root)), str(root))


class _Change(NamedTuple):
    """A write, or with None for the data, a cut to the length ``offset``."""

    begun: int
    ended: int
    offset: int
    data: bytes | None


class _File:
    def __init__(self) -> None:
        self.changes: list[_Change] = []
        self.syncs: list[tuple[int, int]] = []
        self.size = 0

    def change(self, call: Call, offset: int, data: bytes | None) -> None:
        self.changes.append(_Change(call.begun, call.ended, offset, data))
        self.size = offset if data is None else max(self.size, offset + len(data))


class _Pipe:
    """Named, and nothing more."""


class _Folder:
    def __init__(self) -> None:
        self.names: dict[str, _Node] = {}
        self.history: list[tuple[int, int, str, _Node | None]] = []
        self.syncs: list[tuple[int, int]] = []

    def name(self, call: Call, name: str, node: "_Node | None") -> None:
        self.history.append((call.begun, call.ended, name, node))
        if node is None:
            self.names.pop(name, None)
        else:
            self.names[name] = node


_Node: TypeAlias = _File | _Pipe | _Folder


class Disk:
    """All that happened to the files below one folder, which was there and empty before."""

    def __init__(self, calls: list[Call], root: str) -> None:
        self.calls = calls
        self.mapped: set[str] = set()
        self.root = _Folder()
        self._path = root
        self._prefix = f"{root}/"
        for call in calls:
            self._follow(call)

    def without_syncs_of(self, *paths: str) -> "Disk":
        """Return a disk that says of these files that they are synced, and syncs them not."""
        return Disk([one for one in self.calls if one.name not in _SYNCED or one.paths[0] not in paths], self._path)

    def _follow(self, call: Call) -> None:
        path = call.paths[0]
        if call.name in ("openat", "open", "creat"):
            self._open(call)
        elif call.name in ("write", "pwrite64"):
            file = self._node(path)
            if isinstance(file, _File):
                file.change(call, file.size if call.offset < 0 else call.offset, call.data)
        elif call.name == "ftruncate":
            self._file(path).change(call, call.offset, None)
        elif call.name in _SYNCED:
            self._synced_node(path).syncs.append((call.begun, call.ended))
        elif call.name in ("mkdir", "mkdirat"):
            self._name(call, path, _Folder())
        elif call.name in ("mknod", "mknodat"):
            self._name(call, path, _Pipe())
        elif call.name in ("rename", "renameat", "renameat2"):
            node = self._node(path)
            self._name(call, path, None)
            self._name(call, call.paths[1], node)
        elif call.name in ("unlink", "unlinkat"):
            self._name(call, path, None)
        elif call.name == "mmap":
            self.mapped.add(path)
        else:
            raise AssertionError(f"what {call.name} does to {path} is not known here")

    def _open(self, call: Call) -> None:
        path = call.paths[0]
        if "O_CREAT" in call.flags or call.name == "creat":
            folder, name = self._place(path)
            if name not in folder.names:
                folder.name(call, name, _File())
        if "O_TRUNC" in call.flags or call.name == "creat":
            self._file(path).change(call, 0, None)

    def _name(self, call: Call, path: str, node: "_Node | None") -> None:
        folder, name = self._place(path)
        folder.name(call, name, node)

    def _place(self, path: str) -> tuple[_Folder, str]:
        above, _, name = path.removeprefix(self._prefix).rpartition("/")
        folder = self._node(f"{self._prefix}{above}") if above else self.root
        assert isinstance(folder, _Folder), path
        return folder, name

    def _node(self, path: str) -> "_Node":
        node: _Node = self.root
        for name in filter(None, path.removeprefix(self._prefix.rstrip("/")).split("/")):
            assert isinstance(node, _Folder), path
            node = node.names[name]
        return node

    def _synced_node(self, path: str) -> "_File | _Folder":
        node = self._node(path)
        assert not isinstance(node, _Pipe), path
        return node

    def _file(self, path: str) -> _File:
        file = self._node(path)
        assert isinstance(file, _File), path
        return file


class Cut:
    """The power fails before the line ``at`` of the trace; what was not synced is kept as ``how`` says."""

    def __init__(self, disk: Disk, at: int, how: How, dice: random.Random) -> None:
        self._disk = disk
        self._at = at
        self._how = how
        self._dice = dice
        self._share = dice.choice((0.1, 0.5, 0.9))
        self._garbage = dice.random() < 0.5
        self._made: dict[_File, bytes] = {}

    def lay(self, target: Path) -> None:
        """Write what the disk holds into a folder."""
        target.mkdir()
        self._lay(self._disk.root, target)

    def _lay(self, folder: _Folder, target: Path) -> None:
        for name, node in self._names(folder).items():
            place = target / name
            if isinstance(node, _Folder):
                place.mkdir(0o700)
                self._lay(node, place)
            elif isinstance(node, _Pipe):
                os.mkfifo(place, 0o600)
            else:
                if node not in self._made:
                    self._made[node] = self._content(node)
                place.touch(0o600)
                place.write_bytes(self._made[node])

    def _names(self, folder: _Folder) -> "dict[str, _Node]":
        synced = self._synced(folder.syncs)
        possible: dict[str, list[_Node | None]] = {}
        for begun, ended, name, node in folder.history:
            if ended < synced:
                possible[name] = [node]
            elif begun < self._at:
                possible.setdefault(name, [None]).append(node)
        chosen = {name: self._choose(nodes) for name, nodes in possible.items()}
        return {name: node for name, node in chosen.items() if node is not None}

    def _choose(self, nodes: "list[_Node | None]") -> "_Node | None":
        if self._how == "nothing":
            return nodes[0]
        return nodes[-1] if self._how == "all" else self._dice.choice(nodes)

    def _content(self, file: _File) -> bytes:
        synced = self._synced(file.syncs)
        content = bytearray()
        unsure: list[_Change] = []
        for change in file.changes:
            if change.ended < synced:
                self._apply(content, change.offset, change.data)
            elif change.begun < self._at:
                unsure.append(change)
        if self._how == "torn":
            self._tear(content, unsure)
        elif self._how != "nothing":
            for change in unsure:
                if self._how == "all" or self._dice.random() < self._share:
                    self._apply(content, change.offset, change.data)
        return bytes(content)

    def _tear(self, content: bytearray, unsure: list[_Change]) -> None:
        """Let each sector be as one moment since the sync had left it."""
        moments: dict[int, int] = {}
        for number, change in enumerate(unsure):
            if change.data is None:
                if self._dice.random() < self._share:
                    self._apply(content, change.offset, None)
                continue
            at, end = change.offset, change.offset + len(change.data)
            while at < end:
                sector = at // _SECTOR
                until = min(end, (sector + 1) * _SECTOR)
                if sector not in moments:
                    kept = self._dice.random() < self._share
                    moments[sector] = len(unsure) if kept else self._dice.randrange(len(unsure))
                if number < moments[sector]:
                    self._apply(content, at, change.data[at - change.offset : until - change.offset])
                at = until

    def _apply(self, content: bytearray, offset: int, data: bytes | None) -> None:
        gap = offset - len(content)
        if gap > 0:
            content.extend(self._dice.randbytes(gap) if self._garbage else bytes(gap))
        if data is None:
            del content[offset:]
        else:
            content[offset : offset + len(data)] = data

    def _synced(self, syncs: list[tuple[int, int]]) -> int:
        """Return where the last sync that had ended began: what ended before that is on the disk."""
        return max((begun for begun, ended in syncs if ended < self._at), default=-1)


def _calls(trace: Path, root: str) -> list[Call]:
    found: list[Call] = []
    open_calls: dict[str, tuple[int, str]] = {}
    with trace.open(encoding="ascii") as lines:
        for number, line in enumerate(lines):
            matched = _LINE.match(line)
            assert matched, line[:200]
            pid, text = matched.groups()
            if text.endswith("<unfinished ...>"):
                open_calls[pid] = (number, text.removesuffix("<unfinished ...>").rstrip())
                continue
            begun = number
            resumed = _RESUMED.match(text)
            if resumed:
                begun, head = open_calls.pop(pid)
                text = head + resumed[1]
            call = _call(text, begun, number, root)
            if call is not None:
                found.append(call)
    return sorted(found)


def _call(text: str, begun: int, ended: int, root: str) -> Call | None:
    """Return the call if it succeeded and changed something below the root."""
    matched = _CALL.match(text)
    if matched is None or matched[3] == "?" or matched[3].startswith("-"):
        return None  # a signal, the end of a process, or a call that failed
    name, arguments, returned = matched.group(1, 2, 3)
    if name == "mmap" and not ("MAP_SHARED" in arguments and "PROT_WRITE" in arguments):
        return None
    if name == "sync":
        raise AssertionError("sync() is not understood here")
    opened = _OPENED.match(arguments.partition(", MAP_SHARED, ")[2] if name == "mmap" else arguments)
    if opened:
        if opened[2]:
            return None
        paths = [_bytes(opened[1]).decode()]
    else:
        paths = [_bytes(one).decode() for one in _STRING.findall(arguments)]
    if not any(path == root or path.startswith(f"{root}/") for path in paths):
        return None
    data, offset = b"", -1
    if name in ("write", "pwrite64"):
        data = _bytes(arguments.split('"')[1])[: int(returned)]
        assert len(data) == int(returned), "strace has shortened what was written"
    if name in ("pwrite64", "ftruncate"):
        offset = int(arguments.rpartition(", ")[2])
    return Call(begun, ended, name, tuple(map(os.path.normpath, paths)), data, offset, arguments.rpartition('"')[2])


def _bytes(shown: str) -> bytes:
    return bytes.fromhex(shown.replace("\\x", ""))
