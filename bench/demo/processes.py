"""The demo's processes: each in a group of its own, on a leash, its words in a file; ended in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.demo.errors import PartFailedError, SetupError

STOP_S = 4.0  # the agent's own bound is 2 s
LOOK_EVERY_S = 0.03
TAIL_LINES = 15
LEASH = Path(__file__).with_name("leash.py")


def program(name: str, remedy: str) -> Path:
    """A command of this Python's environment, or of the path.

    Raises:
        SetupError: not there; `remedy` says what to do.
    """
    beside = Path(sys.executable).parent
    for folder in (str(beside), *os.environ.get("PATH", "").split(os.pathsep)):
        path = Path(folder) / name
        if folder and path.is_file() and os.access(path, os.X_OK):
            return path
    raise SetupError(f"no {name} here; {remedy}")


@dataclass(frozen=True)
class Child:
    """A process and where its words go."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def words(self) -> str:
        """All it had to say."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def says(self, text: str) -> Callable[[], bool]:
        """Asks whether it has said this."""
        return lambda: text in self.words()

    def tail(self) -> str:
        """The end of what it had to say."""
        lines = self.words().splitlines()
        return "\n".join(f"  {line}" for line in lines[-TAIL_LINES:])


class Children:
    """Starts processes, notices when one ends, and ends them, the one started last first."""

    def __init__(self, folder: Path) -> None:
        """`folder` takes the logs."""
        self._folder = folder
        self._children: list[Child] = []

    def start(
        self, name: str, command: Sequence[str | Path], settings: Mapping[str, str], stdin: int = subprocess.DEVNULL
    ) -> Child:
        """Start a command. It sees this process's environment without anybody's SHELF_* settings, and `settings`."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SHELF_")}
        log = self._folder / f"{name}.log"
        leashed = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *map(str, command)]
        with log.open("wb") as words:
            process = subprocess.Popen(
                leashed,
                stdin=stdin,
                stdout=words,
                stderr=subprocess.STDOUT,
                env={**environment, **settings},
                cwd=self._folder,
                process_group=0,  # a Ctrl-C is ours to pass on, in order
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def tails(self) -> str:
        """The ends of what they all had to say."""
        return "\n".join(f"{child.name}:\n{child.tail()}" for child in self._children)

    def check(self) -> None:
        """Raises PartFailedError where one has ended."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                raise PartFailedError(f"{child.name} has ended by itself (exit {code})", child.tail())

    def end(self, child: Child) -> None:
        """End one before the others."""
        self._children.remove(child)
        _stop(child.process)

    def stop(self) -> None:
        """End them all: SIGTERM, a bounded wait, SIGKILL."""
        for child in reversed(self._children):
            _stop(child.process)
        self._children.clear()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(ready: Callable[[], bool], what: str, check: Callable[[], None], bound_s: float) -> None:
    """Wait until `ready` says so; `check` raises where waiting is in vain.

    Raises:
        PartFailedError: the bound has passed; `what` is its text.
    """
    end_s = time.monotonic() + bound_s
    while not ready():
        check()
        if time.monotonic() > end_s:
            raise PartFailedError(f"{what} within {bound_s:g} s")
        time.sleep(LOOK_EVERY_S)
