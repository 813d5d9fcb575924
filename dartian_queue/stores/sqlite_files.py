"""Where the SQLite store lies: its folder and file, created so that only their owner can read them.

It never opens a file that exists already: closing any descriptor of a database drops the locks that SQLite holds on it
in this process.
"""

import contextlib
import errno
import os
import sys

from dartian_queue.errors import StoreError, StoreFull, StoreUnusable, shown
from dartian_queue.stores.shared_files import make_folder

__all__ = ["file_system", "free_bytes", "missing_right", "prepare", "refused", "run_folder", "sync_names"]

_NOT_OURS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EINVAL, errno.ENOTSUP})
"""How a folder answers that may be neither read nor synced, so that it is none which a store has just made."""
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "gpfs", "gfs2", "ocfs2", "beegfs"}
    | {"davfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs", "fuse.gcsfuse", "fuse.goofys"}
    | {"fuse.mount-s3", "fuse.davfs2", "fuse.cephfs", "fuse.ceph-fuse", "fuse.juicefs"}
)


def prepare(path: str) -> None:
    """Make sure that the file is there, in a folder that is, on a file system where its locks hold."""
    folder = os.path.dirname(path)
    try:
        _refuse_network(path)
        _make_folder(folder)
        _make_file(path)
    except OSError as error:
        raise refused(path, error) from None


def sync_names(path: str) -> None:
    """Make sure that a power cut takes away neither the file's name nor that of a folder above it.

    All folders above it, since one of them may just have been made by another process that has not come so far yet.
    """
    folder = os.path.dirname(path)
    _sync_folder(folder)
    while folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
        try:
            _sync_folder(folder)
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise


def run_folder(path: str) -> str:
    """Return the folder beside the store of live workers' seats, made with the store's rights."""
    folder = f"{path}-workers"
    try:
        make_folder(folder, like=path)
    except FileExistsError:
        pass
    except OSError as error:
        raise refused(path, error) from None
    return folder


def refused(path: str, error: OSError) -> StoreError:
    """Return the store's error for one of the system's about the store's files: which, why, and what is missing."""
    place, which = shown(path, 200), shown(error.filename or path, 200)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFull(
            f"Store {place} cannot grow: {max(free_bytes(path), 0):,} bytes are free on its disk ({which})\n"
            f"Nothing was changed. Make room, then try again."
        )
    remedy = missing_right(path) or "Check the rights of this file and its folder, or set another path for the store."
    return StoreUnusable(f"Store {place} cannot be used: {error.strerror} ({which})\n{remedy}")


def free_bytes(path: str) -> int:
    """Return what is left on the disk of ``path`` for a user without privileges, -1 where it cannot be told."""
    try:
        disk = os.statvfs(os.path.dirname(path) or ".")
    except OSError:
        return -1
    return disk.f_bavail * disk.f_frsize


def missing_right(path: str) -> str:
    """Return which right on which file or folder is missing, with the remedy; empty where none seems to be."""
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        return f"{shown(path, 200)} is a folder; give the path of a file."
    if os.path.islink(os.path.realpath(path)):
        return f"{shown(path, 200)} is a symbolic link that leads back to itself; remove it."
    if mounted := _mounted_read_only(path):
        place = shown(mounted, 200)
        return (
            f"{place} is mounted read-only. Make it writable (mount -o remount,rw {place}),\n"
            f"or move the store: QUEUE_STORE in the environment, or store= in config/queue.py."
        )
    for place in (path, f"{path}-wal", f"{path}-shm"):
        if os.path.lexists(place) and not os.access(place, os.R_OK | os.W_OK):
            return f"{shown(place, 200)} may not be read and written by this user; {_let(place, 'rw')}"
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{shown(folder, 200)} may not be written by this user (SQLite needs that too); {_let(folder, 'wx')}"
    return ""


def _let(place: str, rights: str) -> str:
    """Return what gives this user the rights to a file or folder that is there."""
    owner = os.stat(place).st_uid
    if owner == os.geteuid():
        return f"chmod u+{rights} it."
    return (
        f"it is {_name_of(owner)}'s.\n"
        f"Do this as that user, or share the store with a group of both: chmod 660, its folder 2770."
    )


def _name_of(user: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def _mounted_read_only(path: str) -> str:
    """Return the root of the file system that ``path`` lies on, or would, where it may not be written; else nothing."""
    place = os.path.realpath(path)
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    try:
        if not os.statvfs(place).f_flag & os.ST_RDONLY:
            return ""
    except OSError:
        return ""
    while not os.path.ismount(place):
        place = os.path.dirname(place)
    return place


def _make_folder(folder: str) -> None:
    if os.path.isdir(folder):
        return
    os.makedirs(folder, 0o700, exist_ok=True)
    with open(f"{folder}/.gitignore", "w", encoding="ascii") as file:
        file.write("*\n")


def _make_file(path: str) -> None:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _sync_folder(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_network(path: str) -> None:
    kind = _kind_of(path)
    if kind in _NETWORK:
        raise StoreUnusable(
            f"Store {shown(path, 200)} lies on a network file system ({kind}), where SQLite's locks and shared memory "
            f"do not hold\nand jobs would be lost. Set a path on a local disk."
        )


def _kind_of(path: str) -> str:
    if sys.platform != "linux":
        return ""
    try:
        with open("/proc/mounts", encoding="utf-8", errors="surrogateescape") as file:
            return file_system(os.path.realpath(path), file.read())
    except OSError:
        return ""


def file_system(path: str, mounts: str) -> str:
    """Return the type of the file system that ``path`` lies on, by the lines of /proc/mounts; empty for none."""
    best, kind = "", ""
    for line in mounts.splitlines():
        _, point, name, options, *_ = f"{line}    ".split(" ")
        for escaped in (r"\040", r"\011", r"\012", r"\134"):
            point = point.replace(escaped, chr(int(escaped[1:], 8)))
        point = point.rstrip("/")
        if len(point) >= len(best) and (path == point or path.startswith(f"{point}/")):
            best, kind = point, "cifs" if name == "9p" and "drvfs" in options else name  # WSL shows Windows disks so
    return kind
