"""A program on a pseudo-terminal of its own, as a person sits before it."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time

CLEAR = "\x1b[H\x1b[J"
_SEQUENCE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Terminal:
    """Starts it with the terminal as its controlling one: what is typed as Ctrl-C interrupts it."""

    def __init__(self, words: list[str], columns: int, rows: int) -> None:
        self._master, slave = os.openpty()
        self.resize(columns, rows)
        # a job in the background hands on that Ctrl-C is ignored; a person's terminal does not
        env = ["env", "--default-signal=INT"]
        self.process = subprocess.Popen(["setsid", "--ctty", *env, *words], stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self.said = ""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def read(self, seconds: float) -> None:
        """Take what it says for so long."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            if not select.select([self._master], [], [], left_s)[0]:
                return
            try:
                self.said += os.read(self._master, 65536).decode(errors="replace")
            except OSError:  # the program has ended, and with it the terminal
                return

    def screens(self) -> list[list[str]]:
        """What stood on the screen, drawing by drawing, without the sequences; the last may be unfinished."""
        drawn = self.said.split(CLEAR)[1:]
        return [_SEQUENCE.sub("", text).replace("\r", "").rstrip("\n").split("\n") for text in drawn]

    def wait_screen(self, *shown: str, most_lines: int = 1000, within_s: float = 10.0) -> list[str]:
        """The first whole drawing from now on that shows all of these in so many lines."""
        first = len(self.screens())
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            self.read(0.2)
            for screen in self.screens()[first:-1]:
                if len(screen) <= most_lines and all(any(text in line for line in screen) for text in shown):
                    return screen
        raise AssertionError(f"no screen with {shown}: {self.said[-2000:]!r}")

    def close(self) -> None:
        self.process.kill()
        self.process.wait(5)
        os.close(self._master)
