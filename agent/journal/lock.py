"""One process at a time on a state folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from agent.journal.errors import StateLockedError, StateUnusableError

LOCK_NAME = "lock"


class StateLock:
    """Holds the folder from creation to `close`; the kernel lets go with the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Make the folder where it is missing, and lock it.

        Raises:
            StateLockedError: another process holds it.
            StateUnusableError: it cannot be made or written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = _opened(folder / LOCK_NAME)
        except OSError as error:
            raise StateUnusableError(
                f"{folder}: {(error.strerror or str(error)).lower()}; name a folder that can be written with --state"
            ) from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise StateLockedError(folder) from None

    def close(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> StateLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # a read-only disk can still be held by one process
