"""What may have moved: units, where they stood, and how likely that was beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from agent.inference.belief import Bundle
from agent.inference.habits import AWAY, BROUGHT, HOME, LEANT, SEVERAL, USED
from agent.inference.parameters import InferenceParameters

Span = tuple[float, float]

# Places, parts and hypotheses are made by the hundred for each reading: they are not frozen, for that would take three
# times as long. Nobody changes them.


@dataclass(slots=True, eq=False)
class Place:
    """Where units may stand: the middle of a span and its width for each axis; `loose` is the share anywhere else."""

    x: Span
    y: Span
    loose: float
    sharp: bool = False  # x and y are (mean, sd) of a known place rather than a span


@dataclass(slots=True, eq=False)
class Part:
    """Units of one sku that move together. `sign` is -1 when they leave the plate; `source` is the bundle meant."""

    sku: str | None
    count: int
    sign: int
    mean_g: float
    variance_g2: float
    place: Place
    source: Bundle | None = None
    from_lane: bool = False
    leans: bool = False


@dataclass(slots=True, eq=False)
class Hypothesis:
    """Parts that moved at once, and the logarithm of how likely that was beforehand."""

    parts: tuple[Part, ...]
    log_prior: float
    meant: tuple[tuple[str, int], ...] | None = None  # a thing that may be several products at once
    log_habit: float = 0.0  # how many times likelier than others it is by how people put things down lately

    def items(self, direction: int) -> tuple[tuple[str, int], ...]:
        """(sku, qty) with qty counted in the event's direction (-1 pick, +1 put); foreign things are left out."""
        if self.meant is not None:
            return self.meant
        if len(self.parts) == 1:
            (part,) = self.parts
            return ((part.sku, part.count * part.sign * direction),) if part.sku is not None and part.count else ()
        total: dict[str, int] = {}
        for part in self.parts:
            if part.sku is not None:
                total[part.sku] = total.get(part.sku, 0) + part.count * part.sign * direction
        return tuple(sorted((sku, qty) for sku, qty in total.items() if qty))


def kind_of_put(part: Part) -> str:
    """How it was put down, in the words of `habits`."""
    if part.sku is None:
        return USED if part.source is None else BROUGHT
    if part.leans:
        return LEANT
    return SEVERAL if part.count > 1 else HOME if part.from_lane else AWAY


def stands_mm(part: Part, axis: int, extent: float, p: InferenceParameters) -> tuple[float, float]:
    """Mean and variance in mm of where a part stands along an axis."""
    a, b = (part.place.x, part.place.y)[axis]
    if part.place.sharp:
        if part.place.loose >= 1.0:
            return extent / 2, extent**2 / 12
        return a, b * b + p.place_sd_mm**2
    return (a + b) / 2, (b - a) ** 2 / 12 + p.place_sd_mm**2
