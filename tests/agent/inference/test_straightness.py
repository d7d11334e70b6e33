"""What the straightness of a way adds to its weight and place."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from agent.detection import Bend, Level
from agent.inference import InferenceParameters, Step
from agent.inference.change import Change, Straightness
from agent.inference.geometry import Geometry
from agent.inference.parts import Part, Place
from agent.inference.straightness import log_bend
from tests.agent.inference.scene import Scene

COLA, ZERO, RICE = (75.0, 150.0), (375.0, 150.0), (225.0, 150.0)
SOAP, TUNA = (55.0, 150.0), (395.0, 150.0)
REACH = 40.0


def taken(plate: str, loads: list[tuple[float, float, float]], seen: float, angle: float = 0.0) -> Step:
    """The step of a change whose way was seen to bend by so much, whereto by an angle from the plate's width."""
    scene = Scene()
    before, after = scene.level([]), scene.level(loads)
    bent = Bend(before.end_ns, seen * math.cos(angle), seen * math.sin(angle), REACH)
    (step,) = scene.judge.consider(plate, scene.contact(before, replace(after, bend=bent))).steps
    return step


def share(step: Step, **items: int) -> float:
    wanted = tuple(sorted(items.items()))
    return next((found for ranked, found in step.ranked if ranked == wanted), 0.0)


# soap and tuna weigh together what a cola weighs, and between them their middle lies in the cola's lane
PAIR = [(-120.0, *SOAP), (-230.0, *TUNA)]


def test_a_way_that_bends_is_two_things_and_a_straight_one_is_one() -> None:
    bent, straight = taken("P2", PAIR, 6.0), taken("P2", PAIR, 0.5)
    assert share(bent, soap=1, tuna=1) > 5 * share(straight, soap=1, tuna=1)
    assert share(straight, cola=1) > share(bent, cola=1)
    assert straight.items == (("cola", 1),)


def test_a_straight_way_says_little_against_a_light_thing_beside_a_heavy_one() -> None:
    """A light one moves the way by its share of the weight only: that it does not bend rules out two of a size."""
    p = InferenceParameters()
    geometry = Geometry(225.0, 150.0, 205.0, 130.0, 450.0, 300.0, 3)
    straight = Straightness.of(Bend(0, 0.5, 0.0, REACH), p)

    def against(light_g: float, heavy_g: float) -> float:
        change = Change((-light_g - heavy_g, 0.0, 0.0), (0.5, 0.5, 0.5), straight)
        places = ((20.0, 110.0), (330.0, 420.0))
        parts = tuple(
            Part(name, 1, -1, grams, 4.0, Place(x, (0.0, 300.0), 0.02), from_lane=True)
            for name, grams, x in zip("ab", (light_g, heavy_g), places, strict=True)
        )
        return log_bend(change, parts, geometry, p)

    assert against(500.0, 500.0) < -2.0
    assert abs(against(15.0, 985.0)) < 0.5
    assert against(500.0, 500.0) < against(150.0, 850.0) < against(15.0, 985.0)


def test_whereto_it_bends_tells_which_two() -> None:
    """Soap and tuna stand side by side: between them the way bends along the plate's width, not its depth."""
    along, across = taken("P2", PAIR, 6.0, 0.05), taken("P2", PAIR, 6.0, 1.5)
    assert share(along, soap=1, tuna=1) > 3 * share(across, soap=1, tuna=1)


@pytest.mark.parametrize("seen", [0.01, 100.0])
def test_no_bend_however_odd_outweighs_what_weighs_and_stands_otherwise(seen: float) -> None:
    step = taken("P1", [(-1_010.0, *RICE)], seen)
    assert step.items == (("rice", 1),)
    assert step.certainty > 0.95


def test_only_the_way_from_the_very_plateau_counts() -> None:
    """From where its rest ended, if it rested on; from another plateau a bend says nothing."""
    scene = Scene()
    before, after = scene.level([]), scene.level(PAIR)
    rested = replace(before, rested_s=0.2)

    def judged(start: Level, since_ns: int | None) -> Step:
        scene.judge.forget()
        bend = None if since_ns is None else Bend(since_ns, 6.0, 0.0, REACH)
        return scene.judge.consider("P2", scene.contact(start, replace(after, bend=bend))).steps[0]

    unknown = judged(before, None)
    assert judged(before, before.end_ns).ranked != unknown.ranked
    assert judged(before, before.begin_ns).ranked == unknown.ranked
    assert judged(before, before.end_ns + 200_000_000).ranked == unknown.ranked
    assert judged(rested, before.end_ns + 200_000_000).ranked != judged(rested, None).ranked
