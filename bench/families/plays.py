"""What happens in each family. Recordings last 60 s unless a family needs longer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from bench.families.shopper import Shopper
from bench.families.world import Fault, Script, World
from bench.physics.parameters import GRID_S, Room, Span
from bench.physics.plate import Past
from bench.wire import Damage

FIRST_ACT_S = 3.5
USUAL_S = 60.0
CLOSING_S = 9.0  # no act begins so shortly before the end
ROUND_S = 14.0  # at one's plates, before several shoppers change places
IDLE_S = 300.0
NIGHT_S = 1500.0
BUSY_S = 180.0
BUSY_SHORT_S = 100.0


def acted(shopper: Shopper, act: Callable[[], object], until_s: float) -> None:
    """Repeat an act until the time is up; a store that has nothing left to act on ends it too."""
    while shopper.clock_s < until_s:
        before_s = shopper.clock_s
        act()
        if shopper.clock_s == before_s:
            shopper.walk()


def _alone(
    world: World, act: Callable[[Shopper], object], duration_s: float = USUAL_S, longest_s: float = 0.0
) -> Script:
    """One shopper does one kind of act over and over; an act may last `longest_s`."""
    shopper = Shopper(world, "s1", FIRST_ACT_S)
    acted(shopper, lambda: act(shopper), duration_s - CLOSING_S - longest_s)
    return world.script(max(duration_s, shopper.clock_s + 4.0))


def singles(world: World) -> Script:
    """Single picks."""
    return _alone(world, lambda s: s.single())


def put_back(world: World) -> Script:
    """Pick, put back, sometimes pick again."""
    return _alone(world, lambda s: s.put_back())


def multi_pick(world: World) -> Script:
    """Two to four of a product at once."""
    return _alone(world, lambda s: s.single(int(s.rng.integers(2, 5))))


def quick(world: World) -> Script:
    """Bursts of picks of one product."""
    return _alone(world, lambda s: s.quick())


def pair(world: World) -> Script:
    """Two products at once."""
    return _alone(world, lambda s: s.pair())


def pushed(world: World) -> Script:
    """Pushed along, then taken."""
    return _alone(world, lambda s: s.push())


def exchange(world: World) -> Script:
    """Set back and taken."""
    return _alone(world, lambda s: s.exchange())


def misplaced(world: World) -> Script:
    """Wrong plates, two shoppers."""
    other = Shopper(world, "s2", FIRST_ACT_S)
    return _alone(world, lambda s: s.misplace(other))


def twins(world: World) -> Script:
    """Near-equal weights: picks, with some put back."""
    return _alone(world, lambda s: s.single() if s.rng.random() < 0.7 else s.put_back())


def hold_take(world: World) -> Script:
    """Rest or hold, then take."""
    return _alone(world, lambda s: s.hold(taken=True), 90.0)


def hold_leave(world: World) -> Script:
    """Rest or hold, then leave; some picks between."""
    return _alone(world, lambda s: s.hold(taken=False) if s.rng.random() < 0.7 else s.single(), 90.0)


def two_one_back(world: World) -> Script:
    """Lift two, set one back."""
    return _alone(world, lambda s: s.two_one_back())


def three_one_elsewhere(world: World) -> Script:
    """Three taken, one left elsewhere."""
    return _alone(world, lambda s: s.three_one_elsewhere())


def leant(world: World) -> Script:
    """Leaning units."""
    return _alone(world, lambda s: s.lean_unit())


def rummage(world: World) -> Script:
    """Rummage, then often take."""

    def act(shopper: Shopper) -> None:
        shopper.rummage()
        if shopper.rng.random() < 0.6:
            shopper.single()

    return _alone(world, act, 90.0)


def touches(world: World) -> Script:
    """Hands among the goods for five minutes; nothing is taken."""

    def act(shopper: Shopper) -> None:
        (shopper.press, shopper.rummage, lambda: shopper.hold(taken=False, longest_s=8.0))[
            int(shopper.rng.integers(3))
        ]()
        shopper.walk(1.0, 6.0)

    return _alone(world, act, IDLE_S)


def lean(world: World) -> Script:
    """Leaning and pressing for five minutes."""

    def act(shopper: Shopper) -> None:
        if shopper.rng.random() < 0.6:
            shopper.lean(60.0)
        else:
            shopper.press()
        shopper.walk(1.0, 8.0)

    return _alone(world, act, IDLE_S)


def knocks(world: World) -> Script:
    """Knocks for five minutes."""

    def act(shopper: Shopper) -> None:
        shopper.knock()
        shopper.walk(0.5, 6.0)

    return _alone(world, act, IDLE_S)


def idle(world: World) -> Script:
    """Five minutes of nothing."""
    return world.script(IDLE_S)


def night(world: World) -> Script:
    """Nothing, after a restock just before."""
    for plate_id, past in list(world.past.items()):
        recent = float(world.rng.uniform(0.3, 0.9)) * float(past.components[0])
        world.past[plate_id] = Past(past.components, recent, float(world.rng.uniform(2.0, 60.0)))
    return world.script(NIGHT_S)


def shaken(world: World) -> Script:
    """Picks and some put back while the building shakes."""
    return _alone(world, lambda s: s.single() if s.rng.random() < 0.7 else s.put_back())


def restock(world: World) -> Script:
    """Staff fill lanes; a shopper comes afterwards."""
    staff = Shopper(world, "staff", FIRST_ACT_S)
    acted(staff, staff.restock, 35.0)
    shopper = Shopper(world, "s1", staff.clock_s)
    end_s = max(USUAL_S, staff.clock_s + 22.0)
    acted(shopper, shopper.single, end_s - CLOSING_S)
    return world.script(end_s)


def foreign(world: World) -> Script:
    """Foreign things between picks."""
    return _alone(world, lambda s: s.foreign() if s.rng.random() < 0.6 else s.single())


def emptied(world: World) -> Script:
    """Used packs returned, between picks."""
    return _alone(world, lambda s: s.emptied() if s.rng.random() < 0.6 else s.single())


def two_shoppers(world: World) -> Script:
    """Each at plates of their own."""
    ids = [plate.id for plate in world.shop.plates]
    order = [ids[int(i)] for i in world.rng.permutation(len(ids))]
    for k, plates in enumerate((order[: len(order) // 2], order[len(order) // 2 :])):
        shopper = Shopper(world, f"s{k + 1}", FIRST_ACT_S + 0.3 * k, plates)
        acted(
            shopper,
            lambda s=shopper: s.single() if s.rng.random() < 0.7 else s.put_back(),  # type: ignore[misc]  # bound now
            USUAL_S - CLOSING_S,
        )
    return world.script(USUAL_S)


def same_plate(world: World) -> Script:
    """Both at one plate, turn by turn within a second or so, then at the next."""
    at_s = FIRST_ACT_S
    ids = [plate.id for plate in world.shop.plates]
    while at_s < USUAL_S - CLOSING_S:
        here = [ids[int(world.rng.integers(len(ids)))]]
        both = [Shopper(world, who, at_s, here) for who in ("s1", "s2")]
        for _ in range(int(world.rng.integers(2, 5))):
            for shopper in both:
                gap_s = float(world.rng.uniform(0.45, 1.8))
                shopper.clock_s = at_s
                found = shopper.choose()
                if found is None:
                    continue
                plate, lane = found
                units = world.reachable(plate.id, lane.sku, at_s - 0.5, 1)
                if units:
                    at_s = max(at_s + gap_s, max((t.end_s for t in world.touches), default=0.0) + 0.25)
                    shopper.take(plate.id, units, at_s, before_s=gap_s / 2)
        at_s += 2.0
    return world.script(max(USUAL_S, at_s + 4.0))


def three_shoppers(world: World) -> Script:
    """Each at plates of their own; every quarter of a minute or so they change places."""
    ids = [plate.id for plate in world.shop.plates]
    shoppers = [Shopper(world, f"s{k + 1}", FIRST_ACT_S + 0.3 * k) for k in range(3)]
    start_s = FIRST_ACT_S
    while start_s < USUAL_S - CLOSING_S - ROUND_S:
        order = [ids[int(i)] for i in world.rng.permutation(len(ids))]
        for k, shopper in enumerate(shoppers):
            shopper.plates = order[k :: len(shoppers)]
            shopper.clock_s = max(shopper.clock_s, start_s)
            acted(
                shopper,
                lambda s=shopper: s.single() if s.rng.random() < 0.7 else s.put_back(),  # type: ignore[misc]  # bound now
                start_s + ROUND_S,
            )
        start_s = max(shopper.clock_s for shopper in shoppers)
    return world.script(max(USUAL_S, start_s + 4.0))


def produce(world: World) -> Script:
    """Produce: mostly one piece, sometimes two; some put back."""

    def act(shopper: Shopper) -> None:
        if shopper.rng.random() < 0.15:
            shopper.put_back()
        else:
            shopper.single(2 if shopper.rng.random() < 0.04 else 1, "weight")

    return _alone(world, act)


def tomatoes(world: World) -> Script:
    """Loose produce carried about."""
    return _alone(world, lambda s: s.move_on())


def _mixed(world: World, duration_s: float, plates: list[str] | None = None) -> None:
    second = Shopper(world, "s2", FIRST_ACT_S + 1.0, plates)
    first = Shopper(world, "s1", FIRST_ACT_S, plates)
    free_s = FIRST_ACT_S
    while free_s < duration_s - CLOSING_S - 12.0:
        shopper = (first, second)[int(world.rng.integers(2))]
        shopper.clock_s = max(shopper.clock_s, free_s - float(world.rng.uniform(0.0, 1.0)))
        acts: list[tuple[float, Callable[[], object]]] = [
            (6.0, shopper.single),
            (2.0, lambda s=shopper: s.single(int(s.rng.integers(2, 4)))),  # type: ignore[misc]  # bound now
            (2.0, shopper.put_back),
            (1.0, shopper.quick),
            (1.0, shopper.pair),
            (1.0, shopper.push),
            (1.0, shopper.exchange),
            (1.0, shopper.misplace),
            (1.0, lambda s=shopper: s.hold(True, 8.0)),  # type: ignore[misc]  # bound now
            (1.0, lambda s=shopper: s.hold(False, 8.0)),  # type: ignore[misc]  # bound now
            (1.0, shopper.two_one_back),
            (0.5, shopper.three_one_elsewhere),
            (0.5, shopper.rummage),
            (0.5, lambda s=shopper: s.lean(8.0)),  # type: ignore[misc]  # bound now
            (0.5, shopper.knock),
            (0.5, shopper.foreign),
            (0.3, shopper.emptied),
        ]
        total = sum(weight for weight, _ in acts)
        index = int(world.rng.choice(len(acts), p=[weight / total for weight, _ in acts]))
        before_s = shopper.clock_s
        acts[index][1]()
        if shopper.clock_s == before_s:
            shopper.walk()
        free_s = shopper.clock_s


def busy(world: World) -> Script:
    """Three minutes of everything: twenty seeds are an hour."""
    _mixed(world, BUSY_S)
    return world.script(BUSY_S)


def busy_short(world: World) -> Script:
    """A shorter slice of everything."""
    _mixed(world, BUSY_SHORT_S)
    return world.script(BUSY_SHORT_S)


def damaged(world: World) -> Script:
    """The same on a bad line."""
    script = busy_short(world)
    script.damage = Damage(wrong_share=0.007, lost_share=0.003)
    return script


def dead_cell(world: World) -> Script:
    """The same; a cell falls silent, or sticks at full scale. A one-cell bin is then left alone."""
    plates = world.shop.plates
    plate = plates[int(world.rng.integers(len(plates)))]
    cell = plate.cells[int(world.rng.integers(len(plate.cells)))]
    at_s = float(world.rng.uniform(15.0, 50.0))
    alone = len(plate.cells) == 1
    _mixed(world, BUSY_SHORT_S, [p.id for p in plates if p is not plate] if alone else None)
    script = world.script(BUSY_SHORT_S)
    if not alone:  # the instant falls between contacts of its plate: what it tears in two nobody could measure
        while any(t.start_s - 1.0 < at_s < t.end_s + 1.0 for t in script.touches if t.plate == plate.id):
            at_s += 100 * GRID_S
    kind = "silent" if world.rng.random() < 0.7 else "stuck"
    script.faults = [Fault(at_s, cell.board, cell.channel, kind)]
    return script


# --- rooms that a family brings along --------------------------------------------------------------------------------


def _with_building(room: Room, **changes: Span) -> Room:
    return dataclasses.replace(room, building=dataclasses.replace(room.building, **changes))


def stamping(room: Room) -> Room:
    """People stamp past all the time."""
    return _with_building(room, footfall_g=Span(1.0, 6.0, log=True), walks_per_min=Span(6.0, 15.0))


def humming(room: Room) -> Room:
    """A compressor close by."""
    return _with_building(room, compressor_g=Span(0.5, 2.0, "0.5-2 g"))


def draughty(room: Room) -> Room:
    """An open chiller."""
    return _with_building(room, air_curtain_g=Span(0.4, 2.5, "1-10 g peak to peak", log=True))


def ramp(room: Room) -> Room:
    """A defrost: 2-5 K in 20-40 minutes."""
    return _with_building(room, temperature_k=Span(2.0, 5.0), temperature_period_s=Span(2400.0, 4800.0))


def spiky(room: Room) -> Room:
    """Wild conversions by the half per cent."""
    return dataclasses.replace(room, cell=dataclasses.replace(room.cell, wild_share=Span(0.004, 0.006)))
