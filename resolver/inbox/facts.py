"""What a message says once it is checked: plain, frozen, times in ns since 1970 (UTC)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

SECOND_NS = 1_000_000_000
MAX_T_UTC_NS = 7_258_118_400 * SECOND_NS
"""The year 2200. Nanoseconds in 64 bits, as databases keep them, end in 2262."""

Probability = Annotated[float, Meta(ge=0.0, le=1.0)]


class Count(Struct, frozen=True, gc=False):
    """So many of an item, counted in the event's direction; negative is the opposite movement."""

    sku: Annotated[str, Meta(min_length=1, max_length=128)]
    qty: int
    weight_g: float | None = None


class Candidate(Struct, frozen=True, gc=False):
    """One whole hypothesis of what moved."""

    items: tuple[Count, ...]
    probability: Probability


class Movement(Struct, frozen=True, gc=False):
    """What was weighed and what it may have been; `window` is of a change that nobody measured."""

    plate: str
    delta_g: float
    sigma_g: float
    before_g: float
    after_g: float
    items: tuple[Count, ...]
    confidence: float
    candidates: tuple[Candidate, ...]
    started: int
    settled: int
    actor: Literal["shopper", "staff"] = "shopper"
    quality: tuple[str, ...] = ()
    window: tuple[int, int] | None = None


class Correction(Struct, frozen=True, gc=False):
    """Replaces the interpretation of an earlier event whole."""

    corrects: str
    items: tuple[Count, ...]
    confidence: float
    withdrawn: bool
    reason: str


class Told(Struct, frozen=True, gc=False):
    """An agent's numbered message of a kind that moves no goods (faults, kinds that are not known)."""

    agent: str
    source: str
    id: str
    epoch: str
    sequence: int
    kind: str
    t_utc_ns: int
    recorded_utc_ns: int


class MovementFact(Told, frozen=True, gc=False):
    """A pick, put or change."""

    movement: Movement

    @property
    def window(self) -> tuple[int, int]:
        """The span in which it happened: an instant, but for a change that nobody measured."""
        return self.movement.window or (self.t_utc_ns, self.t_utc_ns)

    @property
    def order(self) -> tuple[int, str, str, int]:
        """Where it stands among all movements of the store, whatever the order of arrival."""
        return (self.t_utc_ns, self.source, self.epoch, self.sequence)


class CorrectionFact(Told, frozen=True, gc=False):
    """A new reading of an earlier movement."""

    correction: Correction


class FaultFact(Told, frozen=True, gc=False):
    """A fault that began or ended."""

    fault: str
    plates: tuple[str, ...]
    remedy: str


class WatermarkFact(Struct, frozen=True, gc=False):
    """How far an agent has told; `open` and `blind` are plates with the instant since when."""

    agent: str
    t_utc_ns: int
    epoch: str
    sequence: int
    until_utc_ns: int
    open: tuple[tuple[str, int], ...]
    blind: tuple[tuple[str, int], ...]
    previous: tuple[str, int] | None


class SessionFact(Struct, frozen=True, gc=False):
    """Somebody entered or exited."""

    source: str
    id: str
    t_utc_ns: int
    recorded_utc_ns: int
    session: str
    group: str | None
    entered: bool


class PresenceFact(Struct, frozen=True, gc=False):
    """Who may reach these plates, from `t_utc_ns` to before `until_utc_ns`; the rest to 1 is nobody known."""

    source: str
    id: str
    t_utc_ns: int
    until_utc_ns: int
    sensor: str
    plates: tuple[str, ...]
    shares: tuple[tuple[str, float], ...]


Fact = Told | WatermarkFact | SessionFact | PresenceFact


def arrival_time(fact: Fact) -> int:
    """The instant at which a fact was made, by its sender's clock: the order in which facts arise."""
    if isinstance(fact, (Told, SessionFact)):
        return fact.recorded_utc_ns
    return fact.t_utc_ns
