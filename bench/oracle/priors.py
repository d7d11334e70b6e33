"""How often each kind of step happens in a family: the true prior, counted on the very cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.scoring import truth_steps

Truth = Mapping[str, Any]
Store = Mapping[str, Any]

KINDS = ("one", "same2", "same3", "same4", "pair", "other", "foreign")
SMOOTHING = 0.5


@dataclass(frozen=True)
class Prior:
    """Probabilities of the kinds of step: so many of one product, two different ones, more, a foreign thing."""

    pick: Mapping[str, float]
    put: Mapping[str, float]
    put_home: float  # share of puts into the product's own lane
    put_fresh: float  # share of puts of units that were not there before (staff)
    put_leant: float  # share of puts that lean against the side

    def of(self, direction: str) -> Mapping[str, float]:
        """The prior of a direction, "pick" or "put"."""
        return self.pick if direction == "pick" else self.put


def kind_of(items: Mapping[str, int]) -> str:
    """Which kind of step a multiset is."""
    if not items:
        return "foreign"
    if len(items) == 1:
        count = next(iter(items.values()))
        return "one" if count == 1 else f"same{count}" if count <= 4 else "other"
    return "pair" if sorted(items.values()) == [1, 1] else "other"


def learn_priors(cases: Iterable[tuple[Truth, Store]]) -> Prior:
    """Count the steps of a family's cases: truth and store file of each."""
    counts: dict[str, Counter[str]] = {"pick": Counter(), "put": Counter()}
    puts = {"all": 0, "home": 0, "fresh": 0, "leant": 0}
    for truth, store in cases:
        _count_puts(truth, store, puts)
        for step in truth_steps(truth):
            counts[step.kind][kind_of(step.items)] += 1
    share = {key: (puts[key] + SMOOTHING) / (puts["all"] + 2 * SMOOTHING) for key in ("home", "fresh", "leant")}
    return Prior(_shares(counts["pick"]), _shares(counts["put"]), share["home"], share["fresh"], share["leant"])


def _count_puts(truth: Truth, store: Store, puts: dict[str, int]) -> None:
    known: set[int] = set()
    lanes = {(p["id"], lane["sku"]): (lane, p) for p in store["plate"] for lane in p["lane"]}
    for move in sorted(truth["moves"], key=lambda m: float(m["t"])):
        for unit in move["units"]:
            if move["kind"] == "put" and unit["sku"] is not None:
                puts["all"] += 1
                puts["fresh"] += unit["unit"] not in known
                puts["leant"] += unit["carried"] < 1.0
                puts["home"] += _in_lane(unit, lanes.get((move["plate"], unit["sku"])))
            known.add(unit["unit"])


def _in_lane(unit: Mapping[str, Any], found: tuple[Mapping[str, Any], Mapping[str, Any]] | None) -> bool:
    if found is None:
        return False
    lane, plate = found
    y = lane.get("y_mm", (0.0, plate["size_mm"][1]))
    return bool(lane["x_mm"][0] <= unit["x_mm"] <= lane["x_mm"][1] and y[0] <= unit["y_mm"] <= y[1])


def _shares(counts: Counter[str]) -> dict[str, float]:
    whole = sum(counts.values()) + SMOOTHING * len(KINDS)
    return {kind: (counts[kind] + SMOOTHING) / whole for kind in KINDS}
