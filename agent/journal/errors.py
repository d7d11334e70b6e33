"""What can go wrong with the state folder, as types."""

from __future__ import annotations

import sqlite3
from pathlib import Path

_FULL = ("full",)
_READ_ONLY = ("readonly", "read-only")


class JournalError(Exception):
    """The state cannot be read or written; the text is one line that says what to do."""


class StateLockedError(JournalError):
    """Another process uses the state folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is in use by another shelf-agent; stop that one, or name another --state")


class StateTooNewError(JournalError):
    """The state was written by a later version."""

    def __init__(self, folder: Path, found: int, known: int) -> None:
        super().__init__(
            f"{folder} was written by a later shelf-agent (journal version {found}, this one knows {known}); "
            "install that version again, or move the folder away to begin a new life"
        )


class StateForeignError(JournalError):
    """The state is another agent's."""

    def __init__(self, folder: Path, owner: str, wanted: str) -> None:
        super().__init__(f"{folder} holds the state of {owner}, not of {wanted}; name another --state for this agent")


class BeliefRefusedError(JournalError):
    """The saved belief does not fit this version or this store file."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"the belief saved in {folder} cannot be used ({reason}); install the version that wrote it, "
            "or move the folder away to begin from the store file's stock"
        )


class StateUnusableError(JournalError):
    """The folder cannot be made, entered or written."""


class JournalWriteError(JournalError):
    """A commit failed and changed nothing. `fault` is the name under which it is told."""

    def __init__(self, fault: str, reason: str) -> None:
        super().__init__(f"{fault}: {reason}")
        self.fault = fault
        self.reason = reason

    @classmethod
    def of(cls, error: sqlite3.Error | OSError) -> JournalWriteError:
        text = str(error).lower()
        if any(word in text for word in _FULL):
            return cls("disk-full", str(error))
        if any(word in text for word in _READ_ONLY):
            return cls("disk-read-only", str(error))
        return cls("disk-failing", str(error))


class StateUnavailableError(JournalError):
    """The journal cannot be opened for now: the disk is full, read-only or failing. It may be tried again."""
