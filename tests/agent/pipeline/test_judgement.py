"""What the pipeline tells of recordings whose truth is known: the project's own, and those beside it where present."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from bench.scoring import match, parse_told, truth_steps
from tests.agent.pipeline.feeding import BUSY, case, replayed

SHARED = Path(__file__).parents[4] / "shared" / "recordings"
VIRTUAL, HORNBILL = SHARED / "virtual", SHARED / "hornbill"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/recordings is not there")
HORNBILL_CASES = sorted(path.name for path in HORNBILL.iterdir()) if HORNBILL.is_dir() else ["none"]


@cache
def told_of(folder: Path) -> tuple[str, ...]:
    each = case(folder)
    return tuple(replayed(each.store, each.chunks))


def figures(folder: Path) -> dict[str, float]:
    """How many events there were, were told, found, and right in their items."""
    truth = case(folder).truth
    steps = truth_steps(truth)
    told, _ = parse_told(told_of(folder), truth["start_ns"])
    pairs = match(steps, told)[0]
    right = sum(step.items == event.items for step, event in pairs)
    return {"truth": len(steps), "told": len(told), "found": len(pairs), "right": right}


def test_a_busy_minute_with_damaged_frames_is_told_whole() -> None:
    result = figures(BUSY)
    assert result["truth"] == result["found"] == result["right"] == result["told"] == 9


@needs_shared
@pytest.mark.parametrize("name", ["singles-901", "put_back-901", "multi_pick-901"])
def test_virtual_every_event_is_found_and_its_items_are_right(name: str) -> None:
    result = figures(VIRTUAL / name)
    assert result["found"] == result["truth"] > 0
    assert result["right"] >= 0.95 * result["truth"]


@needs_shared
def test_virtual_leaning_and_touching_is_no_event() -> None:
    assert figures(VIRTUAL / "lean_and_touch-901")["told"] <= 1


@needs_shared
def test_virtual_every_movement_of_the_tomatoes_is_found() -> None:
    result = figures(VIRTUAL / "tomatoes-901")
    assert result["found"] == result["truth"] > 0


def kilos(name: str) -> tuple[list[int], list[int]]:
    """Kilos put (+) and taken (-): told, and true."""
    told, _ = parse_told(told_of(HORNBILL / name), 0)
    got = [event.items["kilo"] * (1 if event.kind == "put" else -1) for event in told if event.items.get("kilo")]
    truth = json.loads((HORNBILL / name / "truth.json").read_text())
    return got, [kilo for kilo in truth["kilos"] if kilo]


def levels(moves: list[int]) -> set[int]:
    return {sum(moves[:k]) for k in range(len(moves) + 1)}


@needs_shared
@pytest.mark.parametrize("name", HORNBILL_CASES)
def test_hornbill_the_net_is_right_and_no_level_is_told_that_never_held(name: str) -> None:
    got, true = kilos(name)
    assert sum(got) == sum(true)
    assert levels(got) <= levels(true)


@needs_shared
@pytest.mark.parametrize("name", [name for name in HORNBILL_CASES if name.startswith("drop") or name == "invalid_2"])
def test_hornbill_drops_and_the_stack_are_exact(name: str) -> None:
    got, true = kilos(name)
    assert got == true
