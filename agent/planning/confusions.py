"""Which movements of a store cannot be told apart, plate by plate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from agent.inference import InferenceParameters
from agent.planning.movements import Amount, Movement, PlateModel, pairs
from agent.planning.overlap import bound, may_be_alike, overlap, overlap_weighed
from agent.planning.parameters import PlanParameters
from agent.store import Item, Plate, Store

Kind = Literal["take", "put"]


@dataclass(frozen=True)
class Confusion:
    """Two movements on a plate of which one may be told as the other. `other` is empty for "nothing moved".

    `error` is the chance that the wrong one is told, were both equally likely; `share` the share of all takes from
    this plate that is told wrongly for it (None for puts, whose number nobody knows).
    """

    plate: str
    kind: Kind
    one: tuple[Amount, ...]
    other: tuple[Amount, ...]
    error: float
    share: float | None

    @property
    def skus(self) -> frozenset[str]:
        return frozenset(sku for sku, _ in (*self.one, *self.other))


class Planner:
    """Holds what was worked out, for a placing is tried many times."""

    def __init__(
        self, items: dict[str, Item], plan: PlanParameters | None = None, model: InferenceParameters | None = None
    ) -> None:
        self._items = items
        self.parameters = plan or PlanParameters()
        self._model = model or InferenceParameters()
        self._takes: dict[Plate, tuple[Confusion, ...]] = {}
        self._puts: dict[tuple[Plate, frozenset[str]], tuple[Confusion, ...]] = {}

    def confusions(self, store: Store) -> list[Confusion]:
        """Of all plates, the worst first."""
        found = [each for agent in store.agents for each in self.of_plates(store.plates_of(agent))]
        return sorted(found, key=lambda each: (-round(each.error, 4), -(each.share or 0.0), each.plate))

    def of_plates(self, plates: tuple[Plate, ...], only: frozenset[str] | None = None) -> list[Confusion]:
        """Of plates that stand side by side in this order; `only` names those that are asked for."""
        found: list[Confusion] = []
        for k, plate in enumerate(plates):
            if only is not None and plate.id not in only:
                continue
            near = plates[max(k - self.parameters.neighbours, 0) : k + self.parameters.neighbours + 1]
            found += self._of_takes(plate)
            found += self._of_puts(plate, frozenset(lane.sku for each in near for lane in each.lanes))
        return found

    def _of_takes(self, plate: Plate) -> tuple[Confusion, ...]:
        known = self._takes.get(plate)
        if known is None:
            movements = PlateModel(plate, self._items, self.parameters, self._model).takes()
            rows = []
            for one, other in pairs(movements):
                if self._may_matter(one, other):
                    result = overlap(one, other, self.parameters)
                    if result.share >= self.parameters.least_share:
                        rows += self._row(plate, "take", one, other, result.error, result.share)
            known = self._takes[plate] = tuple(rows)
        return known

    def _may_matter(self, one: Movement, other: Movement) -> bool:
        seldom = min(one.share, other.share) < self.parameters.least_share
        return not seldom and bound(one, other) >= self.parameters.least_error

    def _of_puts(self, plate: Plate, near: frozenset[str]) -> tuple[Confusion, ...]:
        known = self._puts.get((plate, near))
        if known is None:
            model = PlateModel(plate, self._items, self.parameters, self._model)
            puts = {sku: model.put(sku) for sku in sorted(near)}
            rows = []
            for (a, one), (b, other) in combinations(puts.items(), 2):
                sd = math.hypot(self._items[a].unit_sd_g, self._items[b].unit_sd_g)
                if may_be_alike(one, other, sd) >= self.parameters.least_error:
                    error = overlap_weighed(one, other, sd, self.parameters)
                    rows += self._row(plate, "put", one, other, error, None)
            known = self._puts[plate, near] = tuple(rows)
        return known

    def _row(
        self, plate: Plate, kind: Kind, one: Movement, other: Movement, error: float, share: float | None
    ) -> list[Confusion]:
        if error < self.parameters.least_error:
            return []
        return [Confusion(plate.id, kind, one.amounts, other.amounts, error, share)]
