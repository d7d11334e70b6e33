"""What the oracle knows of the goods, and how it weighs one multiset against another."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.oracle.priors import Prior, kind_of

Signal = npt.NDArray[np.float64]
MOST_OF_ONE = 6
STAND_SD_MM = 8.0  # how well the place of a unit that was set down is known
WEIGHED_SD_G = 0.3  # how well a unit that was weighed once is known
FOREIGN_G = (5.0, 3000.0)  # evenly in the logarithm
LEANT_SHARE = (0.88, 0.985)


@dataclass(frozen=True)
class Group:
    """Units that nobody can tell apart: so many of a product, with mean and variance of W and of the place.

    `prior` weighs the group against the others.
    """

    sku: str
    count: int
    weight_g: float
    variance_g2: float
    place_mm: tuple[float, float]
    place_variance: tuple[float, float]
    prior: float = 1.0


class Belief:
    """What stands where, followed from the truth; what was weighed once is known by its weight."""

    def __init__(self, store: Mapping[str, Any]) -> None:
        self._items = {item["sku"]: item for item in store["item"]}
        self._plates = {plate["id"]: plate for plate in store["plate"]}
        self._on: dict[str, dict[int, dict[str, Any]]] = {plate: {} for plate in self._plates}
        self._out: dict[int, dict[str, Any]] = {}
        self._weighed: set[int] = set()
        self._placed: set[int] = set()

    def follow(self, move: Mapping[str, Any]) -> None:
        """Take in what became of units."""
        here = self._on[move["plate"]]
        for unit in move["units"]:
            number = unit["unit"]
            if move["kind"] == "pick":
                here.pop(number, None)
                self._out[number] = dict(unit)
            else:
                here[number] = dict(unit)
                self._out.pop(number, None)
            if move["kind"] in ("pick", "put"):
                self._weighed.add(number)
            if move["kind"] in ("put", "slide"):
                self._placed.add(number)

    def load_g(self, plate: str) -> float:
        """Weight on a plate."""
        return float(sum(u["weight"] * u["carried"] for u in self._on[plate].values()))

    def components(self, plate: Mapping[str, Any], units: Iterable[Mapping[str, Any]]) -> Signal:
        """W, Mx, My, Wxy of units about the plate's centre."""
        cx, cy = _centre(plate)
        total = np.zeros(4)
        for unit in units:
            w, x, y = unit["weight"] * unit["carried"], unit["x_mm"] - cx, unit["y_mm"] - cy
            total += np.array([w, w * x, w * y, w * x * y])
        return total

    def on_plate(self, plate: Mapping[str, Any]) -> list[Group]:
        """What may be taken: known units one by one, the others of a product and lane together."""
        groups: list[Group] = []
        cx, cy = _centre(plate)
        unknown: dict[str, int] = {}
        for number, unit in self._on[plate["id"]].items():
            known = number in self._weighed or number in self._placed
            if unit["sku"] is None or known:
                weight, variance = self._weight_of(number, unit)
                x, y = unit["x_mm"] - cx, unit["y_mm"] - cy
                groups.append(Group(unit["sku"] or "", 1, weight, variance, (x, y), (STAND_SD_MM**2,) * 2))
            else:
                unknown[unit["sku"]] = unknown.get(unit["sku"], 0) + 1
        for sku, count in unknown.items():
            lane = next(lane for lane in plate["lane"] if lane["sku"] == sku)
            item = self._items[sku]
            place, spread = _lane_place(plate, lane)
            groups.append(Group(sku, count, item["unit_weight_g"], item["unit_sd_g"] ** 2, place, spread))
        return groups

    def in_hands(self, plate: Mapping[str, Any], prior: Prior) -> list[Group]:
        """What may be put, at home or anywhere: what was taken, each by its weight, and new stock of the products."""
        known = [(unit["sku"], 1, *self._weight_of(number, unit)) for number, unit in self._out.items()]
        groups: list[Group] = []
        for sku, count, weight, variance in known:
            groups += self._places(plate, Group(sku or "", count, weight, variance, (0, 0), (0, 0)), prior, 1.0)
        for lane in plate["lane"]:
            item = self._items[lane["sku"]]
            fresh = Group(item["sku"], MOST_OF_ONE, item["unit_weight_g"], item["unit_sd_g"] ** 2, (0, 0), (0, 0))
            groups += self._places(plate, fresh, prior, prior.put_fresh / (1.0 - prior.put_fresh))
        return groups

    def _places(self, plate: Mapping[str, Any], group: Group, prior: Prior, weight: float) -> list[Group]:
        """The same units in their own lane, where the plate has it, and anywhere."""
        width, depth = plate["size_mm"]
        anywhere = dataclasses.replace(
            group, place_variance=(width**2 / 12, depth**2 / 12), prior=weight * (1.0 - prior.put_home)
        )
        lanes = [lane for lane in plate["lane"] if lane["sku"] == group.sku]
        if not lanes:
            return [anywhere]
        place, spread = _lane_place(plate, lanes[0])
        at_home = dataclasses.replace(group, place_mm=place, place_variance=spread, prior=weight * prior.put_home)
        return [at_home, anywhere]

    def _weight_of(self, number: int, unit: Mapping[str, Any]) -> tuple[float, float]:
        if number in self._weighed:
            return unit["weight"] * unit["carried"], WEIGHED_SD_G**2
        item = self._items[unit["sku"]]
        return item["unit_weight_g"], item["unit_sd_g"] ** 2


def decide(
    belief: Belief,
    plate: Mapping[str, Any],
    kind: str,
    seen: Signal,
    covariance: Signal,
    prior: Prior,
) -> tuple[dict[str, int], float]:
    """The likeliest items of a measured change, and their probability."""
    picked = kind == "pick"
    change = -seen if picked else seen
    groups = belief.on_plate(plate) if picked else belief.in_hands(plate, prior)
    kinds = prior.of(kind)
    hypotheses = list(_hypotheses(groups))
    per_kind: dict[str, float] = {}
    for chosen, _, kind_name in hypotheses:
        per_kind[kind_name] = per_kind.get(kind_name, 0.0) + math.prod(g.prior for g, _ in chosen)
    scores: dict[tuple[tuple[str, int], ...], float] = {}
    for chosen, items, kind_name in hypotheses:
        weight = kinds.get(kind_name, kinds["other"]) / per_kind[kind_name] * math.prod(g.prior for g, _ in chosen)
        density = _density(change, covariance, chosen)
        if not picked:
            density = (1 - prior.put_leant) * density + prior.put_leant * _leant_density(change, covariance, chosen)
        key = tuple(sorted(items.items()))
        scores[key] = scores.get(key, 0.0) + weight * density
    if not picked:
        scores[()] = scores.get((), 0.0) + kinds["foreign"] * _foreign_density(change, plate)
    whole = sum(scores.values())
    if whole <= 0.0:
        return {}, 1.0
    best = max(scores, key=lambda key: scores[key])
    return dict(best), scores[best] / whole


def _hypotheses(groups: list[Group]) -> Iterator[tuple[list[tuple[Group, int]], dict[str, int], str]]:
    """Multisets: up to six of a group, pairs across groups; with the kind under which the prior knows them."""
    for group in groups:
        for count in range(1, min(group.count, MOST_OF_ONE) + 1):
            items = {group.sku: count} if group.sku else {}
            yield [(group, count)], items, kind_of(items)
    for a, b in itertools.combinations(groups, 2):
        for n, m in ((1, 1), (2, 1), (1, 2), (2, 2)):
            if n > a.count or m > b.count or (len(groups) > 12 and n + m > 2):
                continue
            items = {}
            for group, count in ((a, n), (b, m)):
                if group.sku:
                    items[group.sku] = items.get(group.sku, 0) + count
            yield [(a, n), (b, m)], items, kind_of(items)


def _density(change: Signal, covariance: Signal, chosen: list[tuple[Group, int]]) -> float:
    """Normal density of the measured change (W, Mx, My) under a multiset."""
    mean = np.zeros(3)
    spread = np.zeros((3, 3))
    for group, count in chosen:
        (x, y), (vx, vy) = group.place_mm, group.place_variance
        w, v = group.weight_g, group.variance_g2
        mean += count * np.array([w, w * x, w * y])
        arm = np.array([1.0, x, y])
        spread += count * v * np.outer(arm, arm)
        spread += np.diag([0.0, (count * w) ** 2 * vx, (count * w) ** 2 * vy])
    n = len(change)
    total = spread[:n, :n] + covariance
    off = change - mean[:n]
    exponent = -0.5 * float(off @ np.linalg.solve(total, off))
    return float(math.exp(max(exponent, -700.0)) / math.sqrt((2 * math.pi) ** n * float(np.linalg.det(total))))


def _leant_density(change: Signal, covariance: Signal, chosen: list[tuple[Group, int]]) -> float:
    """Density where the side carries a part of one unit."""
    if len(chosen) != 1 or chosen[0][1] != 1:
        return 0.0
    group = chosen[0][0]
    shares = np.linspace(*LEANT_SHARE, 16)
    step = (LEANT_SHARE[1] - LEANT_SHARE[0]) / len(shares)
    total = 0.0
    for share in shares:
        variance = (step * group.weight_g) ** 2 / 12 + group.variance_g2
        part = Group(group.sku, 1, group.weight_g * share, variance, group.place_mm, group.place_variance)
        total += _density(change, covariance, [(part, 1)])
    return total / len(shares)


def _foreign_density(change: Signal, plate: Mapping[str, Any]) -> float:
    """Density of something that the store does not sell: any weight, anywhere."""
    weight = float(change[0])
    low, high = FOREIGN_G
    if not low <= weight <= high:
        return 0.0
    density = 1.0 / (weight * math.log(high / low))
    if len(change) == 1:
        return density
    width, depth = plate["size_mm"]
    return float(density / (width * weight * depth * weight))


def _lane_place(plate: Mapping[str, Any], lane: Mapping[str, Any]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Mean and variance of where a unit of a lane stands, about the plate's centre."""
    cx, cy = _centre(plate)
    y_low, y_high = lane.get("y_mm", (0.0, plate["size_mm"][1]))
    x_low, x_high = lane["x_mm"]
    spread = ((x_high - x_low) ** 2 / 12, (y_high - y_low) ** 2 / 12)
    return ((x_low + x_high) / 2 - cx, (y_low + y_high) / 2 - cy), spread


def _centre(plate: Mapping[str, Any]) -> tuple[float, float]:
    cells = plate["cell"]
    return sum(c["x_mm"] for c in cells) / len(cells), sum(c["y_mm"] for c in cells) / len(cells)
