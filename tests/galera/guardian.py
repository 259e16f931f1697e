"""A guardian of what a test run starts: when the run is over, however it ends, nothing of it is left.

A script, which reads the name of a folder and waits for the end of its input. That comes when whoever holds
the other end closes it, or is no more. Then every process whose command line names the folder is killed, and
the folder removed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path


class Guardian:
    """Watches over a folder, and whoever works in it, from a process of its own."""

    def __init__(self, folder: Path) -> None:
        # A session of its own: what interrupts the tests from the keyboard leaves it alone.
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdin is not None
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """Have everything tidied up, and wait until it is."""
        self._process.communicate(timeout=60)


def tidy(folder: str) -> None:
    while named := processes_that_name(folder):
        for number in named:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def processes_that_name(folder: str) -> list[int]:
    """Return the numbers of the processes, this one left out, that have the folder in their command line."""
    return [
        int(one.name)
        for one in Path("/proc").iterdir()
        if one.name.isdecimal() and int(one.name) != os.getpid() and folder.encode() in command_line_of(one)
    ]


def command_line_of(process: Path) -> bytes:
    with suppress(OSError):  # it may be gone by now; what is dead and not yet waited for has none
        return (process / "cmdline").read_bytes()
    return b""


if __name__ == "__main__":
    guarded = sys.stdin.readline().strip()
    sys.stdin.read()
    tidy(guarded)
