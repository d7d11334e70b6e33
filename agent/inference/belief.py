"""What is believed to stand on each plate, and what is out of the shelf."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from agent.inference.habits import Habits
from agent.inference.items import Shares
from agent.inference.parameters import InferenceParameters
from agent.inference.weights import UnitWeights
from agent.store import Item, Plate


@dataclass(frozen=True)
class Bundle:
    """Units of one sku that were weighed together: taken and not yet back, or standing out of their lane.

    `sku` of None is a foreign thing. `weight_g` is of all `count`, `variance_g2` of that sum, `hidden_g` what it weighs
    beside that and leaves to the side it leans against (`hidden_g2` is the variance of that). `doubt`: what else it may
    be, each with its probability.
    """

    sku: str | None
    count: int
    weight_g: float
    variance_g2: float
    t_ns: int
    plate: str
    place_mm: tuple[float, float] | None = None
    hidden_g: float = 0.0
    hidden_g2: float = 0.0
    doubt: Shares = ()

    @property
    def surely(self) -> float:
        """Probability that it is what it is taken for."""
        return 1.0 - sum(share for _, share in self.doubt)


class Filled(NamedTuple):
    """When goods that nobody had taken came to their lane: which, and where."""

    t_ns: int
    plate: str
    sku: str


@dataclass
class PlateBelief:
    """`counts` by sku in their lanes, `strays` out of them; `known` are those single units of `counts` of which weight
    and place are known, for they were set back. `moved` (1 to 0): something was pushed along lately, and may not have
    been taken since; `pushed` is by how much such pushes changed the moments (X, Y in g), the last of them."""

    counts: dict[str, int]
    strays: list[Bundle] = field(default_factory=list)
    known: list[Bundle] = field(default_factory=list)
    moved: float = 0.0
    pushed: list[tuple[float, float]] = field(default_factory=list)
    staff: bool = False

    def contents(self) -> dict[str, int]:
        """Units by sku, wherever they stand on the plate."""
        total = {sku: count for sku, count in self.counts.items() if count > 0}
        for stray in self.strays:
            if stray.sku is not None:
                total[stray.sku] = total.get(stray.sku, 0) + stray.count
        return total


class Belief:
    """The plates of an agent, and the pool of what was taken from them."""

    def __init__(self, plates: Iterable[Plate], items: dict[str, Item], parameters: InferenceParameters) -> None:
        self._p = parameters
        self._items = items
        self.plates = {plate.id: PlateBelief(_stock(plate)) for plate in plates}
        self.pool: list[Bundle] = []
        self.habits = Habits(parameters)
        self.weights = UnitWeights(items, parameters)
        self.filled: Filled | None = None  # the last of them

    @property
    def parameters(self) -> InferenceParameters:
        return self._p

    def fork(self, plate: str) -> Belief:
        """A copy in which one plate and the pool may change."""
        copy = Belief.__new__(Belief)
        copy._p, copy._items, copy.filled = self._p, self._items, self.filled
        copy.habits, copy.weights = self.habits, self.weights
        own = self.plates[plate]
        forked = replace(
            own, counts=dict(own.counts), strays=list(own.strays), known=list(own.known), pushed=list(own.pushed)
        )
        copy.plates = {**self.plates, plate: forked}
        copy.pool = list(self.pool)
        return copy

    def take(self, bundle: Bundle) -> None:
        """Goods left the shelf."""
        self.pool.append(bundle)
        oldest_ns = bundle.t_ns - round(self._p.pool_s * 1e9)
        self.pool = [kept for kept in self.pool if kept.t_ns >= oldest_ns][-self._p.pool_size :]

    def give_back(
        self, bundle: Bundle, count: int, weight_g: float, variance_g2: float, seen: Bundle | None = None
    ) -> None:
        """`count` units of a bundle of the pool came back, weighing `weight_g`; the rest weighs what is left, and where
        that is nothing, its share. `seen`: the bundle as the other goods that it is thereby seen to be."""
        index = next(k for k, held in enumerate(self.pool) if held is bundle)
        was = bundle if seen is None else seen
        rest = was.count - count
        if rest <= 0:
            del self.pool[index]
            return
        left_g = was.weight_g - weight_g
        left_g = left_g if left_g > 0 else was.weight_g * rest / was.count
        self.pool[index] = replace(was, count=rest, weight_g=left_g, variance_g2=was.variance_g2 + variance_g2)

    def put_stray(self, plate: str, bundle: Bundle) -> None:
        """A thing stands on a plate outside of its lane."""
        strays = self.plates[plate].strays
        strays.append(bundle)
        del strays[: -self._p.strays]

    def put_known(self, plate: str, bundle: Bundle) -> None:
        """A unit was set into its lane, which counts it already."""
        known = self.plates[plate].known
        known.append(bundle)
        del known[: -self._p.strays]

    def push(self, plate: str, by_g: tuple[float, ...]) -> None:
        """Something was pushed along a plate, which changed its moments (none where its cells do not tell)."""
        state = self.plates[plate]
        state.moved = 1.0
        if len(by_g) > 1:
            state.pushed.append((by_g[0], by_g[1]))
            del state.pushed[: -self._p.pushes]

    def set_contents(self, plate: str, contents: dict[str, int]) -> None:
        """Staff, or the resolver, says what stands on a plate.

        What has no lane there is a stray: one that is known with its weight and place, as far as there are such.
        """
        state = self.plates[plate]
        strays: list[Bundle] = []
        for sku, count in contents.items():
            if sku in state.counts:
                continue
            left = count
            for known in state.strays:
                if known.sku == sku and known.count <= left:
                    strays.append(known)
                    left -= known.count
            strays += [Bundle(sku, 1, *self.weights.of(sku), 0, plate) for _ in range(left)]
        state.counts = {sku: contents.get(sku, 0) for sku in state.counts}
        state.strays = strays[: self._p.strays]
        state.known, state.pushed = [], []
        state.moved = 0.0

    def snapshot(self) -> dict[str, Any]:
        """JSON-able state."""
        plates = {
            name: {
                "counts": belief.counts,
                "strays": [asdict(stray) for stray in belief.strays],
                "known": [asdict(unit) for unit in belief.known],
                "moved": belief.moved,
                "pushed": belief.pushed,
                "staff": belief.staff,
            }
            for name, belief in self.plates.items()
        }
        return {
            "plates": plates,
            "pool": [asdict(bundle) for bundle in self.pool],
            "habits": self.habits.snapshot(),
            "weights": self.weights.snapshot(),
            "filled": self.filled,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a snapshot. Plates and lanes that are gone from the store are left out, others keep their stock."""
        for name, saved in state["plates"].items():
            belief = self.plates.get(name)
            if belief is None:
                continue
            belief.counts.update({sku: n for sku, n in saved["counts"].items() if sku in belief.counts})
            belief.strays = [_bundle(stray) for stray in saved["strays"]]
            belief.known = [_bundle(unit) for unit in saved.get("known", ())]
            belief.moved, belief.staff = float(saved["moved"]), saved["staff"]
            belief.pushed = [(float(x_g), float(y_g)) for x_g, y_g in saved.get("pushed", ())]
        self.pool = [_bundle(bundle) for bundle in state["pool"]]
        self.habits.restore(state.get("habits", {}))
        self.weights.restore(state.get("weights", {}))
        filled = state.get("filled")
        self.filled = None if filled is None else Filled(int(filled[0]), filled[1], filled[2])


def _stock(plate: Plate) -> dict[str, int]:
    stock: dict[str, int] = {}
    for lane in plate.lanes:
        stock[lane.sku] = stock.get(lane.sku, 0) + lane.stock
    return stock


def _bundle(state: dict[str, Any]) -> Bundle:
    place = state["place_mm"]
    doubt = tuple((tuple((sku, count) for sku, count in items), share) for items, share in state.get("doubt", ()))
    place_mm = None if place is None else (float(place[0]), float(place[1]))
    return Bundle(**{**state, "place_mm": place_mm, "doubt": doubt})
