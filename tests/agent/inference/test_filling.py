"""Lanes that somebody fills: what follows is the same product, and many at once."""

from __future__ import annotations

import pytest

from agent.inference import InferenceParameters, Step
from agent.inference.belief import Filled
from agent.inference.filling import comes_to_lane, unseen_counts
from tests.agent.inference.scene import Scene

COLA = (75.0, 150.0)  # a place in cola's lane on P1
SOAP = (55.0, 150.0)  # likewise on P2
RICE = (225.0, 150.0)


def put_before_and_while_filling(grams: float) -> tuple[Step, Step]:
    """So much put into the lane of rice, as it is seen before one rice came there and after."""
    scene = Scene()
    before = scene.change("P1", (grams, *RICE)).steps[0]
    scene.judge.forget()
    scene.happen("P1", (1_010.0, *RICE))
    return before, scene.change("P1", (grams, *RICE)).steps[0]


def test_where_staff_fills_a_lane_more_is_expected() -> None:
    first, second = put_before_and_while_filling(2_020.0)
    assert (first.items, second.items) == ((("rice", 2),), (("rice", 2),))
    assert 1 - second.certainty < (1 - first.certainty) / 3


def test_who_fills_lanes_brings_many_at_once() -> None:
    before, while_filling = put_before_and_while_filling(9_090.0)
    assert before.items == ()
    assert while_filling.items == (("rice", 9),)
    assert while_filling.certainty > 0.9


def test_many_that_nobody_saw_leave_are_told_when_a_hand_had_time_to_leave_them() -> None:
    p = InferenceParameters()
    soon_s, later_s = p.sure_after_s + 0.01, p.likely_after_s + 0.01
    told = {}
    for count in (1, 5):
        for seconds in (soon_s, later_s):
            scene = Scene()
            scene.happen("P1", (1_010.0, *RICE))
            told[count, seconds] = scene.change("P1", (count * 1_010.0, *RICE), seconds=seconds).action
    assert told == {(1, soon_s): "tell", (1, later_s): "tell", (5, soon_s): "wait", (5, later_s): "tell"}


def test_of_goods_that_nobody_saw_leave_none_is_taken_again_at_once() -> None:
    """A hand that weighs as three packs stays on four that it set down; then two more come."""
    scene = Scene()
    scene.belief.filled = Filled(scene.t_ns, "P2", "soap")
    levels = [
        scene.level([], tremor_g=None),
        scene.level([(7 * 120.0, *SOAP)], 0.25, sigma_g=1.5, tremor_g=None),
        scene.level([(4 * 120.0, *SOAP)], 0.6, sigma_g=1.5, tremor_g=None),
        scene.level([(6 * 120.0, *SOAP)], 1.0),
    ]
    verdict = scene.judge.consider("P2", scene.contact(*levels))
    assert [step.items for step in verdict.steps] == [(("soap", 4),), (("soap", 2),)]
    assert verdict.share > 0.9


def test_who_fills_a_lane_goes_on_with_it() -> None:
    """Three bottles that weigh what another product's one does, where weight alone tells."""
    scene = Scene(cells=1)
    twins = [scene.change("P1", (350.5, *COLA)).steps[0]]
    for sku in ("cola", "zero"):
        scene.judge.forget()
        scene.belief.filled = Filled(scene.t_ns, "P1", sku)
        twins.append(scene.change("P1", (350.5, *COLA)).steps[0])
    unknown, cola, zero = (dict(step.ranked) for step in twins)
    assert unknown[(("cola", 1),)] == pytest.approx(unknown[(("zero", 1),)], rel=0.05)
    assert cola[(("cola", 1),)] > 0.8
    assert zero[(("zero", 1),)] > 0.8


def test_an_empty_lane_waits_and_one_that_is_filled_gets_more() -> None:
    scene, p = Scene(), InferenceParameters()
    plate = scene.store.plates["P1"]
    filling = Filled(scene.t_ns, "P1", "cola")

    def share(sku: str, lane: Filled | None) -> float:
        return comes_to_lane(scene.belief, plate, sku, lane, p)

    usual = share("cola", None)
    assert share("cola", filling) > share("rice", filling) > usual
    assert sum(share(lane.sku, filling) for lane in plate.lanes) == pytest.approx(p.put_lane_filling)
    scene.belief.plates["P1"].counts["cola"] = 0
    assert share("cola", None) > 10 * usual


def test_counts_near_what_came_are_tried_while_a_lane_is_filled_and_fall() -> None:
    p = InferenceParameters()
    assert [count for count, _ in unseen_counts(9, p, filling=False)] == [1, 2, 3, 4]
    filling = dict(unseen_counts(9, p, filling=True))
    assert list(filling) == [1, 2, 3, 4, 8, 9, 10]
    assert list(filling.values()) == sorted(filling.values(), reverse=True)
    assert [count for count, _ in unseen_counts(2, p, filling=True)] == [1, 2, 3, 4]
