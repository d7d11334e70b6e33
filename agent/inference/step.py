"""A change between two plateaus as understood."""

from __future__ import annotations

from dataclasses import dataclass

from agent.detection import Level
from agent.inference.change import Change
from agent.inference.items import FOREIGN, Items, Shares
from agent.inference.parts import Hypothesis


@dataclass(frozen=True)
class Step:
    """A change between two plateaus as understood.

    `ranked` are the readings by probability, each (items, probability), with "something else" as empty items;
    `best` is the hypothesis meant by the likeliest (None: something else). `pushed`: no weight, but place.
    `apart` is False for one of several movements that were measured together: its place is not known.
    """

    before: Level
    after: Level
    change: Change
    ranked: Shares
    best: Hypothesis | None
    nothing: bool
    pushed: bool
    certainty: float
    apart: bool = True

    @property
    def direction(self) -> int:
        return 1 if self.change.delta_g[0] > 0 else -1

    @property
    def meaning(self) -> tuple[tuple[int, Items], ...]:
        """Direction and items, where goods moved."""
        return () if self.nothing else ((self.direction, self.items),)

    @property
    def units(self) -> int:
        """How many goods moved by the likeliest reading."""
        return sum(abs(count) for _, count in self.items)

    @property
    def items(self) -> Items:
        return self.ranked[0][0] if self.ranked else FOREIGN
