"""A hand that is not understood yet, and hands that tremble alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.detection import Level
from agent.inference import InferenceParameters
from tests.agent.inference.scene import Load, Scene

COLA, RICE, SOAP = (75.0, 150.0), (225.0, 150.0), (55.0, 150.0)


def test_a_plate_that_stands_otherwise_than_before_is_waited_for() -> None:
    """Eight grams less, and no goods weigh that: a hand may carry part of something."""
    scene = Scene()
    short, long = (scene.change("P1", (-8.0, *COLA), seconds=seconds) for seconds in (0.4, 1.4))
    assert short.action == "wait"
    assert long.action != "wait"


def test_what_a_hand_carried_before_it_took_is_part_of_what_it_took() -> None:
    scene = Scene()
    before = scene.level([])
    held = scene.level([(-20.0, *COLA)], seconds=0.6, tremor_g=0.4)
    after = scene.level([(-350.0, *COLA)])
    alone = scene.judge.consider("P1", scene.contact(held, after))
    scene.judge.forget()
    together = scene.judge.consider("P1", scene.contact(held, after), [before])
    assert not any(step.items == (("cola", 1),) for step in alone.steps)
    assert [step.items for step in together.steps] == [(("cola", 1),)]
    assert together.steps[0].certainty > 0.9
    assert together.nodes[0] is before


def test_a_hand_that_trembles_ever_as_little_is_one_hand() -> None:
    """It holds up what nearly weighs a cola, sinks and rises, and lets go: nothing has moved by a tenth of a gram."""
    scene = Scene()
    held = [(-349.0, 0.45), (-330.0, 1.0), (-290.0, 1.0), (-310.0, 0.9)]
    levels = [scene.level([])]
    levels += [scene.level([(grams, *COLA)], 0.25, tremor_g=tremor) for grams, tremor in held]
    verdict = scene.judge.consider("P1", scene.contact(*levels, scene.level([])))
    assert (verdict.action, verdict.steps) == ("close", ())


def test_two_unknown_things_make_each_other_no_surer() -> None:
    """What came first may be a leaning rice; that something foreign came next says nothing of it."""
    scene = Scene()
    scene.happen("P1", (-1_010.0, *RICE))
    first = scene.level([])
    unsure = scene.level([(875.0, *RICE)])
    foreign = scene.level([(875.0, *RICE), (473.0, 110.0, 60.0)])
    alone = scene.judge.consider("P1", scene.contact(first, unsure)).steps[0]
    scene.judge.forget()
    steps = scene.judge.consider("P1", scene.contact(first, unsure, foreign)).steps
    assert alone.items == steps[0].items
    assert abs(steps[0].certainty - alone.certainty) < 0.05


def swinging(scene: Scene, load: Load, seconds: float, ring_g: float = 160.0) -> Level:
    """A plateau that swings at 7 Hz, as a hand may or a plate whose ring is not known."""
    return replace(
        scene.level([load], seconds, sigma_g=4.0, tremor_g=None), ring_g=ring_g, ring_hz=7.0, stillness_g=0.0
    )


def test_something_unknown_is_not_told_while_the_plate_swings_as_a_hand_does() -> None:
    """An unknown thing of 1.5 kg lets the plate come to rest within a second; who leans with as much does not."""
    seen = [(None, 0.0), (30.0, 43.0), (0.3, 0.5)]  # tremor, and the least that would show beside the ring
    verdicts = []
    for tremor_g, stillness_g in seen:
        scene = Scene()
        before, after = scene.level([]), swinging(scene, (1_480.0, *RICE), 1.2)
        after = replace(after, tremor_g=tremor_g, stillness_g=stillness_g)
        verdicts.append(scene.judge.consider("P1", scene.contact(before, after)))
    assert [verdict.action for verdict in verdicts] == ["wait", "wait", "tell"]
    assert all(step.best is None for step in verdicts[-1].steps)


def test_a_light_thing_that_may_be_a_hand_stands_for_a_while_before_it_is_told() -> None:
    """A hand of 18 g may be as calm as a thing; one of 150 g would have shown by then."""

    def action(grams: float, seconds: float, tremor_g: float) -> str:
        scene = Scene()
        before, after = scene.level([]), scene.level([(grams, 120.0, 90.0)], seconds, tremor_g=tremor_g)
        return scene.judge.consider("P1", scene.contact(before, after)).action

    assert [action(18.0, seconds, 0.15) for seconds in (1.2, 2.5)] == ["wait", "tell"]
    assert action(18.0, 1.2, 0.0) == "tell"
    assert action(150.0, 1.2, 0.0) == "tell"


def test_nobody_sets_down_what_weighs_as_much_as_somebody_who_leans() -> None:
    bag, leant = (Scene().change("P1", (grams, 120.0, 90.0), seconds=1.2) for grams in (1_500.0, 8_000.0))
    assert bag.steps[0].items == leant.steps[0].items == ()
    assert 1 - leant.steps[0].certainty > 2 * (1 - bag.steps[0].certainty)


def test_a_plate_that_rings_by_more_than_moved_is_held() -> None:
    """That a lean goes up and down by what goods weigh is no goods that come and go under it."""

    def share_of_goods(ring_g: float) -> float:
        scene = Scene()
        levels = [scene.level([]), *(scene.level([(3_000.0 + more, 75.0, 150.0)], 0.6) for more in (0.0, -350.0, 0.0))]
        held = [levels[0], levels[1], *(replace(level, ring_g=ring_g, ring_hz=20.0) for level in levels[2:])]
        verdict = scene.judge.consider("P1", scene.contact(*held, scene.level([], 0.6)))
        return verdict.share if verdict.steps else 1.0 - verdict.share

    assert share_of_goods(5_000.0) < share_of_goods(100.0)


def test_goods_are_told_though_the_plate_swings_yet() -> None:
    scene = Scene()
    scene.happen("P1", (-1_010.0, *RICE))
    before, after = scene.level([]), swinging(scene, (1_010.0, *RICE), 0.5, ring_g=60.0)
    verdict = scene.judge.consider("P1", scene.contact(before, after))
    assert verdict.action == "tell"
    assert verdict.steps[0].items == (("rice", 1),)


@pytest.mark.parametrize("soft", [False, True])
def test_a_lean_that_goes_on_for_long_put_nothing_down(*, soft: bool) -> None:
    """A hand of 1.5 kg that swings, or trembles by 1.5 %, over many plateaus: no thing with light hands on top of it,
    for those do not move a plate by so much."""
    scene = Scene()
    levels = [scene.level([])]
    for over_g in (0.0, 60.0, -60.0, 20.0, 30.0, 25.0, -55.0, 15.0):
        load = (1_480.0 + over_g, *RICE)
        trembles = replace(scene.level([load], 0.7, sigma_g=6.0, tremor_g=22.0), soft=True)
        levels.append(trembles if soft else swinging(scene, load, 0.6))
    verdict = scene.judge.consider("P1", scene.contact(*levels, scene.level([])))
    assert (verdict.action, verdict.steps) == ("close", ())


def test_goods_that_nobody_took_are_told_later_where_a_hand_may_weigh_as_much() -> None:
    """A cola from the shelf comes back at once; one from nowhere may be a hand of 350 g that stays for a moment."""
    verdicts = []
    for taken in (True, False):
        scene = Scene()
        if taken:
            scene.happen("P1", (-350.0, *COLA))
        before, after = scene.level([]), scene.level([(350.0, *COLA)], seconds=0.4, sigma_g=3.0)
        verdicts.append(scene.judge.consider("P1", scene.contact(before, after)))
    known, unseen = verdicts
    assert known.steps[0].items == unseen.steps[0].items == (("cola", 1),)
    assert (known.action, unseen.action) == ("tell", "wait")
    assert unseen.share > InferenceParameters().likely


@pytest.mark.parametrize(("name", "without", "seconds"), [("undone_unseen", 1.0, 1.5), ("undone_s", 0.0, 0.6)])
def test_goods_do_not_come_only_to_go_again(name: str, without: float, seconds: float) -> None:
    """Such as nobody took hardly at all, others not within moments: it was a hand."""
    doubts = []
    for parameters in (replace(InferenceParameters(), **{name: without}), InferenceParameters()):
        scene = Scene(parameters=parameters)
        before, hand = scene.level([]), scene.level([(120.0, *SOAP)], seconds=seconds, tremor_g=0.5)
        verdict = scene.judge.consider("P2", scene.contact(before, hand, scene.level([])))
        assert not verdict.steps
        doubts.append(1.0 - verdict.share)
    assert doubts[1] < doubts[0] / 2
