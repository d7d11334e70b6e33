"""Movements told and the same movements as they are seen later."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from agent.detection import Level
from agent.inference import Belief, Found, Step
from agent.inference.change import Change
from agent.inference.items import Items
from agent.inference.ways import Way
from agent.pipeline.hindsight import ToldStep, matching, seen_otherwise, withdrawn

CAN, BOX = (("can", 1),), (("box", 1),)


def level(begin_s: float) -> Level:
    begin_ns = round(begin_s * 1e9)
    return Level(begin_ns, begin_ns + 200_000_000, 16, np.zeros(3), np.ones(3))


def step(before_s: float, after_s: float, items: Items, delta_g: float = 100.0) -> Step:
    change = Change((delta_g, 0.0, 0.0), (1.0, 1.0, 1.0))
    return Step(level(before_s), level(after_s), change, ((items, 0.9),), None, False, False, 0.9)


class Kept:
    """What matching looks at of a movement told."""

    def __init__(self, step: Step) -> None:
        self.step = step


def told(*steps: Step) -> list[ToldStep]:
    return [cast(ToldStep, Kept(each)) for each in steps]


def test_a_movement_seen_from_an_earlier_plateau_or_on_a_later_one_is_the_one_told() -> None:
    first, second = step(1.0, 2.0, CAN, -100.0), step(4.0, 5.0, CAN)
    on_a_later = step(2.0, 6.0, CAN)
    assert matching([first, on_a_later], told(first, second)) == ([first, on_a_later], [])


def test_what_is_seen_no_more_is_none_and_what_is_seen_besides_is_left() -> None:
    first, second = step(1.0, 2.0, CAN), step(2.0, 5.0, CAN, -100.0)
    besides = step(2.0, 7.0, BOX)
    assert matching([first, besides], told(first, second)) == ([first, None], [besides])


def test_other_goods_that_went_the_same_way_are_what_was_told_seen_otherwise() -> None:
    put, other, same = step(4.0, 5.0, CAN), step(2.0, 6.0, BOX), step(3.0, 7.0, CAN)
    assert matching([other], told(put)) == ([other], [])
    assert matching([other, same], told(put)) == ([same], [other])


def test_another_direction_or_another_moment_is_another_movement() -> None:
    put = step(4.0, 5.0, CAN)
    for other in (step(2.0, 6.0, CAN, -100.0), step(5.0, 6.0, BOX)):
        assert matching([other], told(put)) == ([None], [other])


def test_other_goods_that_went_the_same_way_are_no_withdrawal() -> None:
    put = step(4.0, 5.0, CAN)
    assert withdrawn([None], [], told(put))
    assert withdrawn([None], [step(4.0, 6.0, BOX, -100.0)], told(put))
    assert not withdrawn([None], [step(4.0, 6.0, BOX)], told(put))
    assert not withdrawn([put], [], told(put))


def test_a_movement_is_known_again_where_its_plateau_was_joined_with_an_earlier_one() -> None:
    """It was told of a later part of the plateau on which it is seen to end now."""
    joined = replace(step(1.0, 3.0, CAN), after=replace(level(3.0), end_ns=4_400_000_000))
    assert matching([joined], told(step(1.0, 4.2, CAN))) == ([joined], [])


def test_the_same_goods_a_plateau_later_are_another_movement() -> None:
    first, second = step(1.0, 2.0, CAN, -100.0), step(2.0, 3.0, CAN, -100.0)
    assert matching([second], told(first)) == ([None], [second])


def test_what_moved_much_less_is_another_movement() -> None:
    put, light = step(4.0, 5.0, CAN), step(2.0, 6.0, BOX, 40.0)
    assert matching([light], told(put)) == ([None], [light])


def test_how_likely_what_is_seen_otherwise_is_does_not_hang_on_other_doubts() -> None:
    """Whether the first was a can or a box is open as before; the second is a box for sure."""
    can, box = step(1.0, 2.0, CAN), step(1.0, 2.0, BOX)
    was, now = step(3.0, 4.0, CAN), step(3.0, 4.0, BOX)
    belief = cast(Belief, None)
    ways = (Way(math.log(0.6), 0.0, (can, now), belief), Way(math.log(0.39), 0.0, (box, now), belief))
    found = Found((*ways, Way(math.log(0.01), 0.0, (can, was), belief)), 0.0)
    assert seen_otherwise(found, [can, now], told(can, was)) == (pytest.approx(0.99), pytest.approx(0.01))
    assert seen_otherwise(found, [can, None], told(can, was)) == (pytest.approx(0.99), pytest.approx(0.01))
    assert seen_otherwise(found, [can, was], told(can, was)) == (1.0, 0.0)
