"""What flows into and out of the pipeline. All instants are on the monotonic line (`t_mono_ns`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agent.messages import Change, CloudEvent, Correction, Fault, Movement, agent_source
from agent.messages.envelope import event_id, sequence_text
from agent.pipeline.arrivals import Arrivals, Chunk

Data = Movement | Change | Correction | Fault


@dataclass(frozen=True, slots=True)
class Told:
    """An event as decided. Instants within `data` are on the monotonic line too; `stamp` moves them to UTC."""

    epoch: str
    sequence: int
    type: str
    subject: str
    t_mono_ns: int
    made_t_mono_ns: int
    data: Data

    @property
    def id(self) -> str:
        return event_id(self.epoch, self.sequence)


@dataclass(frozen=True, slots=True)
class Since:
    """A plate and the instant since which something holds for it."""

    plate: str
    t_mono_ns: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far all is told: the watermark's content before it is stamped. `until_t_mono_ns` of None: nothing yet."""

    until_t_mono_ns: int | None
    sequence: int
    open: tuple[Since, ...]
    blind: tuple[Since, ...]


@dataclass(frozen=True, slots=True)
class PlateReading:
    """What a plate holds now, for the retained plate topic. `weight_g` of None: not measured."""

    plate: str
    t_mono_ns: int
    weight_g: float | None
    stable: bool
    contents: dict[str, int]
    quality: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Zeroed:
    """A cell after a tare: what it reads where the plate counts as empty, and its counts a gram, as they were."""

    board: str
    channel: int
    zero_counts: float
    counts_per_gram: float


class ShelfPipeline(Protocol):
    """What the service needs of a pipeline. Pure: no thread, no socket, no clock; not thread-safe."""

    def feed(self, chunk: Chunk) -> list[Told]:
        """Take bytes; give what was decided, in order of sequence."""

    def feed_stretch(self, stretch: Sequence[Arrivals]) -> list[Told]:
        """Take what came over seconds at once; what is told is the same as chunk by chunk."""

    def put(self, chunks: Iterable[Chunk]) -> None:
        """Take bytes that the next `advance` works on."""

    def advance(self, t_mono_ns: int, *, at_leisure: bool = False) -> list[Told]:
        """Time passes (as often as `due_ns` says in the service), also where no bytes come: silence becomes faults.
        `at_leisure`: what came may wait until it is `due_ns`."""

    def due_ns(self) -> int | None:
        """When `advance` has something to do, if all boards deliver in time; None: at once."""

    def finish(self) -> list[Told]:
        """End of the input: decide what can be decided from what was measured."""

    def progress(self) -> Progress:
        """How far all is told."""

    def readings(self) -> list[PlateReading]:
        """The plates as they stand."""

    def requests(self) -> list[tuple[str, bytes]]:
        """Bytes to write to ports (source, wire bytes), such as IDENTIFY; emptied by the call."""

    def snapshot(self, *, whole: bool = True) -> dict[str, Any]:
        """The belief state as JSON-able data, to be stored with the events told so far. If not `whole`, a plate that
        has rested since it was last asked may be as it was then: that is quicker."""

    def report(self, fault: Fault, subject: str, *, recovered: bool, t_mono_ns: int) -> list[Told]:
        """A fault of the service's own rooms (port, disk, broker), or its end: told in the pipeline's sequence."""

    def restock(self, plate: str, *, begin: bool, t_mono_ns: int) -> list[Told]:
        """Staff begins or ends refilling a plate; KeyError for a plate that is not served."""

    def tare(self, plate: str, keep: Callable[[tuple[Zeroed, ...]], None]) -> str:
        """Take the plate's present weight as empty; returns "" or why it was refused, KeyError for an unknown plate.

        `keep` makes the zeros durable before they hold; what it raises goes through, and nothing has changed."""

    def set_contents(self, plate: str, contents: dict[str, int]) -> None:
        """Staff says what stands on a plate; KeyError for an unknown plate or sku."""


def stamp(told: Told, store: str, agent: str, utc_minus_mono_ns: int, *, synchronised: bool = True) -> CloudEvent:
    """The event as published, its instants moved to UTC by the offset of the two clocks."""
    data = _shifted(told.data, utc_minus_mono_ns)
    if isinstance(data, Movement) and not synchronised:
        data = data.model_copy(update={"quality": (*data.quality, "clock-unsynchronised")})
    return CloudEvent(
        id=told.id,
        source=agent_source(store, agent),
        type=told.type,
        time=told.t_mono_ns + utc_minus_mono_ns,
        recordedtime=told.made_t_mono_ns + utc_minus_mono_ns,
        subject=told.subject,
        epoch=told.epoch,
        sequence=sequence_text(told.sequence),
        data=data.model_dump(mode="json", exclude_none=isinstance(data, Fault)),
    )


def _shifted(data: Data, offset_ns: int) -> Data:
    update: dict[str, Any] = {}
    if isinstance(data, Movement):
        update = {"started": data.started + offset_ns, "settled": data.settled + offset_ns}
    if isinstance(data, Change):
        update["window"] = (data.window[0] + offset_ns, data.window[1] + offset_ns)
    return data.model_copy(update=update) if update else data
