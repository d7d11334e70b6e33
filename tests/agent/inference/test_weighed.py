"""Whatever plateaus follow each other, what is believed to have moved weighs something."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.inference import remember
from agent.inference.change import Change
from agent.inference.likelihood import log_goods
from agent.inference.parts import Hypothesis, Part, Place
from tests.agent.inference.scene import Load, Scene

ANYWHERE = Place((0.0, 450.0), (0.0, 300.0), 0.1)
COLA = Part("cola", 1, -1, 350.0, 4.0, ANYWHERE)
TOMATO = Part("tomato", 1, -1, 130.0, 400.0, ANYWHERE)
SET_BACK = Part("cola", 1, 1, 350.0, 4.0, ANYWHERE)


def log_of(delta_g: float, *parts: Part) -> float:
    scene = Scene()
    change = Change((delta_g, 0.0, 0.0), (0.1, 0.1, 0.1))
    return log_goods(change, Hypothesis(parts, 0.0), scene.geometry["P3"], scene.parameters)


def test_what_the_others_weigh_leaves_something_of_each() -> None:
    """A cola and a tomato of 50 g are seldom, of nothing impossible: however widely tomatoes spread."""
    assert math.isfinite(log_of(-400.0, COLA, TOMATO))
    assert log_of(-349.0, COLA, TOMATO) == -math.inf
    assert log_of(-349.0, TOMATO, COLA) == -math.inf


def test_in_an_exchange_as_well() -> None:
    assert math.isfinite(log_of(300.0, SET_BACK, TOMATO))
    assert log_of(351.0, SET_BACK, TOMATO) == -math.inf


loads = st.tuples(
    st.one_of(st.floats(-1_500.0, 600.0), st.sampled_from([-350.0, -130.0, -480.0, -250.0, 351.0, 129.0, -1_010.0])),
    st.floats(0.0, 450.0),
    st.floats(0.0, 300.0),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(loads, min_size=1, max_size=4), min_size=1, max_size=3), st.sampled_from(["P1", "P2", "P3"]))
def test_no_belief_holds_what_weighs_nothing(contacts: list[list[Load]], plate: str) -> None:
    scene = Scene()
    for between in contacts:
        levels = [scene.level([]), *(scene.level([load], seconds=0.4, sigma_g=4.0) for load in between)]
        verdict = scene.judge.consider(plate, scene.contact(*levels, scene.level(between)))
        for step in verdict.steps:
            remember(scene.belief, plate, step, scene.geometry[plate].place_mm(step.change), step.after.begin_ns)
        scene.judge.forget()
        held = [*scene.belief.pool, *scene.belief.plates[plate].strays, *scene.belief.plates[plate].known]
        assert all(bundle.weight_g > 0 for bundle in held)
