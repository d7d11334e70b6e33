"""Every family under every condition: truth that adds up, and the same truth for the same seed."""

import itertools
from collections import Counter

import numpy as np
import pytest

from bench.families import FAMILIES, Script, build_script
from bench.families.registry import IDLE
from bench.families.world import half_time
from bench.physics.plate import point_force

CONDITIONS = [("default", "four", 80), ("harsh", "four", 80), ("default", "one", 10)]


def script(name: str, seed: int = 1, room: str = "default", plates: str = "four", rate_hz: int = 80) -> Script:
    return build_script(name, seed, room, plates, rate_hz).script


def test_there_are_all_the_families_that_the_issue_names() -> None:
    assert len(FAMILIES) >= 25


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(("room", "plates", "rate_hz"), CONDITIONS)
def test_the_truth_adds_up(name: str, room: str, plates: str, rate_hz: int) -> None:
    built = build_script(name, 2, room, plates, rate_hz)
    story = built.script
    ids = {plate.id for plate in built.shop.plates}
    skus = {item.sku for item in built.shop.items}
    assert all(0 < e.t < story.duration_s and e.plate in ids and set(e.items) <= skus for e in story.events)
    assert all(e.weight > 0 and e.kind in ("pick", "put") for e in story.events)
    net: Counter[str] = Counter()
    for event in story.events:
        for sku, n in event.items.items():
            net[event.who + "/" + sku] += n if event.kind == "pick" else -n
    had = {f"{who}/{sku}": n for who, basket in story.baskets.items() for sku, n in basket.items()}
    assert {k: n for k, n in net.items() if n} == had
    assert bool(story.events) != FAMILIES[name].idle


@pytest.mark.parametrize("name", FAMILIES)
def test_weight_is_conserved(name: str) -> None:
    """What the plates carry at the end is what they carried at first, less what was picked, plus what was put."""
    built = build_script(name, 3)
    story = built.script
    for plate in built.shop.plates:
        lasting = sum(float(f.components[-1, 0]) for f in story.forces if f.plate == plate.id)
        told = sum((-e.weight if e.kind == "pick" else e.weight) for e in story.events if e.plate == plate.id)
        slipped = _slips(story, plate.id)
        assert lasting == pytest.approx(told + slipped, abs=0.5)


def _slips(story: Script, plate: str) -> float:
    carried: dict[object, float] = {}
    total = 0.0
    for move in story.moves:
        for unit in move.units:
            if move.kind == "slip" and move.plate == plate:
                total += float(unit["weight"]) * (float(unit["carried"]) - carried[unit["unit"]])  # type: ignore[arg-type]
            carried[unit["unit"]] = float(unit["carried"])  # type: ignore[arg-type]
    return total


@pytest.mark.parametrize("name", FAMILIES)
def test_a_seed_always_tells_the_same_story(name: str) -> None:
    one, two, other = script(name, 5), script(name, 5), script(name, 6)
    assert [vars(e) for e in one.events] == [vars(e) for e in two.events]
    assert len(one.forces) == len(two.forces)
    assert all(np.array_equal(a.components, b.components) for a, b in zip(one.forces, two.forces, strict=True))
    if one.events and other.events:
        assert [vars(e) for e in one.events] != [vars(e) for e in other.events]


def test_a_unit_keeps_its_weight_wherever_it_goes() -> None:
    weights: dict[object, set[object]] = {}
    for seed in range(4):
        for move in script("misplaced", seed).moves:
            for unit in move.units:
                weights.setdefault((seed, unit["unit"]), set()).add(unit["weight"])
    assert all(len(seen) == 1 for seen in weights.values())


def test_quick_succession_is_half_a_second_apart() -> None:
    gaps: list[float] = []
    for seed in range(6):
        events = script("quick", seed).events
        gaps += [b.t - a.t for a, b in itertools.pairwise(events) if a.plate == b.plate]
    assert min(gaps) < 0.65
    assert min(gaps) > 0.35


def test_pushed_units_are_taken_from_where_they_then_stand() -> None:
    for seed in range(4):
        where: dict[object, tuple[object, object]] = {}
        for move in script("pushed", seed).moves:
            for unit in move.units:
                if move.kind == "pick":
                    assert (unit["x_mm"], unit["y_mm"]) == where[unit["unit"]]
                where[unit["unit"]] = (unit["x_mm"], unit["y_mm"])


def test_exchanges_happen_within_a_second() -> None:
    events = [e for seed in range(4) for e in script("exchange", seed).events]
    close = [b.t - a.t for a, b in itertools.pairwise(events) if a.kind != b.kind and 0 < b.t - a.t < 1.1]
    assert len(close) >= 8


def test_leaning_reaches_saturation() -> None:
    heaviest = max(float(f.components[:, 0].max()) for seed in range(6) for f in script("lean", seed).forces)
    assert heaviest > 10_000


def test_nobody_touches_an_idle_shop() -> None:
    assert {name for name, family in FAMILIES.items() if family.idle} == set(IDLE)
    assert script("idle").forces == []


def test_the_instant_is_when_half_the_weight_has_moved() -> None:
    leaves = np.linspace(0, -100, 101)
    force = point_force("P1", 2.0, leaves, 0.0, 0.0)
    later = point_force("P1", 2.1, leaves, 0.0, 0.0)
    assert half_time([force]) == pytest.approx(2.05, abs=0.002)
    assert half_time([force, later]) == pytest.approx(2.10, abs=0.003)


def test_a_dead_cell_dies_between_contacts() -> None:
    for seed in range(6):
        built = build_script("dead_cell", seed)
        (fault,) = built.script.faults
        plate = next(
            p for p in built.shop.plates for c in p.cells if (c.board, c.channel) == (fault.board, fault.channel)
        )
        here = [t for t in built.script.touches if t.plate == plate.id]
        assert not any(t.start_s - 0.9 < fault.at_s < t.end_s + 0.9 for t in here)
