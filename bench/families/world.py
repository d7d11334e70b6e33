"""The goods of a store and what hands do to them: every act leaves forces for the physics and lines for the truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bench.physics import hands
from bench.physics.parameters import GRID_S, Room
from bench.physics.plate import Force, Past, point_force
from bench.shop.model import Lane, Plate, Shop
from bench.wire import Damage

Signal = npt.NDArray[np.float64]
EDGE_MM = 15.0
TIDY_CHANCE = 0.5  # assumed: a lane whose units stand in columns; else anywhere across it
UNTIDY_ACROSS = (0.1, 0.9)  # share of the lane's width
BEFORE_S = -1.0  # the instant given to what stood there from the start
STAND_JITTER_MM = 4.0
PRESENCE_LEAD_S = 1.2  # a shopper stands before the plate so long before the weight moves


@dataclass(eq=False)
class Unit:
    """One physical thing; it keeps its weight wherever it goes. `sku` is None for what the store does not sell."""

    sku: str | None
    weight_g: float
    x_mm: float = 0.0
    y_mm: float = 0.0
    carried: float = 1.0  # share of its weight that its plate carries (less where it leans against the side)
    since_s: float = BEFORE_S  # stands there since
    number: int = -1  # within its recording


@dataclass
class TruthEvent:
    """What happened: t is the instant (s) at which half the weight had moved."""

    t: float
    plate: str
    kind: str
    items: dict[str, int]
    weight: float
    who: str


@dataclass(frozen=True)
class Touch:
    """A contact without an event, or the contact around one: for pictures."""

    start_s: float
    end_s: float
    plate: str
    what: str


@dataclass(frozen=True)
class Move:
    """What became of units at an instant, for the oracle: "stock", "pick", "put", "slide" or "slip"."""

    t: float
    plate: str
    kind: str
    units: tuple[dict[str, object], ...]


@dataclass(frozen=True)
class Fault:
    """A cell that goes silent ("silent") or sticks at full scale ("stuck") from an instant on."""

    at_s: float
    board: str
    channel: int
    kind: str


@dataclass
class Script:
    """All that a recording needs besides the room: forces, truth, and the line's and cells' faults."""

    duration_s: float
    past: dict[str, Past]
    forces: list[Force]
    events: list[TruthEvent]
    touches: list[Touch]
    moves: list[Move]
    presence: list[tuple[float, str, str]]
    baskets: dict[str, dict[str, int]]
    weights: dict[str, dict[str, float]]
    damage: Damage = field(default_factory=Damage)
    faults: list[Fault] = field(default_factory=list)


class World:
    """Contents of all plates, and the ledger of who has what."""

    def __init__(self, shop: Shop, room: Room, rng: np.random.Generator) -> None:
        self.shop, self.room, self.rng = shop, room, rng
        self.moves: list[Move] = []
        self._units = 0
        self.contents: dict[str, list[Unit]] = {plate.id: self._stock(plate) for plate in shop.plates}
        for plate_id, units in self.contents.items():
            self._move(BEFORE_S, plate_id, "stock", units)
        self.past = {plate.id: self._past(plate) for plate in shop.plates}
        self.forces: list[Force] = []
        self.events: list[TruthEvent] = []
        self.touches: list[Touch] = []
        self.presence: list[tuple[float, str, str]] = []
        self._ledger: dict[str, Counter[str]] = defaultdict(Counter)
        self._grams: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    # --- goods -----------------------------------------------------------------------------------------------------

    def new_unit(self, sku: str) -> Unit:
        """A unit of a product, with its own weight."""
        item = self.shop.item(sku)
        deviate = float(np.clip(self.rng.standard_normal(), -3.0, 3.0))
        return Unit(sku, max(item.true_weight_g + item.true_sd_g * deviate, 0.25 * item.true_weight_g))

    def available(self, plate_id: str, sku: str | None, t: float) -> list[Unit]:
        """Units of a product that stand on a plate at t, front first."""
        here = [u for u in self.contents[plate_id] if u.sku == sku and u.since_s <= t]
        return sorted(here, key=lambda u: u.y_mm)

    def reachable(self, plate_id: str, sku: str | None, t: float, count: int = 1) -> list[Unit]:
        """Units that a hand would take: mostly from the front."""
        here = self.available(plate_id, sku, t)
        if self.rng.random() < 0.2:
            here = [here[int(i)] for i in self.rng.permutation(len(here))]
        return here[:count]

    def spot_in(self, plate: Plate, lane: Lane) -> tuple[float, float]:
        """Where somebody sets a unit back into a lane."""
        low, high = plate.span_y(lane)
        half = min(self.shop.item(lane.sku).width_mm / 2, (lane.x_mm[1] - lane.x_mm[0]) / 2)
        x = self.rng.uniform(lane.x_mm[0] + half, max(lane.x_mm[1] - half, lane.x_mm[0] + half + 0.1))
        return float(x), float(low + (high - low) * self.rng.beta(1.5, 2.5))

    def spot_anywhere(self, plate: Plate) -> tuple[float, float]:
        """Anywhere on a plate."""
        width, depth = plate.size_mm
        return float(self.rng.uniform(EDGE_MM, width - EDGE_MM)), float(self.rng.uniform(EDGE_MM, depth - EDGE_MM))

    def _stock(self, plate: Plate) -> list[Unit]:
        out: list[Unit] = []
        for lane in plate.lanes:
            item = self.shop.item(lane.sku)
            low, high = plate.span_y(lane)
            columns = max(1, int((lane.x_mm[1] - lane.x_mm[0]) // item.width_mm))
            rows = max(1, int((high - low) // item.depth_mm))
            tidy = self.rng.random() < TIDY_CHANCE
            span = lane.x_mm[1] - lane.x_mm[0]
            for k in range(lane.stock):
                place = k % (columns * rows)
                column, row = place % columns, place // columns
                unit = self.new_unit(lane.sku)
                across = (column + 0.5) / columns if tidy else float(self.rng.uniform(*UNTIDY_ACROSS))
                unit.x_mm = lane.x_mm[0] + across * span
                unit.y_mm = low + (row + 0.5) * (high - low) / rows
                unit.x_mm += float(self.rng.normal(0, STAND_JITTER_MM))
                unit.y_mm += float(self.rng.normal(0, STAND_JITTER_MM))
                out.append(unit)
        return out

    def _past(self, plate: Plate) -> Past:
        components = np.zeros(4)
        for unit in self.contents[plate.id]:
            x, y = self._about_centre(plate.id, unit.x_mm, unit.y_mm)
            w = unit.weight_g * unit.carried
            components += np.array([w, w * x, w * y, w * x * y])
        recent = float(self.rng.uniform(0, 0.3)) * float(components[0])
        return Past(components, recent, float(self.rng.uniform(300, 7200)))

    # --- what hands do ---------------------------------------------------------------------------------------------

    def pick(
        self, who: str, plate_id: str, units: Sequence[Unit], at_s: float, before_s: float = 0.7, spread_s: float = 0.06
    ) -> float:
        """Take units together at `at_s`, with a press within the `before_s` before it. Returns the contact's end."""
        hand, rng = self.room.hand, self.rng
        lead = units[0]
        press = hands.press(hand, rng)
        pause = hands.samples(float(rng.uniform(0.0, 0.2)))
        moving: list[Force] = []
        earliest = at_s
        for k, unit in enumerate(units):
            history, half_s = hands.unload(unit.weight_g * unit.carried, hand, rng)
            start_s = at_s - half_s + (float(rng.uniform(0, spread_s)) if k else 0.0)
            earliest = min(earliest, start_s)
            moving.append(self._force(plate_id, start_s, history, unit.x_mm, unit.y_mm))
        press_start_s = earliest - (len(press) + pause) * GRID_S
        if len(press) and at_s - press_start_s <= before_s:
            self.forces.append(self._force(plate_id, press_start_s, press, lead.x_mm, lead.y_mm))
            earliest = press_start_s
        self.forces += moving
        for unit in units:
            self.contents[plate_id].remove(unit)
        end_s = max(force.end_s for force in moving)
        self._tell(half_time(moving), plate_id, "pick", units, who, (earliest, end_s))
        return end_s

    def put(
        self,
        who: str,
        plate_id: str,
        units: Sequence[Unit],
        at_s: float,
        spots: Sequence[tuple[float, float]],
        after_s: float = 0.6,
        carried: float = 1.0,
        spread_s: float = 0.06,
    ) -> float:
        """Set units down together at `at_s`; the hand may linger for up to `after_s`. Returns the contact's end."""
        hand, rng = self.room.hand, self.rng
        moving: list[Force] = []
        for k, (unit, (x, y)) in enumerate(zip(units, spots, strict=True)):
            unit.x_mm, unit.y_mm, unit.carried, unit.since_s = x, y, carried, at_s + 0.2
            history, half_s = hands.landing(unit.weight_g * carried, hand, rng)
            start_s = at_s - half_s + (float(rng.uniform(0, spread_s)) if k else 0.0)
            moving.append(self._force(plate_id, start_s, history, x, y))
        self.forces += moving
        end_s = max(force.end_s for force in moving)
        stay = hands.linger(hand, rng)
        if len(stay) and end_s + len(stay) * GRID_S - at_s <= after_s:
            self.forces.append(self._force(plate_id, end_s, stay, units[0].x_mm, units[0].y_mm))
            end_s += len(stay) * GRID_S
        self.contents[plate_id] += list(units)
        self._tell(half_time(moving), plate_id, "put", units, who, (min(f.start_s for f in moving), end_s))
        return end_s

    def touch(
        self, who: str, plate_id: str, start_s: float, history: Signal, x_mm: float, y_mm: float, what: str
    ) -> float:
        """Any force that goes away again. Returns its end."""
        force = self._force(plate_id, start_s, history, x_mm, y_mm)
        self.forces.append(force)
        self.touches.append(Touch(start_s, force.end_s, plate_id, what))
        self.presence.append((start_s - PRESENCE_LEAD_S, who, plate_id))
        return force.end_s

    def slide(self, who: str, plate_id: str, unit: Unit, start_s: float, to: tuple[float, float]) -> float:
        """Push a unit along its plate: weight stays, moments move; the hand weighs a little. Returns the end."""
        n = hands.samples(float(self.rng.uniform(0.3, 1.2)))
        path = hands.smooth_step(n)
        x, y = unit.x_mm + (to[0] - unit.x_mm) * path, unit.y_mm + (to[1] - unit.y_mm) * path
        weight = np.full(n, unit.weight_g * unit.carried)
        plate = self.shop.plate(plate_id)
        cx, cy = plate.centre_mm
        moved = point_force(plate_id, start_s, weight, x - cx, y - cy).components
        stood = point_force(plate_id, start_s, weight, unit.x_mm - cx, unit.y_mm - cy).components
        self.forces.append(Force(plate_id, start_s, moved - stood))
        push_g = float(np.exp(self.rng.uniform(np.log(5), np.log(200))) * self.rng.choice([-0.3, 1.0]))
        push = hands.held(n, push_g, 0.1, 0.1, self.room.hand, self.rng)
        self.forces.append(self._force(plate_id, start_s, push, float(np.mean(x)), float(np.mean(y))))
        unit.x_mm, unit.y_mm = to
        end_s = start_s + n * GRID_S
        self._move(end_s, plate_id, "slide", [unit])
        unit.since_s = end_s
        self.touches.append(Touch(start_s, end_s, plate_id, "slide"))
        self.presence.append((start_s - PRESENCE_LEAD_S, who, plate_id))
        return end_s

    def settle(self, plate_id: str, unit: Unit, start_s: float, carried: float) -> None:
        """A leaning unit slips: its plate carries another share of it from now on, and nobody touched it."""
        change_g = unit.weight_g * (carried - unit.carried)
        history = change_g * hands.smooth_step(hands.samples(float(self.rng.uniform(0.1, 0.4))))
        self.forces.append(self._force(plate_id, start_s, history, unit.x_mm, unit.y_mm))
        self.touches.append(Touch(start_s, start_s + len(history) * GRID_S, plate_id, "slip"))
        unit.carried = carried
        self._move(start_s, plate_id, "slip", [unit])

    def script(self, duration_s: float) -> Script:
        """The finished script."""
        self.events.sort(key=lambda e: e.t)
        baskets = {who: {s: n for s, n in sorted(c.items()) if n} for who, c in self._ledger.items()}
        weights = {who: {s: g for s, g in sorted(c.items()) if baskets[who].get(s)} for who, c in self._grams.items()}
        presence = sorted(self.presence)
        return Script(
            duration_s, self.past, self.forces, self.events, self.touches, self.moves, presence, baskets, weights
        )

    def drain(self) -> tuple[list[Force], list[TruthEvent], list[tuple[float, str, str]]]:
        """Forces, truth and presence since the last call, for a store that runs on without end; contacts, moves and
        the ledger are forgotten."""
        forces, events, presence = self.forces, sorted(self.events, key=lambda e: e.t), sorted(self.presence)
        self.forces, self.events, self.presence = [], [], []
        for kept in (self.touches, self.moves, self._ledger, self._grams):
            kept.clear()
        return forces, events, presence

    def _move(self, t: float, plate_id: str, kind: str, units: Sequence[Unit]) -> None:
        told: list[dict[str, object]] = []
        for unit in units:
            if unit.number < 0:
                unit.number = self._units
                self._units += 1
            told.append(
                {
                    "unit": unit.number,
                    "sku": unit.sku,
                    "weight": unit.weight_g,
                    "carried": unit.carried,
                    "x_mm": unit.x_mm,
                    "y_mm": unit.y_mm,
                }
            )
        self.moves.append(Move(t, plate_id, kind, tuple(told)))

    def _about_centre(self, plate_id: str, x_mm: float, y_mm: float) -> tuple[float, float]:
        cx, cy = self.shop.plate(plate_id).centre_mm
        return x_mm - cx, y_mm - cy

    def _force(self, plate_id: str, start_s: float, history: Signal, x_mm: float, y_mm: float) -> Force:
        return point_force(plate_id, start_s, history, *self._about_centre(plate_id, x_mm, y_mm))

    def _tell(
        self, t: float, plate_id: str, kind: str, units: Sequence[Unit], who: str, contact: tuple[float, float]
    ) -> None:
        items = Counter(unit.sku for unit in units if unit.sku is not None)
        weight_g = sum(unit.weight_g * unit.carried for unit in units)
        self.events.append(TruthEvent(t, plate_id, kind, dict(items), weight_g, who))
        self.touches.append(Touch(contact[0], contact[1], plate_id, kind))
        self._move(t, plate_id, kind, units)
        self.presence.append((t - PRESENCE_LEAD_S, who, plate_id))
        sign = 1 if kind == "pick" else -1
        self._ledger[who].update()
        for unit in units:
            if unit.sku is not None:
                self._ledger[who][unit.sku] += sign
                self._grams[who][unit.sku] += sign * unit.weight_g


def half_time(forces: Sequence[Force]) -> float:
    """When half of the lasting change of several forces together had moved for the last time (s)."""
    start = min(force.start_s for force in forces)
    n = max(round((force.end_s - start) / GRID_S) for force in forces) + 1
    total = np.zeros(n)
    for force in forces:
        lo = round((force.start_s - start) / GRID_S)
        total[lo : lo + len(force.components)] += force.components[:, 0]
        total[lo + len(force.components) :] += force.components[-1, 0]
    change = total[-1]
    before = np.flatnonzero(total / change < 0.5)
    return float(start + (before[-1] + 1) * GRID_S) if len(before) else start
