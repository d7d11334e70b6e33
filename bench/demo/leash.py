"""Run as a script: `python leash.py PARENT COMMAND...` becomes the command, which gets SIGTERM when the process PARENT
dies, however it dies. The kernel keeps that promise over exec (prctl(2), PR_SET_PDEATHSIG); elsewhere than on Linux
there is none. A parent of several threads may give the signal several times, one for each thread that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Take the leash and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the leash was on
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 # a fixed list, no shell


if __name__ == "__main__":
    main()
