"""What a command that takes longer than a second shows meanwhile: one line, kept up to date on a terminal."""

from __future__ import annotations

import sys


class Progress:
    """On a terminal the seconds that are left; elsewhere the first line only."""

    def __init__(self, command: str, text: str, seconds: float) -> None:
        self._text, self._seconds, self._shown = f"shelf-agent {command}: {text}", seconds, -1
        self._live = sys.stderr.isatty()
        if not self._live:
            print(self._text, file=sys.stderr, flush=True)

    def at(self, passed_s: float) -> None:
        """So much has passed."""
        left = max(0, round(self._seconds - passed_s))
        if self._live and left != self._shown:
            self._shown = left
            print(f"\r{self._text} ... {left:3d} s", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Done."""
        if self._live:
            print(f"\r{self._text} ... done ", file=sys.stderr, flush=True)
