"""What can go wrong with the demo, as a person reads it."""

from __future__ import annotations


class SetupError(Exception):
    """Something that is missing or taken here; the text says what to do. Nothing was started, or all was ended."""


class PartFailedError(Exception):
    """A part ended by itself or was not ready in time; `tail` is the end of what it had to say."""

    def __init__(self, what: str, tail: str = "") -> None:
        super().__init__(what)
        self.tail = tail


class StoppedError(Exception):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
