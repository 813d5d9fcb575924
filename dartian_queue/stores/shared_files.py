"""Files beside a store, with the rights of their folder: whoever may use the store may use them, whatever the umask.

So two users of one group can share a store whose file is readable and writable for both, as SQLite itself makes its
``-wal`` and ``-shm`` with the rights of the database. It never gives anything to those who may only read there, nor
changes the rights of what another user has made.
"""

import os
import stat

__all__ = ["make_fifo", "make_folder", "open_shared"]


def make_folder(folder: str, like: str) -> None:
    """Make a folder that those may use who may use the file ``like``; FileExistsError where it is there."""
    rights = stat.S_IMODE(os.stat(like).st_mode) & 0o666
    os.mkdir(folder, 0o700)
    os.chmod(folder, stat.S_IMODE(os.stat(folder).st_mode) & ~0o777 | rights | (rights & 0o444) >> 2)


def open_shared(path: str, flags: int) -> int:
    """Return a descriptor of a file, made where it is missing and the flags do not forbid that."""
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)
    found = os.fstat(descriptor)
    rights = _rights_beside(path)
    if stat.S_IMODE(found.st_mode) != rights and found.st_uid == os.geteuid():
        os.fchmod(descriptor, rights)
    return descriptor


def make_fifo(path: str) -> None:
    """Make a FIFO."""
    os.mkfifo(path, 0o600)
    os.chmod(path, _rights_beside(path))


def _rights_beside(path: str) -> int:
    """Return read and write for those who may write in the folder."""
    writable = stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) & 0o222
    return writable | writable << 1
