"""What the journal keeps."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to be made durable. `waiting`: its instants are still on the agent's own time line, unpublished."""

    sequence: int
    made_ns: int
    body: str
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A durable event; `no` counts over all epochs."""

    no: int
    epoch: str
    sequence: int
    body: str


@dataclass(frozen=True, slots=True)
class Link:
    """An epoch's last sequence."""

    epoch: str
    sequence: int


@dataclass(frozen=True, slots=True)
class SavedLine:
    """The agent's time line as it stood: all in ns, `offset_ns` leads from it to UTC.

    `good_ns` is when (on the line) the clock was last known to be synchronised, None: never. `until_ns` is the
    latest UTC instant that a watermark may have told.
    """

    boot_id: str
    line_minus_mono_ns: int
    line_ns: int
    offset_ns: int
    good_ns: int | None
    until_ns: int | None

    def document(self) -> dict[str, object]:
        return asdict(self)
