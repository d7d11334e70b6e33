"""What was set back is known: by its weight, by where it stands, by what it came with."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.inference import Belief, remember, take_back
from agent.inference.belief import Bundle
from agent.inference.change import Change
from agent.inference.hypotheses import Imagination
from agent.inference.likelihood import log_goods
from agent.inference.parameters import InferenceParameters
from tests.agent.inference.scene import Load, S, Scene

COLA, RICE, FRONT, TUNA = (75.0, 60.0), (225.0, 150.0), (250.0, 40.0), (395.0, 150.0)
ZERO, MIDDLE = (375.0, 60.0), (150.0, 150.0)


def set_back() -> Scene:
    """A bag of rice of its own weight was taken from P1 and set back in front."""
    scene = Scene()
    scene.happen("P1", (-1_016.0, *RICE))
    scene.happen("P1", (1_016.0, *FRONT))
    return scene


def test_a_unit_in_its_lane_is_counted_and_known() -> None:
    state = set_back().belief.plates["P1"]
    assert state.counts["rice"] == 8
    assert [(unit.sku, round(unit.weight_g), unit.place_mm) for unit in state.known] == [
        ("rice", 1_016, pytest.approx(FRONT, abs=1.0))
    ]
    assert not state.strays


def test_what_is_taken_from_where_it_was_set_down_is_that_very_unit() -> None:
    scene = set_back()
    (unit,) = scene.belief.plates["P1"].known
    step = scene.happen("P1", (-1_016.0, *FRONT))
    assert step.best is not None
    assert step.best.parts[0].source is unit
    state = scene.belief.plates["P1"]
    assert (state.counts["rice"], state.known) == (7, [])


def test_another_unit_of_the_lane_leaves_the_known_one_where_it_stands() -> None:
    scene = set_back()
    scene.happen("P1", (-1_007.0, *RICE))
    state = scene.belief.plates["P1"]
    assert (state.counts["rice"], len(state.known)) == (7, 1)


def test_no_more_units_are_known_than_stand_there() -> None:
    scene = set_back()
    scene.belief.plates["P1"].counts["rice"] = 1
    scene.happen("P1", (-1_007.0, *RICE))
    state = scene.belief.plates["P1"]
    assert (state.counts["rice"], state.known) == (0, [])


def test_known_units_outlive_a_restart_and_not_a_count_by_staff() -> None:
    belief = set_back().belief
    saved = json.loads(json.dumps(belief.snapshot()))
    scene = Scene()
    scene.belief.restore(saved)
    assert scene.belief.plates["P1"].known == belief.plates["P1"].known
    for plate in saved["plates"].values():
        del plate["known"]
    scene.belief.restore(saved)
    assert scene.belief.plates["P1"].known == []
    belief.set_contents("P1", {"rice": 8})
    assert belief.plates["P1"].known == []


def test_taking_back_a_step_takes_back_what_was_known() -> None:
    scene = Scene()
    scene.happen("P1", (-1_016.0, *RICE))
    step = scene.change("P1", (1_016.0, *FRONT)).steps[-1]
    memory = remember(scene.belief, "P1", step, FRONT, step.after.begin_ns)
    assert scene.belief.plates["P1"].known
    assert take_back(scene.belief, memory)
    assert scene.belief.plates["P1"].known == []


def test_goods_read_in_a_fork_are_found_again_where_they_really_are() -> None:
    """The same put, remembered twice, makes two bundles; a pick that was read from one takes the other."""
    scene = Scene()
    scene.happen("P1", (-1_010.0, *RICE))
    put = scene.change("P2", (1_010.0, 225.0, 250.0)).steps[-1]
    fork = scene.belief.fork("P2")
    remember(fork, "P2", put, (225.0, 250.0), put.after.begin_ns)
    remember(scene.belief, "P2", put, (225.0, 250.0), put.after.begin_ns + 1)
    held, scene.judge._belief = scene.belief, fork
    pick = scene.change("P2", (-1_010.0, 225.0, 250.0)).steps[-1]
    remember(held, "P2", pick, None, pick.after.begin_ns)
    assert held.plates["P2"].strays == []


def weighed(scene: Scene, plate: str, *loads: Load) -> dict[str, float]:
    """The probability of each reading of a change, by what moved."""
    step = scene.change(plate, *loads).steps[-1]
    return {" ".join(f"{qty} {sku}" for sku, qty in items): share for items, share in step.ranked}


def test_goods_come_home_rather_than_elsewhere() -> None:
    """A cola and a zero of one weight are out: what comes to P2, where colas stand and no zeros do, is the cola."""
    scene = Scene()
    scene.happen("P1", (-350.5, *COLA))
    scene.happen("P1", (-350.5, 375.0, 60.0))
    shares = weighed(scene, "P2", (350.5, 225.0, 150.0))
    assert shares["1 cola"] > 4 * shares["1 zero"]


@pytest.mark.parametrize("apart_s", [1, 20])
def test_what_was_taken_together_comes_back_together(apart_s: int) -> None:
    """A soap and a tuna at once, or one after the other: together they weigh as much as a cola."""

    def odds(between_ns: int) -> float:
        scene = Scene()
        for sku, grams, t_ns in (("soap", 121.0, scene.t_ns - between_ns), ("tuna", 227.0, scene.t_ns)):
            scene.belief.take(Bundle(sku, 1, grams, 0.1, t_ns, "P2"))
        share = weighed(scene, "P1", (121.0, *COLA), (227.0, *FRONT))["1 soap 1 tuna"]
        return share / (1 - share)

    assert odds(0) > 3 * odds(apart_s * S)


def test_a_used_pack_is_something_else_where_its_product_stands() -> None:
    """Half a bag of rice in the rice's lane, after one was taken: likelier a used pack than where none was taken."""
    scene = Scene()
    without = replace(InferenceParameters(), put_used=0.0)
    scene.happen("P1", (-1_010.0, *RICE))
    other = Scene(parameters=without)
    other.happen("P1", (-1_010.0, *RICE))
    # two tunas weigh as much, too: what else it may be is there to be outweighed
    for each in (scene, other):
        each.happen("P2", (-230.0, *TUNA))
        each.happen("P2", (-231.0, 395.0, 100.0))
    used, unknown = (weighed(each, "P1", (461.0, *RICE)).get("", 0.0) for each in (scene, other))
    assert used > unknown


def test_a_fork_keeps_its_known_units_to_itself() -> None:
    belief: Belief = set_back().belief
    fork = belief.fork("P1")
    fork.plates["P1"].known.clear()
    assert len(belief.plates["P1"].known) == 1


def pushed(scene: Scene, grams: float, start: tuple[float, float], end: tuple[float, float]) -> None:
    """A unit is pushed along P1 from one place to another."""
    verdict = scene.change("P1", (-grams, *start), (grams, *end))
    (step,) = verdict.pushed
    remember(scene.belief, "P1", step, None, step.after.begin_ns)
    scene.judge.forget()


def test_what_was_pushed_into_anothers_lane_is_taken_as_what_it_is() -> None:
    """A cola pushed among the zeros, which weigh as much: how far the moments went tells what stood where it came
    from."""
    taken: Load = (-350.5, 400.0, 100.0)
    unpushed = weighed(Scene(), "P1", taken)
    scene = Scene()
    pushed(scene, 350.5, COLA, (400.0, 100.0))
    shares = weighed(scene, "P1", taken)
    assert unpushed["1 zero"] > 0.9
    assert shares["1 cola"] / shares["1 zero"] > 10 * unpushed["1 cola"] / unpushed["1 zero"]


def test_what_was_pushed_twice_came_from_where_it_stood_at_first() -> None:
    scene = Scene()
    pushed(scene, 350.5, COLA, (225.0, 200.0))
    pushed(scene, 350.5, (225.0, 200.0), (400.0, 100.0))
    assert len(scene.belief.plates["P1"].pushed) == 2
    once = Scene()
    pushed(once, 350.5, (225.0, 200.0), (400.0, 100.0))
    twice, last = (weighed(each, "P1", (-350.5, 400.0, 100.0))["1 cola"] for each in (scene, once))
    assert twice > 2 * last


def test_what_was_taken_later_did_not_come_back_before() -> None:
    """Looked at in hindsight, a put knows nothing of a bag of its weight that left another plate since."""
    scene = Scene()
    scene.belief.take(Bundle("rice", 1, 461.0, 0.1, scene.t_ns + 60 * S, "P1"))
    assert weighed(scene, "P2", (461.0, *TUNA)).get("1 rice", 0.0) < 0.01
    scene.t_ns += 120 * S
    assert weighed(scene, "P2", (461.0, *TUNA))["1 rice"] > 0.9


def test_a_unit_that_was_weighed_badly_is_remembered_by_what_its_kind_weighs() -> None:
    """A hand beside it made the scale tremble: what is known of the kind says more than what was weighed."""
    scene = Scene()
    before, after = scene.level([]), scene.level([(-341.0, *COLA)], sigma_g=8.0)
    (step,) = scene.judge.consider("P1", scene.contact(before, after)).steps
    assert step.items == (("cola", 1),)
    remember(scene.belief, "P1", step, COLA, step.after.begin_ns)
    (taken,) = scene.belief.pool
    assert taken.weight_g == pytest.approx(350.0, abs=1.0)
    assert taken.variance_g2**0.5 == pytest.approx(2.0, abs=0.2)


def test_a_unit_that_was_weighed_well_is_remembered_by_its_own_weight() -> None:
    scene = Scene()
    scene.happen("P1", (-354.0, *COLA))
    (taken,) = scene.belief.pool
    assert taken.weight_g == pytest.approx(354.0, abs=0.3)
    assert taken.variance_g2**0.5 < 0.6


def test_of_two_things_alike_the_one_taken_last_is_set_down() -> None:
    scene = Scene()
    scene.happen("P1", (-350.6, *COLA))
    scene.t_ns += 60 * S
    scene.happen("P1", (-350.6, *ZERO))
    step = scene.happen("P3", (350.6, *RICE))
    assert step.items == (("zero", 1),)
    assert 0.7 < step.certainty < 0.95


def test_what_was_set_down_stands_there_yet_unless_something_was_pushed() -> None:
    """A can as heavy as the one set back is taken from elsewhere in the lane."""
    shares = []
    for moved in (0.0, 1.0):
        scene = Scene()
        scene.happen("P2", (-352.0, *MIDDLE))
        scene.happen("P2", (352.0, *MIDDLE))
        scene.belief.plates["P2"].moved = moved
        before, after = scene.level([]), scene.level([(-352.0, 300.0, 150.0)])
        change = Change.between(before, after, scene.parameters)
        picks = Imagination(scene.store.items, scene.store.plates, scene.geometry, scene.parameters).picks
        logs = {
            known: max(
                h.log_prior + log_goods(change, h, scene.geometry["P2"], scene.parameters)
                for h in picks(scene.belief, "P2", 352.0)
                if len(h.parts) == 1 and h.parts[0].sku == "cola" and (h.parts[0].source is not None) == known
            )
            for known in (True, False)
        }
        shares.append(logs[True] - logs[False])
    assert shares[0] < shares[1] - 1.0
