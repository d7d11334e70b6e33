"""Movements that show what they were only by what the plate does next, on recordings of the bench."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.messages import Correction
from agent.pipeline import Pipeline, Told
from bench.recordings.cases import CaseId, make_case
from bench.scoring import match, parse_told, truth_steps
from tests.agent.pipeline.feeding import case, fed, lines

Items = dict[str, int]
TOLD_S = 2.0  # what happened has been told after so long


def told_of(
    case_id: CaseId, root: Path, plate: str, window_s: tuple[float, float]
) -> tuple[list[Told], list[tuple[Items, Items]]]:
    """What is told of a recording, and of a plate's movements within a window, none of them missed or invented, the
    goods as they were and as told at last."""
    begin_s, end_s = window_s
    made = case(make_case(case_id, root))
    told = fed(Pipeline(made.store, made.store.agents[0], "replay"), made.until(end_s + TOLD_S))
    events, _ = parse_told(lines(told, made.store), made.start_ns)
    steps = [step for step in truth_steps(made.truth) if step.plate == plate and begin_s < step.t < end_s]
    seen = [event for event in events if event.plate == plate and begin_s < event.t < end_s]
    pairs, missed, extra = match(steps, seen)
    assert (missed, extra) == ([], [])
    assert pairs
    return told, [(step.items, event.items) for step, event in pairs]


def test_a_light_hand_that_stays_on_what_it_set_down_is_seen_when_it_has_left(tmp_path: Path) -> None:
    """With eight grams on it a bar of 43 g weighs as the crisps do that were taken before."""
    told, goods = told_of(CaseId("three_one_elsewhere", 3), tmp_path, "P3", (0.0, 30.0))
    assert all(true == seen for true, seen in goods)
    assert any(isinstance(event.data, Correction) for event in told)


def test_a_plate_that_creeps_between_two_movements_changes_neither(tmp_path: Path) -> None:
    """Four grams come in 20 s of rest, before a put that is looked at once more when the next is told."""
    _, goods = told_of(CaseId("restock", 46), tmp_path, "P3", (0.0, 34.0))
    assert all(true == seen for true, seen in goods)


def test_what_of_it_comes_back_to_another_plate_tells_what_was_taken(tmp_path: Path) -> None:
    """Three bars weigh as one banana; then one of the three is set down elsewhere."""
    for plate in ("P3", "P4"):
        told, goods = told_of(CaseId("three_one_elsewhere", 46), tmp_path, plate, (20.0, 37.0))
        assert all(true == seen for true, seen in goods)
    reasons = {event.data.reason for event in told if isinstance(event.data, Correction)}
    assert "what of it came back" in reasons


def test_where_no_way_is_likely_what_is_gone_in_the_end_is_told(tmp_path: Path) -> None:
    """On three cells two lemonades that are lifted, one of them set back, may each be three other things."""
    _, goods = told_of(CaseId("dead_cell", 34), tmp_path, "P4", (40.0, 50.0))
    assert all(true == seen for true, seen in goods)


@pytest.mark.parametrize(("seed", "plate", "until_s"), [(2, "P3", 19.0), (3, "P4", 31.5)])
def test_staff_that_fill_a_lane_sooner_than_it_rings_out_are_told_put_by_put(
    seed: int, plate: str, until_s: float, tmp_path: Path
) -> None:
    """A plate that swings at 8 Hz for seconds, as a hand might, each time that something is set down."""
    _, goods = told_of(CaseId("restock", seed, room="harsh"), tmp_path, plate, (0.0, until_s))
    assert all(true == seen for true, seen in goods)
