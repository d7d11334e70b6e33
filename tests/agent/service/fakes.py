"""A machine whose clocks the test moves, and a pipeline that tells what the test puts into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from agent.messages import Fault, Movement
from agent.messages.events import FAULT, PICK, RECOVERED
from agent.pipeline.arrivals import Arrivals, Chunk, ordered
from agent.pipeline.told import PlateReading, Progress, Told, Zeroed

S = 1_000_000_000
T0 = 1_700_000_000 * S


class FakeClock:
    """Monotonic time runs only by `pass_s`; UTC may be stepped."""

    def __init__(self, utc_ns: int = T0) -> None:
        self.mono, self.utc, self.boot = 5 * S, utc_ns, "boot-1"

    def mono_ns(self) -> int:
        return self.mono

    def utc_ns(self) -> int:
        return self.utc

    def boot_id(self) -> str:
        return self.boot

    def pass_s(self, seconds: float) -> None:
        self.mono += int(seconds * S)
        self.utc += int(seconds * S)


class FakeSync:
    def __init__(self, right: bool = True) -> None:
        self.right = right

    def synchronised(self) -> bool:
        return self.right


def picked(epoch: str, sequence: int, t_ns: int, plate: str = "P1") -> Told:
    data = Movement(
        plate=plate,
        delta_g=-350.0,
        sigma_g=0.5,
        before_g=1000.0,
        after_g=650.0,
        position_mm=None,
        position_sigma_mm=None,
        items=(),
        confidence=0.9,
        candidates=(),
        started=t_ns - S,
        settled=t_ns + S,
    )
    return Told(epoch, sequence, PICK, plate, t_ns, t_ns + S, data)


class FakePipeline:
    """Each byte fed becomes a pick."""

    def __init__(self, epoch: str) -> None:
        self.epoch, self.sequence = epoch, 0
        self.calls: list[tuple[Any, ...]] = []
        self.until_ns: int | None = None
        self.out: list[tuple[str, bytes]] = []

        self.waiting: list[Chunk] = []

    def put(self, chunks: Iterable[Chunk]) -> None:
        self.waiting += chunks

    def feed(self, chunk: Chunk) -> list[Told]:
        told = []
        for _ in chunk.data:
            self.sequence += 1
            told.append(picked(self.epoch, self.sequence, chunk.t_mono_ns))
        return told

    def feed_stretch(self, stretch: Sequence[Arrivals]) -> list[Told]:
        return [told for chunk in ordered(stretch) for told in self.feed(chunk)]

    def due_ns(self) -> int | None:
        return None

    def advance(self, t_mono_ns: int, *, at_leisure: bool = False) -> list[Told]:
        self.until_ns = t_mono_ns
        return self.finish()

    def finish(self) -> list[Told]:
        waiting, self.waiting = self.waiting, []
        return [told for chunk in waiting for told in self.feed(chunk)]

    def progress(self) -> Progress:
        return Progress(self.until_ns, self.sequence, (), ())

    def readings(self) -> list[PlateReading]:
        return [PlateReading("P1", self.until_ns or 0, 1.0, stable=True, contents={"a": 1}, quality=())]

    def requests(self) -> list[tuple[str, bytes]]:
        out, self.out = self.out, []
        return out

    def snapshot(self, *, whole: bool = True) -> dict[str, Any]:
        return {"sequence": self.sequence}

    def report(self, fault: Fault, subject: str, *, recovered: bool, t_mono_ns: int) -> list[Told]:
        self.sequence += 1
        kind = RECOVERED if recovered else FAULT
        return [Told(self.epoch, self.sequence, kind, subject, t_mono_ns, t_mono_ns, fault)]

    def restock(self, plate: str, *, begin: bool, t_mono_ns: int) -> list[Told]:
        if plate != "P1":
            raise KeyError(plate)
        self.calls.append(("restock", plate, begin, t_mono_ns))
        return []

    def tare(self, plate: str, keep: Callable[[tuple[Zeroed, ...]], None]) -> str:
        if plate != "P1":
            return "not at rest"
        keep((Zeroed("b000000000000001", 0, 81_000.0, 415.0),))
        self.calls.append(("tare", plate))
        return ""

    def set_contents(self, plate: str, contents: dict[str, int]) -> None:
        self.calls.append(("set", plate, contents))
