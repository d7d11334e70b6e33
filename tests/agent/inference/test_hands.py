"""A hand that is not understood yet, and hands that tremble alike."""

from __future__ import annotations

from tests.agent.inference.scene import Scene

COLA, RICE = (75.0, 150.0), (225.0, 150.0)


def test_a_plate_that_stands_otherwise_than_before_is_waited_for() -> None:
    """Eight grams less, and no goods weigh that: a hand may carry part of something."""
    scene = Scene()
    short, long = (scene.change("P1", (-8.0, *COLA), seconds=seconds) for seconds in (0.4, 1.4))
    assert short.action == "wait"
    assert long.action != "wait"


def test_what_a_hand_carried_before_it_took_is_part_of_what_it_took() -> None:
    scene = Scene()
    before = scene.level([])
    held = scene.level([(-12.0, *COLA)], seconds=0.6, tremor_g=0.4)
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
