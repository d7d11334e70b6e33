"""What contacts mean, on plateaus laid down by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.inference import InferenceParameters, Step, remember
from tests.agent.inference.scene import Scene

COLA = (75.0, 150.0)  # a place in cola's lane on P1
SOAP = (55.0, 150.0)  # likewise on P2
RICE = (225.0, 150.0)
ZERO = (375.0, 150.0)


def one(step: Step) -> tuple[tuple[str, int], ...]:
    return step.items


@pytest.mark.parametrize(
    ("grams", "place", "items"),
    [
        (-350.0, COLA, (("cola", 1),)),
        (-700.5, COLA, (("cola", 2),)),
        (-1_051.0, COLA, (("cola", 3),)),
        (-1_008.0, RICE, (("rice", 1),)),
        (-352.0, ZERO, (("zero", 1),)),
        (-350.0, ZERO, (("zero", 1),)),  # lighter than usual, but that is where it stands
        (-352.0, COLA, (("cola", 1),)),
    ],
)
def test_weight_and_place_say_what_was_taken_and_how_many(
    grams: float, place: tuple[float, float], items: tuple[tuple[str, int], ...]
) -> None:
    verdict = Scene().change("P1", (grams, *place))
    assert verdict.action == "tell"
    assert [one(step) for step in verdict.steps] == [items]
    assert verdict.steps[0].direction == -1
    assert verdict.share * verdict.steps[0].certainty > 0.95


def test_without_a_place_twins_are_a_doubt_that_is_told() -> None:
    verdict = Scene(cells=1).change("P1", (-350.5, *COLA))
    step = verdict.steps[0]
    assert {items for items, _ in step.ranked[:2]} == {(("cola", 1),), (("zero", 1),)}
    assert 0.35 < step.certainty < 0.65
    assert sum(share for _, share in step.ranked) == pytest.approx(1.0, abs=1e-4)
    assert list(step.ranked) == sorted(step.ranked, key=lambda reading: -reading[1])


def test_two_products_at_once_are_told_by_their_common_place() -> None:
    """Soap and tuna weigh as much as the cola between them: together they pull in the middle, too, but not exactly."""
    both = Scene().change("P2", (-120.0, 20.0, 150.0), (-230.0, 360.0, 150.0))
    assert one(both.steps[0]) in ((("soap", 1), ("tuna", 1)), (("cola", 1),))
    apart = Scene().change("P1", (-350.0, *COLA), (-1_010.0, *RICE))
    assert one(apart.steps[0]) == (("cola", 1), ("rice", 1))
    assert apart.steps[0].certainty > 0.9


def test_more_than_there_should_be_is_believed_less() -> None:
    scene = Scene(cells=1)
    scene.belief.set_contents("P1", {"cola": 5, "zero": 0, "rice": 2})
    step = scene.change("P1", (-350.5, *COLA)).steps[0]
    assert one(step) == (("cola", 1),)
    assert step.certainty > 0.9


def test_what_fits_nothing_is_something_else_and_is_waited_for() -> None:
    p = InferenceParameters()
    soon = Scene().change("P1", (-555.0, 225.0, 20.0), seconds=p.likely_after_s + 0.02)
    assert soon.action == "wait"
    late = Scene().change("P1", (-555.0, 225.0, 20.0), seconds=p.anything_after_s + 2.0)
    assert late.action == "tell"
    assert late.steps[0].items == ()
    assert late.steps[0].best is None


def test_a_foreign_thing_is_known_again_when_it_is_taken() -> None:
    scene = Scene()
    put = scene.happen("P1", (172.0, 400.0, 60.0))
    assert put.items == ()
    taken = scene.happen("P1", (-172.0, 400.0, 60.0))
    assert taken.items == ()
    assert taken.direction == -1
    assert not scene.belief.plates["P1"].strays
    assert scene.belief.plates["P1"].contents() == {"cola": 8, "rice": 8, "zero": 8}


def test_a_unit_that_comes_back_is_known_by_what_it_weighed() -> None:
    """Two colas and a zero are out; the one that weighs 346.1 g is the light cola."""
    scene = Scene()
    scene.happen("P1", (-346.0, *COLA))
    scene.happen("P1", (-355.5, *ZERO))
    back = scene.happen("P2", (346.1, 30.0, 40.0))  # and on a plate where soap stands
    assert back.items == (("cola", 1),)
    assert back.direction == 1
    assert [bundle.sku for bundle in scene.belief.pool] == ["zero"]


def test_what_was_misplaced_is_taken_from_where_it_stands() -> None:
    scene = Scene()
    scene.happen("P1", (-351.5, *ZERO))
    scene.happen("P3", (351.5, 60.0, 80.0))
    assert scene.belief.plates["P3"].contents()["zero"] == 1
    assert scene.happen("P3", (-351.5, 60.0, 80.0)).items == (("zero", 1),)
    assert "zero" not in scene.belief.plates["P3"].contents()


def test_what_is_sold_by_weight_is_told_with_its_weight() -> None:
    scene = Scene()
    verdict = scene.change("P3", (-141.0, 100.0, 150.0))
    assert [one(step) for step in verdict.steps] == [(("tomato", 1),)]
    heavy = Scene().change("P3", (-392.0, 100.0, 150.0)).steps[0]
    assert heavy.items[0][0] == "tomato"
    assert heavy.items[0][1] in (2, 3, 4)


def test_nothing_is_told_where_nothing_changed() -> None:
    scene = Scene()
    verdict = scene.change("P1", (0.2, *COLA))
    assert (verdict.action, verdict.steps) == ("close", ())


def test_goods_pushed_along_are_no_goods_taken() -> None:
    scene = Scene()
    verdict = scene.change("P1", (-350.0, 75.0, 150.0), (350.0, 200.0, 150.0))
    assert (verdict.action, verdict.steps) == ("close", ())
    assert verdict.pushed


def test_a_hand_that_rests_and_leaves_took_nothing() -> None:
    scene = Scene()
    levels = [
        scene.level([]),
        scene.level([(1_900.0, *RICE)], 0.8, sigma_g=8.0, tremor_g=60.0),
        scene.level([(2_100.0, *RICE)], 0.5, sigma_g=8.0, tremor_g=70.0),
        scene.level([(0.3, *RICE)]),
    ]
    verdict = scene.judge.consider("P1", scene.contact(*levels))
    assert (verdict.action, verdict.steps) == ("close", ())


def test_a_hand_that_rests_and_then_takes_is_one_pick() -> None:
    scene = Scene()
    levels = [
        scene.level([]),
        scene.level([(800.0, *COLA)], 0.9, sigma_g=4.0, tremor_g=30.0),
        scene.level([(-350.0, *COLA)]),
    ]
    verdict = scene.judge.consider("P1", scene.contact(*levels))
    assert verdict.action == "tell"
    assert [one(step) for step in verdict.steps] == [(("cola", 1),)]


def test_two_lifted_and_one_set_back_is_one_taken_in_the_end() -> None:
    scene = Scene()
    levels = [
        scene.level([]),
        scene.level([(-700.0, *COLA)], 0.6),
        scene.level([(-350.0, *COLA)]),
    ]
    verdict = scene.judge.consider("P1", scene.contact(*levels))
    assert verdict.action == "tell"
    net = sum(step.direction * qty for step in verdict.steps for sku, qty in step.items if sku == "cola")
    assert net == -1
    assert {sku for step in verdict.steps for sku, _ in step.items} == {"cola"}


def test_two_quick_picks_are_two_steps_in_order() -> None:
    scene = Scene()
    levels = [scene.level([]), scene.level([(-350.0, *COLA)], 0.5), scene.level([(-350.0, *COLA), (-1_010.0, *RICE)])]
    verdict = scene.judge.consider("P1", scene.contact(*levels))
    assert [one(step) for step in verdict.steps] == [(("cola", 1),), (("rice", 1),)]
    assert verdict.steps[0].after is levels[1]


def test_an_exchange_within_one_movement_is_told_as_such() -> None:
    scene = Scene()
    scene.happen("P1", (-1_012.0, *RICE))
    step = scene.change("P1", (1_012.0, *RICE), (-350.0, *COLA)).steps[0]
    assert sorted(step.items) == [("cola", -1), ("rice", 1)]


def test_what_was_exchanged_shows_on_its_way() -> None:
    """A cola for another product as heavy: one of them is off the plate, or both are on it, for a moment. Where the
    weight never moved, something was pushed along the plate."""
    shares = []
    for peak_g in (351.0, 20.0):
        scene = Scene()
        scene.happen("P1", (-351.0, *ZERO))
        levels = scene.level([]), scene.level([(351.0, *ZERO), (-350.0, *COLA)])
        verdict = scene.judge.consider("P1", scene.contact(*levels, peak_g=peak_g))
        shares.append(verdict.share if verdict.steps else 1.0 - verdict.share)
    assert shares[0] > 0.1
    assert shares[1] < shares[0] / 10


def test_what_is_unsure_waits_and_what_is_sure_does_not() -> None:
    p = InferenceParameters()
    clear = Scene().change("P1", (-1_010.0, *RICE), seconds=p.likely_after_s + 0.01)
    assert clear.action == "tell"
    assert Scene().change("P1", (-1_010.0, *RICE), seconds=0.05).action == "wait"


def test_staff_may_put_any_number() -> None:
    scene = Scene()
    scene.belief.plates["P2"].staff = True
    step = scene.happen("P2", (20 * 120.0, *SOAP))
    assert step.items == (("soap", 20),)
    assert scene.belief.plates["P2"].counts["soap"] == 28
    assert not scene.belief.pool


def test_a_judgement_changes_no_belief() -> None:
    scene = Scene()
    before = scene.belief.snapshot()
    scene.change("P1", (-350.0, *COLA))
    levels = [scene.level([]), scene.level([(-350.0, *COLA)], 0.5), scene.level([(-1_360.0, *RICE)])]
    scene.judge.consider("P1", scene.contact(*levels))
    assert scene.belief.snapshot() == before


def test_ways_that_mean_the_same_are_no_doubt() -> None:
    """The same can on a first, uneasy plateau and on the next: where it rested is nobody's question."""
    scene = Scene()
    levels = [
        scene.level([]),
        scene.level([(-350.0, *COLA)], 0.2, sigma_g=1.5),
        scene.level([(-350.3, *COLA)], 0.4),
    ]
    verdict = scene.judge.consider("P1", scene.contact(*levels))
    assert [one(step) for step in verdict.steps] == [(("cola", 1),)]
    assert verdict.steps[0].certainty > 0.99
    assert verdict.share > 0.99


def test_a_hand_that_stays_on_what_it_set_down_is_no_other_product() -> None:
    scene = Scene()
    scene.happen("P1", (-350.0, *COLA))
    levels = [
        scene.level([]),
        scene.level([(374.0, *COLA)], 0.2),
        scene.level([(350.0, *COLA)], 0.4),
    ]
    verdict = scene.judge.consider("P1", scene.contact(*levels))
    assert [one(step) for step in verdict.steps] == [(("cola", 1),)]


def test_what_comes_back_and_leans_against_the_side_is_known_and_may_slip() -> None:
    scene = Scene()
    scene.happen("P1", (-1_010.0, *RICE))
    assert scene.happen("P1", (945.0, *RICE)).items == (("rice", 1),)
    slipped = scene.change("P1", (65.0, *RICE))
    assert slipped.steps == ()
    for step in slipped.pushed:
        remember(scene.belief, "P1", step, None, scene.t_ns)
    scene.judge.forget()
    assert scene.happen("P1", (-1_010.0, *RICE)).items == (("rice", 1),)


def test_what_may_be_something_else_is_told_so_when_it_moves_again() -> None:
    scene = Scene(cells=1)
    scene.happen("P1", (-350.5, *COLA))  # cola or zero: nobody can tell
    back = scene.change("P1", (350.5, *COLA)).steps[0]
    shares = dict(back.ranked)
    assert shares[(("cola", 1),)] > 0.25
    assert shares[(("zero", 1),)] > 0.25


def test_a_thing_that_nobody_knows_stands_on_all_plateaus_of_its_level() -> None:
    """It rang at first, so that its first plateau is short; then a bag is taken beside it."""
    scene = Scene()
    levels = [
        scene.level([]),
        replace(scene.level([(555.0, *SOAP)], 0.2), ring_g=30.0, ring_hz=20.0),
        scene.level([(555.0, *SOAP)], 1.5),
        scene.level([(555.0, *SOAP), (-1_010.0, *RICE)], 1.0),
    ]
    verdict = scene.judge.consider("P1", scene.contact(*levels))
    assert [(step.direction, one(step)) for step in verdict.steps] == [(1, ()), (-1, (("rice", 1),))]
    assert verdict.steps[0].after is levels[1]


@pytest.mark.parametrize(("between_s", "hand"), [(0.05, True), (0.6, False)])
def test_goods_move_again_only_when_a_hand_has_let_go(between_s: float, *, hand: bool) -> None:
    """What weighs as much as what was taken, and is gone a tenth of a second later, was no cola."""
    scene = Scene()
    scene.happen("P1", (-350.0, *COLA))
    rest = scene.level([(-350.0, *COLA)])
    back = scene.level([(0.0, *COLA)], seconds=between_s)
    verdict = scene.judge.consider("P1", scene.contact(rest, back, scene.level([(-350.0, *COLA)], seconds=1.5)))
    assert (len(verdict.steps) == 0) == hand


def test_a_push_is_forgotten_as_goods_are_taken() -> None:
    scene = Scene()
    scene.belief.plates["P1"].moved = 1.0
    doubtful = scene.change("P1", (-350.5, *ZERO)).steps[0].certainty
    for _ in range(4):
        scene.happen("P1", (-1_010.0, *RICE))
    assert scene.change("P1", (-350.5, *ZERO)).steps[0].certainty > max(doubtful, 0.98)
