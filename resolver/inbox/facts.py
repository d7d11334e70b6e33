"""What a message says once it is checked: plain, frozen, times in ns since 1970 (UTC)."""

from __future__ import annotations

from dataclasses import dataclass

from agent.messages import Change, Correction, Movement


@dataclass(frozen=True, slots=True)
class Told:
    """An agent's numbered message of a kind that moves no goods (faults, kinds that are not known)."""

    agent: str
    source: str
    id: str
    epoch: str
    sequence: int
    kind: str
    t_utc_ns: int
    recorded_utc_ns: int


@dataclass(frozen=True, slots=True)
class MovementFact(Told):
    """A pick, put or change."""

    movement: Movement

    @property
    def window(self) -> tuple[int, int]:
        """The span in which it happened: an instant, but for a change that nobody measured."""
        return self.movement.window if isinstance(self.movement, Change) else (self.t_utc_ns, self.t_utc_ns)

    @property
    def order(self) -> tuple[int, str, str, int]:
        """Where it stands among all movements of the store, whatever the order of arrival."""
        return (self.t_utc_ns, self.source, self.epoch, self.sequence)


@dataclass(frozen=True, slots=True)
class CorrectionFact(Told):
    """A new reading of an earlier movement."""

    correction: Correction


@dataclass(frozen=True, slots=True)
class FaultFact(Told):
    """A fault that began or ended."""

    fault: str
    plates: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, slots=True)
class WatermarkFact:
    """How far an agent has told; `open` and `blind` are plates with the instant since when."""

    agent: str
    t_utc_ns: int
    epoch: str
    sequence: int
    until_utc_ns: int
    open: tuple[tuple[str, int], ...]
    blind: tuple[tuple[str, int], ...]
    previous: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class SessionFact:
    """Somebody entered or exited."""

    source: str
    id: str
    t_utc_ns: int
    recorded_utc_ns: int
    session: str
    group: str | None
    entered: bool


@dataclass(frozen=True, slots=True)
class PresenceFact:
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
