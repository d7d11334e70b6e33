"""What is believed to stand where: moved, saved, taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.inference import Belief, Bundle, InferenceParameters, remember, what_it_was
from agent.inference.items import Shares
from agent.inference.memory import take_back
from tests.agent.inference.scene import LANES, S, Scene, store

P = InferenceParameters()


def fresh() -> Belief:
    shop = store()
    return Belief(shop.plates.values(), shop.items, P)


def bundle(sku: str | None = "cola", count: int = 1, weight_g: float = 350.0, t_ns: int = 0) -> Bundle:
    return Bundle(sku, count, weight_g, 0.5, t_ns, "P1")


def through_json(state: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(state, allow_nan=False))  # type: ignore[no-any-return]


def test_it_begins_with_the_stock_of_the_store_file() -> None:
    assert fresh().plates["P1"].contents() == {"cola": 8, "rice": 8, "zero": 8}


def test_part_of_a_bundle_given_back_leaves_the_rest_with_its_weight() -> None:
    belief = fresh()
    belief.take(bundle(count=3, weight_g=1_053.0))
    belief.give_back(belief.pool[0], 1, 352.0, 0.4)
    (rest,) = belief.pool
    assert (rest.count, rest.weight_g) == (2, 701.0)
    assert rest.variance_g2 == pytest.approx(0.9)
    belief.give_back(rest, 2, 701.0, 0.4)
    assert belief.pool == []


def test_the_rest_of_a_bundle_weighs_something_even_if_one_was_weighed_as_heavy_as_all() -> None:
    belief = Scene().belief
    belief.take(Bundle("tomato", 2, 250.0, 0.5, 100 * S, "P3"))
    belief.give_back(belief.pool[0], 1, 251.0, 0.5)
    (rest,) = belief.pool
    assert (rest.count, rest.weight_g) == (1, 125.0)


def test_of_a_bundle_that_turns_out_to_be_other_goods_the_rest_is_those() -> None:
    """What was taken for one rice is three colas: one of them came back."""
    scene = Scene()
    doubt: Shares = (((("cola", 3),), 0.3),)
    scene.belief.take(Bundle("rice", 1, 1_053.0, 0.5, 100 * S, "P1", doubt=doubt))
    step = scene.happen("P2", (351.0, 225.0, 150.0))
    assert step.items == (("cola", 1),)
    assert step.best is not None
    assert what_it_was(step.best) == (("cola", 3),)
    (rest,) = scene.belief.pool
    assert (rest.sku, rest.count, rest.doubt) == ("cola", 2, ())
    assert rest.weight_g == pytest.approx(702.0, abs=1.0)


def test_a_whole_bundle_that_comes_back_as_fewer_units_leaves_nothing_out() -> None:
    """What was taken for three colas is one rice."""
    scene = Scene()
    scene.belief.take(Bundle("cola", 3, 1_012.0, 0.5, 100 * S, "P1", doubt=(((("rice", 1),), 0.6),)))
    step = scene.happen("P1", (1_012.0, 225.0, 150.0))
    assert step.items == (("rice", 1),)
    assert scene.belief.pool == []


def test_what_is_out_is_forgotten_by_age_and_number() -> None:
    belief = fresh()
    for k in range(P.pool_size + 50):
        belief.take(bundle(t_ns=k * S))
    assert len(belief.pool) == P.pool_size
    assert belief.pool[-1].t_ns == (P.pool_size + 49) * S
    belief.take(bundle(t_ns=round((P.pool_s + 10_000) * S)))
    assert len(belief.pool) == 1


def test_strays_are_bounded() -> None:
    belief = fresh()
    for k in range(P.strays + 20):
        belief.put_stray("P1", bundle(None, weight_g=k + 1.0))
    assert len(belief.plates["P1"].strays) == P.strays
    assert belief.plates["P1"].strays[-1].weight_g == P.strays + 20


def test_a_fork_changes_nothing_of_what_it_came_from() -> None:
    belief = fresh()
    belief.take(bundle())
    before = through_json(belief.snapshot())
    fork = belief.fork("P1")
    fork.plates["P1"].counts["cola"] = 0
    fork.put_stray("P1", bundle())
    fork.give_back(fork.pool[0], 1, 350.0, 0.1)
    assert through_json(belief.snapshot()) == before


def test_contents_said_by_staff_replace_what_was_believed() -> None:
    belief = fresh()
    belief.put_stray("P1", bundle(None))
    belief.plates["P1"].moved = 1.0
    belief.set_contents("P1", {"cola": 3, "soap": 2})
    assert belief.plates["P1"].contents() == {"cola": 3, "soap": 2}
    assert [stray.sku for stray in belief.plates["P1"].strays] == ["soap", "soap"]
    assert not belief.plates["P1"].moved
    assert belief.plates["P2"].contents() == {"soap": 8, "cola": 8, "tuna": 8}


def test_contents_that_agree_leave_a_stray_as_it_is_known() -> None:
    belief = fresh()
    known = Bundle("soap", 1, 101.5, 0.2, 5, "P1", (40.0, 60.0))
    belief.put_stray("P1", known)
    belief.set_contents("P1", {"cola": 7, "soap": 2})
    assert known in belief.plates["P1"].strays and len(belief.plates["P1"].strays) == 2
    belief.set_contents("P1", {"cola": 7})
    assert belief.plates["P1"].strays == []


def test_a_snapshot_of_an_older_store_is_taken_as_far_as_it_fits() -> None:
    belief = fresh()
    state = through_json(belief.snapshot())
    state["plates"]["P9"] = state["plates"].pop("P3")
    state["plates"]["P1"]["counts"] = {"cola": 2, "gone": 5}
    belief.restore(state)
    assert belief.plates["P1"].counts == {"cola": 2, "rice": 8, "zero": 8}
    assert belief.plates["P3"].contents() == {"tomato": 8, "rice": 8}
    assert set(belief.plates) == set(LANES)


moves = st.lists(
    st.tuples(
        st.sampled_from(["P1", "P2", "P3"]),
        st.sampled_from([-350.0, -351.0, -700.0, -1_010.0, -120.0, -130.0, 350.0, 351.0, 1_010.0, 77.0, -77.0]),
        st.sampled_from([40.0, 75.0, 225.0, 300.0, 400.0]),
        st.sampled_from([50.0, 150.0]),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(moves)
def test_after_any_history_a_snapshot_is_restored_whole(history: list[tuple[str, float, float, float]]) -> None:
    scene = Scene()
    for plate, grams, x, y in history:
        for step in scene.change(plate, (grams, x, y)).steps:
            remember(scene.belief, plate, step, (x, y), step.after.begin_ns)
        scene.judge.forget()
    saved = through_json(scene.belief.snapshot())
    again = Scene(t_ns=scene.t_ns)
    again.belief.restore(saved)
    assert through_json(again.belief.snapshot()) == saved
    probe = [each.change("P1", (-350.0, 75.0, 150.0)).steps[0].ranked for each in (scene, again)]
    assert probe[0] == probe[1]
    assert all(count >= 0 for plate in scene.belief.plates.values() for count in plate.contents().values())


@settings(max_examples=40, deadline=None)
@given(moves)
def test_what_was_remembered_can_be_taken_back(history: list[tuple[str, float, float, float]]) -> None:
    scene = Scene()
    for plate, grams, x, y in history:
        for step in scene.change(plate, (grams, x, y)).steps:
            before = through_json(scene.belief.snapshot())
            memory = remember(scene.belief, plate, step, (x, y), step.after.begin_ns)
            after = scene.belief.snapshot()
            if all(count > 0 for count in scene.belief.plates[plate].counts.values()):
                fork = scene.belief.fork(plate)
                assert take_back(fork, memory)
                assert _sorted(through_json(fork.snapshot())) == _sorted(before)
            assert scene.belief.snapshot() == after
        scene.judge.forget()


def test_what_moved_on_is_not_taken_back() -> None:
    scene = Scene()
    (step,) = scene.change("P1", (-350.0, 75.0, 150.0)).steps
    memory = remember(scene.belief, "P1", step, (75.0, 150.0), step.after.begin_ns)
    scene.belief.give_back(scene.belief.pool[0], 1, 350.0, 0.1)
    before = scene.belief.snapshot()
    assert not take_back(scene.belief, memory)
    assert scene.belief.snapshot() == before


def _sorted(state: dict[str, Any]) -> dict[str, Any]:
    """Bundles that were taken back may stand in another order."""
    state["pool"] = sorted(state["pool"], key=str)
    for plate in state["plates"].values():
        plate["strays"] = sorted(plate["strays"], key=str)
    return state
