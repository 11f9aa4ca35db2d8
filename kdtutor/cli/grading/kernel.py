"""Linux: a process gives up files with Landlock, and system calls with a filter. Each is left out where it is unknown.

Numbers of calls are those of the two kinds of processor that are common; on others only Landlock holds.
"""

import ctypes
import errno
import os
import platform
from collections.abc import Sequence
from contextlib import suppress

NO_NEW_PRIVILEGES, SET_FILTER, FILTER = 38, 22, 2  # of prctl
ALLOW, REFUSE, UNKNOWN = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
LOAD, EQUAL, SET, RETURN = 0x20, 0x15, 0x45, 0x06  # of the filter's little machine
THREAD = 0x00010000  # the flag of clone that makes a thread instead of a process
CREATE_RULESET, ADD_RULE, RESTRICT = 444, 445, 446
READ = 0b1101  # execute (libraries are mapped so), read a file, read a folder

# (x86_64, aarch64); None where a processor has no such call
CALLS = {
    "socket": (41, 198), "socketpair": (53, 199), "fork": (57, None), "vfork": (58, None), "execve": (59, 221),
    "execveat": (322, 281), "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "sigqueue": (129, 138),
    "tgsigqueue": (297, 240), "pidfd_send_signal": (424, 424), "ptrace": (101, 117), "vm_readv": (310, 270),
    "vm_writev": (311, 271), "memfd_create": (319, 279), "io_uring_setup": (425, 425), "chmod": (90, None),
    "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None), "fchown": (93, 55),
    "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "mount": (165, 40), "umount": (166, 39), "chroot": (161, 51), "pivot_root": (155, 41), "unshare": (272, 97),
    "setns": (308, 268), "bpf": (321, 280), "reboot": (169, 142), "init_module": (175, 105),
    "finit_module": (313, 273), "settimeofday": (164, 170), "clock_settime": (227, 112), "sethostname": (170, 161),
    "setpriority": (141, 140), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "add_key": (248, 217), "keyctl": (250, 219), "setsid": (112, 157), "setpgid": (109, 154),
}  # fmt: skip
PRLIMIT, CLONE, CLONE3 = (302, 261), (56, 220), (435, 435)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # which column, and what the kernel calls it


class _Rule(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("access", ctypes.c_uint64), ("folder", ctypes.c_int32)]


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _Step(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("value", ctypes.c_uint)]


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step))]


def confine(readable: Sequence[str]) -> None:
    """Of all files only those below `readable` can be read from here on, none written; no process, no network."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _files(libc, readable)
    if platform.machine() in MACHINES:
        _calls(libc, *MACHINES[platform.machine()])


def _files(libc: ctypes.CDLL, readable: Sequence[str]) -> None:
    version = libc.syscall(CREATE_RULESET, None, 0, 1)
    if version < 1:
        return  # an older kernel: Python's hook is all there is for files
    rights = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)  # each version knows more of what can be done to a file
    handled = _Ruleset((1 << rights) - 1, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = ctypes.sizeof(handled) if version >= 6 else (16 if version >= 4 else 8)
    rules = libc.syscall(CREATE_RULESET, ctypes.byref(handled), size, 0)
    for path in (*readable, os.devnull, "/dev/urandom"):
        with suppress(OSError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rule = _Rule(READ if os.path.isdir(path) else 0b0101, place)
            libc.syscall(ADD_RULE, rules, 1, ctypes.byref(rule), 0)
            os.close(place)
    libc.syscall(RESTRICT, rules, 0)
    os.close(rules)


def _calls(libc: ctypes.CDLL, column: int, machine: int) -> None:
    refused = [call[column] for call in CALLS.values() if call[column] is not None]
    steps = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, machine), (RETURN, 0, 0, REFUSE), (LOAD, 0, 0, 0)]
    if column == 0:
        steps += [(SET, 0, 1, 0x40000000), (RETURN, 0, 0, REFUSE)]  # the same calls under the numbers of x32
    for number in refused:
        steps += [(EQUAL, 0, 1, number or 0), (RETURN, 0, 0, REFUSE)]
    steps += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, UNKNOWN)]  # libraries then use clone, whose flags are seen
    steps += [(EQUAL, 0, 4, CLONE[column]), (LOAD, 0, 0, 16), (SET, 1, 0, THREAD), (RETURN, 0, 0, REFUSE)]
    steps += [(RETURN, 0, 0, ALLOW)]
    steps += [(EQUAL, 0, 3, PRLIMIT[column]), (LOAD, 0, 0, 16), (EQUAL, 1, 0, 0), (RETURN, 0, 0, REFUSE)]
    steps += [(RETURN, 0, 0, ALLOW)]
    program = (_Step * len(steps))(*(_Step(*step) for step in steps))
    libc.prctl(SET_FILTER, FILTER, ctypes.byref(_Filter(len(steps), program)), 0, 0)
