"""Who comes and goes, and what they do: visits planned whole when somebody enters, one or two shoppers at a time."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bench.families.shopper import Shopper
from bench.families.world import TruthEvent, World

MOST_INSIDE = 2
PLATES_A_VISIT = 2  # nobody stands before another's plates: where two reach for one plate, a person must look
FIRST_ACT_S = 0.8
GAP_S = (1.0, 5.0)  # from one entering to the next
BEFORE_EXIT_S = (0.8, 1.8)  # from the last contact to the door
LONGEST_ACT_S = 11.5
ACTS_A_VISIT = (1, 5)
STAFF = "staff"


@dataclass
class Visit:
    """One shopper's visit: when they come and go (s of the store's time), what they truly take, where they stand."""

    session: str
    plates: list[str]
    enters_s: float
    exits_s: float
    movements: list[TruthEvent] = field(default_factory=list)
    stands: list[tuple[float, str]] = field(default_factory=list)

    @property
    def basket(self) -> Counter[str]:
        """What they truly carry out, by sku."""
        out: Counter[str] = Counter()
        for movement in self.movements:
            for sku, count in movement.items.items():
                out[sku] += count if movement.kind == "pick" else -count
        return +out

    def stands_at(self, t: float) -> str | None:
        """The plate before which they stand."""
        return next((plate for at, plate in reversed(self.stands) if at <= t), None)


class Crowd:
    """Plans visits on a `World`; its forces and truths are handed out by `World.drain`."""

    def __init__(self, world: World, rng: np.random.Generator, closing_s: float) -> None:
        """Nobody is inside after `closing_s`."""
        self._world, self._rng, self._closing_s = world, rng, closing_s
        self._next_s = 0.0
        self.inside: list[Visit] = []

    def turn(self, now_s: float) -> Visit | None:
        """Somebody who enters now, if anybody does; who has left is forgotten."""
        self.inside = [visit for visit in self.inside if visit.exits_s > now_s]
        late = now_s + FIRST_ACT_S + LONGEST_ACT_S + BEFORE_EXIT_S[1] > self._closing_s
        if now_s < self._next_s or len(self.inside) >= MOST_INSIDE or late:
            return None
        self._next_s = now_s + float(self._rng.uniform(*GAP_S))
        taken = {plate for visit in self.inside for plate in visit.plates}
        free = [plate.id for plate in self._world.shop.plates if plate.id not in taken]
        plates = [free[int(i)] for i in self._rng.permutation(len(free))[:PLATES_A_VISIT]]
        visit = self._plan(f"s-{secrets.token_hex(4)}", plates, now_s)
        self.inside.append(visit)
        return visit

    def run_out(self) -> list[str]:
        """Plates with an empty lane."""
        out = []
        for plate in self._world.shop.plates:
            left = {unit.sku for unit in self._world.contents[plate.id]}
            if any(lane.sku not in left for lane in plate.lanes):
                out.append(plate.id)
        return out

    def restock(self, plates: list[str], now_s: float) -> float:
        """Staff fill the lanes of these plates up; when they are done (s)."""
        clock_s = now_s
        for plate in (self._world.shop.plate(name) for name in plates):
            for lane in plate.lanes:
                there = sum(unit.sku == lane.sku for unit in self._world.contents[plate.id])
                missing = lane.stock - there
                while missing > 0:
                    units = [self._world.new_unit(lane.sku) for _ in range(min(missing, 3))]
                    spots = [self._world.spot_in(plate, lane) for _ in units]
                    clock_s += float(self._rng.uniform(1.2, 2.2))
                    clock_s = self._world.put(STAFF, plate.id, units, clock_s, spots)
                    missing -= len(units)
        return clock_s

    def _plan(self, session: str, plates: list[str], now_s: float) -> Visit:
        shopper = Shopper(self._world, session, now_s + FIRST_ACT_S, plates)
        for _ in range(int(self._rng.integers(*ACTS_A_VISIT))):
            if shopper.clock_s + LONGEST_ACT_S + BEFORE_EXIT_S[1] > self._closing_s:
                break
            self._act(shopper)
        exits_s = shopper.clock_s + float(self._rng.uniform(*BEFORE_EXIT_S))
        return Visit(session, plates, now_s, exits_s)

    def _act(self, shopper: Shopper) -> None:
        acts: list[tuple[float, Callable[[], object]]] = [
            (5.0, shopper.single),
            (2.0, lambda: shopper.single(2)),
            (2.0, shopper.put_back),
            (1.0, shopper.pair),
            (0.5, lambda: shopper.single(3)),
            (0.5, shopper.knock),
        ]
        weights = np.array([weight for weight, _ in acts])
        acts[int(self._rng.choice(len(acts), p=weights / weights.sum()))][1]()
