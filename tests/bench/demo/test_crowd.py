"""Who comes and goes: at most two, never before the same plate, out before closing; shelves are filled up."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from bench.demo.agenda import Agenda
from bench.demo.crowd import MOST_INSIDE, Crowd, Visit
from bench.demo.store import demo_shop, fresh
from bench.families.world import World
from bench.physics.parameters import DEFAULT


def day(seed: int, closing_s: float) -> tuple[World, Crowd, list[Visit]]:
    rng = fresh(seed)
    world = World(demo_shop("demo", rng), DEFAULT, rng)
    crowd = Crowd(world, np.random.default_rng(seed), closing_s)
    visits = []
    for k in range(int(closing_s * 10)):
        if crowd.run_out():
            break
        visit = crowd.turn(k / 10)
        if visit is not None:
            _, visit.movements, presence = world.drain()
            visit.stands = [(t, plate) for t, _, plate in presence]
            visits.append(visit)
        assert len(crowd.inside) <= MOST_INSIDE
        plates = [plate for visit in crowd.inside for plate in visit.plates]
        assert len(plates) == len(set(plates))
    return world, crowd, visits


@pytest.mark.parametrize("seed", range(5))
def test_visits(seed: int) -> None:
    _, _, visits = day(seed, 60.0)
    assert len(visits) >= 3
    assert any(a.enters_s < b.enters_s < a.exits_s for a in visits for b in visits)  # some at the same time
    for visit in visits:
        assert visit.exits_s <= 60.0
        assert all(visit.enters_s < move.t < visit.exits_s for move in visit.movements)
        assert all(move.plate in visit.plates for move in visit.movements)
        assert all(visit.stands_at(move.t) == move.plate for move in visit.movements)
        assert all(count > 0 for count in visit.basket.values())
    assert len({visit.session for visit in visits}) == len(visits)


def test_nobody_comes_when_it_closes_soon() -> None:
    assert day(1, 13.0)[2] == []


def test_staff_fill_every_lane_up() -> None:
    world, crowd, _ = day(3, 900.0)
    low = crowd.run_out()
    assert low
    end_s = crowd.restock(low, 900.0)
    assert 900.0 < end_s < 1000.0
    for plate in (world.shop.plate(name) for name in low):
        there = Counter(unit.sku for unit in world.contents[plate.id])
        assert all(there[lane.sku] >= lane.stock for lane in plate.lanes)
    assert crowd.run_out() == []


def test_the_agenda_keeps_order() -> None:
    agenda, done = Agenda(), []
    agenda.at(2.0, lambda: done.append("b"))
    agenda.at(1.0, lambda: done.append("a"))
    agenda.at(2.0, lambda: done.append("c"))
    assert agenda.wait_s(0.5, 0.1) == 0.1
    assert agenda.wait_s(0.95, 0.1) == pytest.approx(0.05)
    agenda.run(0.9)
    assert done == []
    agenda.run(2.0)
    assert done == ["a", "b", "c"]
    assert agenda.wait_s(2.0, 0.1) == 0.1
