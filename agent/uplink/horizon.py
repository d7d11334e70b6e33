"""Which watermark may be told: the latest whose events the broker has acknowledged; it never goes back. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from agent.messages import CloudEvent, OpenPlate, PreviousEpoch, Watermark, agent_source
from agent.messages.envelope import sequence_text
from agent.messages.events import WATERMARK
from agent.uplink.identity import Identity

MAX_MARKS = 256


@dataclass(frozen=True, slots=True)
class Mark:
    """A watermark as the pipeline gave it, its instants in UTC."""

    sequence: int
    until_t_utc_ns: int
    open: tuple[OpenPlate, ...]
    blind: tuple[OpenPlate, ...]


class Horizon:
    """Holds marks until their events are acknowledged."""

    def __init__(self, until_t_utc_ns: int | None) -> None:
        """`until_t_utc_ns`: what was told before this process."""
        self._told: Mark | None = None
        self._floor_ns = until_t_utc_ns
        self._marks: deque[Mark] = deque()

    @property
    def until_t_utc_ns(self) -> int | None:
        """The latest instant that may have been told."""
        return self._floor_ns

    def seen(self, mark: Mark) -> None:
        """A mark over events that are durable. Of one sequence only the latest counts."""
        if self._marks and self._marks[-1].sequence == mark.sequence:
            self._marks.pop()
        self._marks.append(mark)
        if len(self._marks) > MAX_MARKS:
            # Any of them is true for ever; with fewer the watermark moves in larger steps.
            kept = list(self._marks)
            self._marks = deque([*kept[:-1:2], kept[-1]])

    def tell(self, acknowledged_sequence: int | None) -> Mark | None:
        """The mark to tell now; None: there is none yet."""
        if acknowledged_sequence is not None:
            while self._marks and self._marks[0].sequence <= acknowledged_sequence:
                mark = self._marks.popleft()
                if self._floor_ns is None or mark.until_t_utc_ns >= self._floor_ns:
                    self._told, self._floor_ns = mark, mark.until_t_utc_ns
        return self._told


def watermark_event(identity: Identity, mark: Mark, number: int, now_t_utc_ns: int) -> CloudEvent:
    """The watermark as published; `number` makes its id unique."""
    link = identity.previous
    previous = PreviousEpoch(epoch=link.epoch, sequence=sequence_text(link.sequence)) if link else None
    data = Watermark(
        epoch=identity.epoch,
        sequence=sequence_text(mark.sequence),
        until=mark.until_t_utc_ns,
        open=mark.open,
        blind=mark.blind,
        previous=previous,
    )
    return CloudEvent(
        id=f"{identity.epoch}-w{number}",
        source=agent_source(identity.store, identity.agent),
        type=WATERMARK,
        time=mark.until_t_utc_ns,
        recordedtime=now_t_utc_ns,
        subject=identity.agent,
        data=data.model_dump(mode="json"),
    )
