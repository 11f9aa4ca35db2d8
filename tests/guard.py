"""Run a command that ends with the process that started this one, however that ends: `python guard.py COMMAND…`.

Standard input is a pipe whose other end the starter holds. The system closes it when the starter ends, also by kill -9,
and then the command and everything in its process group is ended. No import beyond the standard library: it is started
often.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

GRACE = 10.0  # seconds between the request to end and the kill


def main(command: list[str]) -> int:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=end_with_starter, args=(child,), daemon=True).start()
    code = child.wait()
    signal_group(child.pid, signal.SIGKILL)  # what the command left behind
    return code if code >= 0 else 128 - code


def end_with_starter(child: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 4096):
        pass
    signal_group(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    signal_group(child.pid, signal.SIGKILL)


def signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
