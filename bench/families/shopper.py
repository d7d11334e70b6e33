"""A shopper with a clock: the acts of which families are made."""

from __future__ import annotations

import numpy as np

from bench.families.world import Unit, World
from bench.physics import hands
from bench.physics.parameters import GRID_S, Span
from bench.shop.model import Lane, Plate

PHONE_G = Span(130.0, 240.0)
KEYS_G = Span(25.0, 120.0)
BAG_G = Span(250.0, 3000.0, log=True)
LEAST_EMPTIED_G = 120.0  # what is used up in the shop and set back has a bottle or a tub
HANDFUL_G = 2200.0  # assumed: more nobody lifts at once
LEANT_SHARE = Span(0.88, 0.985, "assumed: what its plate carries of a unit that leans against the side")


class Shopper:
    """Somebody who goes from act to act; `clock_s` is when they are free for the next."""

    def __init__(self, world: World, who: str, start_s: float, plates: list[str] | None = None) -> None:
        self.world, self.who, self.clock_s = world, who, start_s
        self.plates = plates or [plate.id for plate in world.shop.plates]
        self.basket: list[Unit] = []
        self.rng = world.rng

    # --- choosing --------------------------------------------------------------------------------------------------

    def walk(self, low_s: float = 1.8, high_s: float = 4.2) -> float:
        """Time until the next act; returns the clock."""
        self.clock_s += float(self.rng.uniform(low_s, high_s))
        return self.clock_s

    def choose(self, least: int = 1, sold_by: str | None = None) -> tuple[Plate, Lane] | None:
        """A lane within reach with at least so many units; every lane is as likely."""
        world = self.world
        lanes = [
            (plate, lane)
            for plate in world.shop.plates
            if plate.id in self.plates
            for lane in plate.lanes
            if len(world.available(plate.id, lane.sku, self.clock_s)) >= least
            and sold_by in (None, world.shop.item(lane.sku).sold_by)
            and (least == 1 or least * world.shop.item(lane.sku).true_weight_g <= HANDFUL_G)
        ]
        return lanes[int(self.rng.integers(len(lanes)))] if lanes else None

    def home(self, unit: Unit) -> tuple[Plate, Lane] | None:
        """The lane where a unit belongs."""
        for plate in self.world.shop.plates:
            if plate.id in self.plates:
                for lane in plate.lanes:
                    if lane.sku == unit.sku:
                        return plate, lane
        return None

    def take(self, plate_id: str, units: list[Unit], at_s: float, before_s: float = 0.7) -> None:
        """Take units and keep them."""
        self.clock_s = self.world.pick(self.who, plate_id, units, at_s, before_s)
        self.basket += units

    def give(
        self,
        plate: Plate,
        units: list[Unit],
        at_s: float,
        lane: Lane | None,
        after_s: float = 0.6,
        carried: float = 1.0,
    ) -> None:
        """Set units down, in a lane or anywhere."""
        world = self.world
        spots = [world.spot_in(plate, lane) if lane else world.spot_anywhere(plate) for _ in units]
        self.basket = [unit for unit in self.basket if unit not in units]
        self.clock_s = world.put(self.who, plate.id, units, at_s, spots, after_s, carried)

    # --- acts ------------------------------------------------------------------------------------------------------

    def single(self, count: int = 1, sold_by: str | None = None) -> tuple[Plate, Lane, list[Unit]] | None:
        """Take one unit, or several at once; of loose goods, whose count nobody bills, one unless `sold_by` asks."""
        at_s = self.walk()
        found = self.choose(count, sold_by or ("unit" if count > 1 else None))
        if found is None:
            return None
        plate, lane = found
        units = self.world.reachable(plate.id, lane.sku, at_s - 1.0, count)
        if len(units) < count:
            return None
        self.take(plate.id, units, at_s)
        return plate, lane, units

    def put_back(self) -> None:
        """Take one, look at it, set it back, and often take it or another again."""
        taken = self.single()
        if taken is None:
            return
        plate, lane, units = taken
        self.give(plate, units, self.walk(1.2, 4.0), lane)
        if self.rng.random() < 0.5:
            again = self.world.reachable(plate.id, lane.sku, self.walk(1.2, 3.0), 1)
            if again:
                self.take(plate.id, again, self.clock_s)

    def quick(self) -> None:
        """The same product two to four times in quick succession, down to 0.5 s apart."""
        count = int(self.rng.integers(2, 5))
        at_s = self.walk()
        found = self.choose(count)
        if found is None:
            return
        plate, lane = found
        for _ in range(count):
            units = self.world.reachable(plate.id, lane.sku, at_s - 0.3, 1)
            if units:
                self.take(plate.id, units, at_s, before_s=0.3)
            at_s += float(self.rng.uniform(0.5, 1.2))

    def pair(self) -> None:
        """Two different products of one plate at the same moment, one in each hand."""
        at_s = self.walk()
        world = self.world
        plates = [p for p in world.shop.plates if p.id in self.plates]
        for index in self.rng.permutation(len(plates)):
            plate = plates[int(index)]
            skus = [lane.sku for lane in plate.lanes if world.available(plate.id, lane.sku, at_s - 1.0)]
            if len(skus) < 2:
                continue
            chosen = [skus[int(i)] for i in self.rng.permutation(len(skus))[:2]]
            units = [world.reachable(plate.id, sku, at_s - 1.0, 1)[0] for sku in chosen]
            self.clock_s = world.pick(self.who, plate.id, units, at_s, spread_s=0.12)
            self.basket += units
            return

    def push(self) -> None:
        """Push a unit along its plate, and often take it from where it then stands."""
        at_s = self.walk()
        found = self.choose()
        if found is None:
            return
        plate, lane = found
        units = self.world.reachable(plate.id, lane.sku, at_s - 1.0, 1)
        if not units:
            return
        self.clock_s = self.world.slide(self.who, plate.id, units[0], at_s, self.world.spot_anywhere(plate))
        if self.rng.random() < 0.75:
            self.take(plate.id, units, self.walk(1.5, 5.0))

    def exchange(self) -> None:
        """Take one; later set it back and take another of the plate within a second, in either order."""
        taken = self.single()
        if taken is None:
            return
        plate, lane, units = taken
        at_s = self.walk(1.5, 4.0)
        gap_s = float(self.rng.uniform(0.35, 1.0))
        lanes = [x for x in plate.lanes if self.world.available(plate.id, x.sku, at_s - 1.0)]
        if not lanes:
            return
        other = lanes[int(self.rng.integers(len(lanes)))]
        wanted = self.world.reachable(plate.id, other.sku, at_s - 1.0, 1)
        if self.rng.random() < 0.7:
            self.give(plate, units, at_s, lane, after_s=0.15)
            self.take(plate.id, wanted, at_s + gap_s, before_s=0.2)
        else:
            self.take(plate.id, wanted, at_s)
            self.give(plate, units, at_s + gap_s, lane)

    def misplace(self, taker: Shopper | None = None) -> None:
        """Set one down on a wrong plate; often it is taken from there, also by somebody else."""
        taken = self.single()
        others = [p for p in self.world.shop.plates if p.id in self.plates and (taken is None or p is not taken[0])]
        if taken is None or not others:
            return
        plate = others[int(self.rng.integers(len(others)))]
        self.give(plate, taken[2], self.walk(1.5, 4.0), None)
        if self.rng.random() < 0.7:
            by = taker if taker is not None and self.rng.random() < 0.5 else self
            by.clock_s = max(by.clock_s, self.clock_s)
            by.take(plate.id, taken[2], by.walk(1.5, 4.0))
            self.clock_s = max(by.clock_s, self.clock_s)

    def hold(self, taken: bool, longest_s: float = 20.0) -> None:
        """A hand rests on a unit or carries part of it for 1-20 s; then takes it, or leaves it."""
        start_s = self.walk()
        found = self.choose()
        if found is None:
            return
        plate, lane = found
        units = self.world.reachable(plate.id, lane.sku, start_s - 1.0, 1)
        if not units:
            return
        unit, hand, rng = units[0], self.world.room.hand, self.rng
        lasts_s = float(np.exp(rng.uniform(0.0, np.log(longest_s))))
        if rng.random() < 0.5:
            force_g = Span(15.0, 500.0, log=True).draw(rng)
        else:
            force_g = -unit.weight_g * unit.carried * float(rng.uniform(0.08, 0.45 if taken else 0.9))
        lift_s = float(rng.uniform(0.05, 0.15))
        n = hands.samples(lasts_s + lift_s)
        history = hands.held(n, force_g, float(rng.uniform(0.1, 0.4)), lift_s, hand, rng)
        self.clock_s = self.world.touch(self.who, plate.id, start_s, history, unit.x_mm, unit.y_mm, "hold")
        if taken:  # the unit leaves while the resting force gives way to the lift
            self.take(plate.id, units, self.clock_s, before_s=0.0)

    def two_one_back(self) -> None:
        """Lift two, set one back within a second."""
        taken = self.single(2)
        if taken is None:
            return
        plate, lane, units = taken
        at_s = self.world.events[-1].t + float(self.rng.uniform(0.4, 1.0))
        self.give(plate, units[1:], at_s, lane)

    def three_one_elsewhere(self) -> None:
        """Take three, leave one on another plate."""
        taken = self.single(3) or self.single(2)
        others = [p for p in self.world.shop.plates if p.id in self.plates and (taken is None or p is not taken[0])]
        if taken is None or not others:
            return
        plate = others[int(self.rng.integers(len(others)))]
        self.give(plate, taken[2][-1:], self.walk(1.5, 4.0), None)

    def lean_unit(self) -> None:
        """Set a unit back so that it leans against the side, which carries part of it; it is taken, or slips."""
        taken = self.single()
        if taken is None:
            return
        plate, lane, units = taken
        self.give(plate, units, self.walk(1.5, 4.0), lane, carried=LEANT_SHARE.draw(self.rng))
        luck = self.rng.random()
        if luck < 0.25:
            self.world.settle(plate.id, units[0], self.walk(1.5, 4.0), 1.0)
            self.clock_s += 0.5
        elif luck < 0.75:
            self.take(plate.id, units, self.walk(1.5, 4.0))

    def foreign(self) -> None:
        """Set down a phone, keys or a bag, often shop on, and take it again."""
        span = (PHONE_G, PHONE_G, KEYS_G, BAG_G)[int(self.rng.integers(4))]
        thing = Unit(None, span.draw(self.rng))
        plates = [p for p in self.world.shop.plates if p.id in self.plates]
        plate = plates[int(self.rng.integers(len(plates)))]
        self.give(plate, [thing], self.walk(), None)
        if self.rng.random() < 0.5:
            self.single()
        self.take(plate.id, [thing], self.walk(1.5, 6.0))
        self.basket.remove(thing)

    def emptied(self) -> None:
        """Take a unit, use it up or in part, and set the rest back where it stood."""
        taken = self.single(sold_by="unit")
        if taken is None or taken[2][0].weight_g < LEAST_EMPTIED_G:
            return
        plate, lane, units = taken
        full = units[0]
        left = float(self.rng.uniform(0.04, 0.12) if self.rng.random() < 0.6 else self.rng.uniform(0.25, 0.85))
        rest = Unit(None, max(5.0, full.weight_g * left))
        self.give(plate, [rest], self.walk(2.0, 6.0), lane if self.rng.random() < 0.7 else None)

    def rummage(self) -> None:
        """Search among the goods for 2-10 s: pushes and half lifts here and there; nothing, or then one is taken."""
        start_s = self.walk()
        found = self.choose()
        if found is None:
            return
        plate, lane = found
        hand, rng, world = self.world.room.hand, self.rng, self.world
        end_s = start_s + float(rng.uniform(2.0, 10.0))
        at_s = start_s
        while at_s < end_s:
            x, y = world.spot_in(plate, lane)
            n = hands.samples(float(rng.uniform(0.08, 0.9)))
            force_g = hand.rummage_g.draw(rng)
            if rng.random() < 0.3:
                force_g = -min(force_g, 0.8 * world.shop.item(lane.sku).true_weight_g)
            history = hands.held(n, force_g, float(rng.uniform(0.02, 0.2)), float(rng.uniform(0.02, 0.2)), hand, rng)
            self.clock_s = world.touch(self.who, plate.id, at_s, history, x, y, "rummage")
            at_s += n * GRID_S * float(rng.uniform(0.5, 1.3)) + float(rng.uniform(0.0, 0.25))

    def lean(self, longest_s: float = 20.0) -> None:
        """Lean on a plate with 1-20 kg, up to saturation."""
        plates = [p for p in self.world.shop.plates if p.id in self.plates]
        plate = plates[int(self.rng.integers(len(plates)))]
        rng, hand = self.rng, self.world.room.hand
        n = hands.samples(float(np.exp(rng.uniform(0.0, np.log(longest_s)))))
        force_g = hand.lean_g.draw(rng)
        history = hands.held(n, force_g, float(rng.uniform(0.15, 0.6)), float(rng.uniform(0.15, 0.6)), hand, rng)
        x, y = self.world.spot_anywhere(plate)
        self.clock_s = self.world.touch(self.who, plate.id, self.walk(), history, x, y, "lean")

    def press(self) -> None:
        """Press on goods for a moment, several times."""
        found = self.choose()
        if found is None:
            return
        plate, lane = found
        for _ in range(int(self.rng.integers(1, 4))):
            n = hands.samples(float(self.rng.uniform(0.15, 1.5)))
            force_g = Span(30.0, 3000.0, log=True).draw(self.rng)
            history = hands.held(n, force_g, 0.08, 0.08, self.world.room.hand, self.rng)
            x, y = self.world.spot_in(plate, lane)
            self.clock_s = self.world.touch(self.who, plate.id, self.walk(0.2, 1.0), history, x, y, "press")

    def knock(self) -> None:
        """Knock against a plate, once to three times."""
        plates = [p for p in self.world.shop.plates if p.id in self.plates]
        plate = plates[int(self.rng.integers(len(plates)))]
        at_s = self.walk()
        for _ in range(int(self.rng.integers(1, 4))):
            x, y = self.world.spot_anywhere(plate)
            history = hands.knock(self.world.room.hand, self.rng)
            self.clock_s = self.world.touch(self.who, plate.id, at_s, history, x, y, "knock")
            at_s = self.clock_s + float(self.rng.uniform(0.1, 0.8))

    def restock(self) -> None:
        """Fill a lane with packaged goods: one to four units at a time, hands in and out."""
        found = self.choose(sold_by="unit")
        if found is None:
            return
        plate, lane = found
        missing = int(self.rng.integers(5, 13))
        room_g = plate.max_g * 0.85 - sum(u.weight_g for u in self.world.contents[plate.id])
        missing = min(missing, int(room_g // self.world.shop.item(lane.sku).true_weight_g))
        while missing > 0:
            count = min(missing, int(self.rng.choice([1, 1, 2, 2, 3, 4])))
            count = max(1, min(count, int(HANDFUL_G // self.world.shop.item(lane.sku).true_weight_g)))
            units = [self.world.new_unit(lane.sku) for _ in range(count)]
            self.give(plate, units, self.walk(0.8, 2.2), lane)
            missing -= count

    def move_on(self) -> None:
        """Carry one from a plate to another that also knows it, or to a wrong one, and take it up again (tomatoes)."""
        count = int(self.rng.integers(1, 4))
        found = self.choose(1, "weight")
        if found is None:
            return
        plate, lane = found
        for _ in range(count):
            units = self.world.reachable(plate.id, lane.sku, self.walk(1.6, 3.2) - 1.0, 1)
            if units:
                self.take(plate.id, units, self.clock_s)
        others = [p for p in self.world.shop.plates if p.id in self.plates and p is not plate]
        carried = self.basket[-count:]
        if not others or self.rng.random() < 0.3:
            return
        target = others[int(self.rng.integers(len(others)))]
        left = [unit for unit in carried if unit.sku == lane.sku and self.rng.random() < 0.7]
        for unit in left:
            self.give(target, [unit], self.walk(1.6, 3.2), None)
        for unit in left:
            if self.rng.random() < 0.6:
                self.take(target.id, [unit], self.walk(1.6, 3.2))
