"""Mounts a file system that calls itself fuse.sshfs, opens a store on it, and says what that answers.

It is run in a mount namespace of its own, so that nobody else sees the mount. What it serves is an empty folder, in
which nothing can be made.
"""

import ctypes
import errno
import os
import struct
import sys

_LOOKUP, _FORGET, _GETATTR, _INIT, _BATCH_FORGET = 1, 2, 3, 26, 42
_CANNOT_MOUNT = 77


def serve(device: int) -> None:
    """Answer the kernel, as <linux/fuse.h> describes it, until the file system is gone."""
    folder = struct.pack("<QII6Q10I", 0, 0, 0, 1, *[0] * 5, *[0] * 3, 0o40755, 2, *[0] * 5)
    welcome = struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 0, 0, 4096, 1, 0, 0, 0, *[0] * 7)
    while True:
        try:
            asked = os.read(device, 1 << 17)
        except OSError:
            return
        _, opcode, number = struct.unpack_from("<IIQ", asked)
        if opcode in (_FORGET, _BATCH_FORGET):
            continue
        answer = {_INIT: welcome, _GETATTR: folder}.get(opcode, b"")
        error = 0 if answer else errno.ENOENT if opcode == _LOOKUP else errno.ENOSYS
        os.write(device, struct.pack("<IiQ", 16 + len(answer), -error, number) + answer)


def mount(folder: str) -> None:
    """Mount it, and serve it from a process of its own; end with 77 where this system does not let that be done."""
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        print(f"/dev/fuse cannot be opened: {error.strerror}")
        sys.exit(_CANNOT_MOUNT)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
    if libc.mount(b"server:/export", folder.encode(), b"fuse.sshfs", 0, options):
        print(f"fuse cannot be mounted: {os.strerror(ctypes.get_errno())}")
        sys.exit(_CANNOT_MOUNT)
    if os.fork() == 0:
        serve(device)
        os._exit(0)
    os.close(device)


if __name__ == "__main__":
    mount(sys.argv[1])
    from dartian_queue.errors import StoreError
    from dartian_queue.stores import open_store

    try:
        open_store(f"{sys.argv[1]}/storage/queue.sqlite3")
    except StoreError as refusal:
        print(refusal.exit_code, type(refusal).__name__)
        print(refusal)
    ctypes.CDLL(None).umount2(sys.argv[1].encode(), 2)
