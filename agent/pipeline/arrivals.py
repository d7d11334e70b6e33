"""Bytes of ports, and when they arrived: a chunk, and all chunks of one port over a stretch of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SLOT_NS = 5_000_000  # chunks are decoded so much at a time: what came by the end of a slot, right after it


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes as they came off a port: `source` names the port, `t_mono_ns` the arrival."""

    source: str
    t_mono_ns: int
    data: bytes


class Part(Protocol):
    """A chunk, of whoever it is."""

    @property
    def source(self) -> str: ...
    @property
    def t_mono_ns(self) -> int: ...
    @property
    def data(self) -> bytes: ...


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """`data` came in parts that end at `ends` [k] and arrived at `t_mono_ns` [k], which never goes back.

    `number` [k] says in which order parts of several ports came.
    """

    source: str
    t_mono_ns: NDArray[np.int64]
    number: NDArray[np.int64]
    ends: NDArray[np.int64]
    data: bytes | memoryview

    def split(self, t_ns: int) -> tuple[Arrivals | None, Arrivals | None]:
        """What arrived before an instant, and what came later; None where there is nothing."""
        k = int(self.t_mono_ns.searchsorted(t_ns))
        if not k or k == len(self.t_mono_ns):
            return (self, None) if k else (None, self)
        at, data = int(self.ends[k - 1]), memoryview(self.data)
        early = Arrivals(self.source, self.t_mono_ns[:k], self.number[:k], self.ends[:k], data[:at])
        late = Arrivals(self.source, self.t_mono_ns[k:], self.number[k:], self.ends[k:] - at, data[at:])
        return early, late

    def chunks(self) -> list[tuple[int, Chunk]]:
        """The parts with their numbers."""
        begin = 0
        out = []
        for t_ns, number, end in zip(self.t_mono_ns.tolist(), self.number.tolist(), self.ends.tolist(), strict=True):
            out.append((number, Chunk(self.source, t_ns, bytes(self.data[begin:end]))))
            begin = end
        return out


def gathered(chunks: Iterable[Part], first_number: int = 0) -> list[Arrivals]:
    """Chunks in order of arrival, port by port."""
    parts: dict[str, tuple[list[int], list[int], list[bytes]]] = {}
    for number, chunk in enumerate(chunks, start=first_number):
        times, numbers, data = parts.setdefault(chunk.source, ([], [], []))
        times.append(chunk.t_mono_ns)
        numbers.append(number)
        data.append(chunk.data)
    return [
        Arrivals(
            source,
            np.array(times, np.int64),
            np.array(numbers, np.int64),
            np.cumsum([len(part) for part in data]),
            b"".join(data),
        )
        for source, (times, numbers, data) in parts.items()
    ]


def ordered(stretch: Sequence[Arrivals]) -> list[Chunk]:
    """All parts in the order in which they came."""
    numbered = [pair for arrivals in stretch for pair in arrivals.chunks()]
    return [chunk for _, chunk in sorted(numbered, key=lambda pair: pair[0])]


def split(stretch: Sequence[Arrivals], t_ns: int) -> tuple[list[Arrivals], list[Arrivals]]:
    """What arrived before an instant, and what came later."""
    parts = [arrivals.split(t_ns) for arrivals in stretch]
    return [early for early, _ in parts if early is not None], [late for _, late in parts if late is not None]


def joined(early: Sequence[Arrivals], late: Sequence[Arrivals]) -> list[Arrivals]:
    """One stretch of two that follow each other; numbers count on."""
    first = 1 + max((int(arrivals.number[-1]) for arrivals in early), default=-1)
    out = {arrivals.source: arrivals for arrivals in early}
    for arrivals in late:
        after = Arrivals(arrivals.source, arrivals.t_mono_ns, arrivals.number + first, arrivals.ends, arrivals.data)
        before = out.get(arrivals.source)
        out[arrivals.source] = after if before is None else _end_to_end(before, after)
    return list(out.values())


def _end_to_end(before: Arrivals, after: Arrivals) -> Arrivals:
    return Arrivals(
        before.source,
        np.concatenate((before.t_mono_ns, after.t_mono_ns)),
        np.concatenate((before.number, after.number)),
        np.concatenate((before.ends, after.ends + len(before.data))),
        b"".join((before.data, after.data)),
    )
