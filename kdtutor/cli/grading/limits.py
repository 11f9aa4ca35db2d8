"""What a process may do that runs the code of others: compute, for a while, in some memory, and read its libraries.

Standard library alone: it holds before anything else is loaded. `confine` closes as many doors as the system has: hooks
of Python everywhere, limits of the process where there is `resource`, and on Linux two doors that no code of a
process opens again, Landlock (files) and a filter of system calls (processes, network).
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import Any

MEMORY = 2 * 1024**3  # bytes above what is loaded when the limits begin

DENIED = (
    "socket.", "subprocess.", "os.fork", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile",
    "os.kill", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
    "os.chown", "os.chflags", "os.utime", "os.setxattr", "os.removexattr", "os.putenv", "shutil.", "pty.spawn",
    "ctypes.dlopen", "winreg.", "_winapi.CreateProcess", "webbrowser.", "urllib.", "ftplib.", "http.", "smtplib.",
    "signal.pthread_kill", "sys.setprofile", "sys.settrace", "_thread.start_new_thread", "gc.get_", "resource.",
    "mmap.", "sqlite3.",
)  # fmt: skip
"""Events of Python's audit that are refused, by how they begin."""


def confine(readable: Sequence[str], seconds: int, watch: CodeType) -> None:
    """Close the doors, for good: from here on nothing is written, nothing is reached, and only `readable` is read.

    `seconds` of computing are granted to the whole process, a last line behind the patience of who started it. `watch`
    is the one place that may listen to what is called, or stop listening.
    """
    roots = [os.path.realpath(path) for path in readable if os.path.exists(path)]
    _limit(seconds)
    if sys.platform == "linux":
        from . import kernel

        kernel.confine(roots)
    _hook(roots, watch)


def _limit(seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    now = 0
    with suppress(OSError, ValueError):
        now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    wanted = [(resource.RLIMIT_CPU, seconds), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)]
    wanted += [(resource.RLIMIT_AS, now + MEMORY), (resource.RLIMIT_NPROC, 0)]
    for kind, value in wanted:
        with suppress(OSError, ValueError):  # some systems know a limit by name only
            resource.setrlimit(kind, (value, value))


def _hook(roots: Sequence[str], watch: CodeType) -> None:
    """Python's own hook, which cannot be taken away: it says no in a sentence, on every system."""
    beginnings = tuple(root.rstrip(os.sep) + os.sep for root in roots)
    refused, real, at_descriptor = DENIED, os.path.realpath, (int, type(None))
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "sys.setprofile" and sys._getframe(1).f_code is watch:
            return
        if event.startswith(refused):
            raise PermissionError(f"{event} is not allowed while it is graded")
        if event == "open" and not isinstance(arguments[0], at_descriptor):
            path = real(os.fsdecode(arguments[0]))
            if (arguments[2] or 0) & writing and path != os.devnull:
                raise PermissionError("nothing is written while it is graded")
            if not (path in roots or path.startswith(beginnings)):
                raise PermissionError(f"{os.path.basename(path)} is not there while it is graded")

    sys.addaudithook(hook)
