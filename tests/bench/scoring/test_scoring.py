"""What counts as found, right, sure and in doubt."""

import datetime as dt
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.scoring import score_case, total
from bench.scoring.report import Score

START_NS = 1_790_000_000_000_000_000
SHARED_SCORE = Path(__file__).parents[4] / "shared" / "recordings" / "score.py"


def truth(*events: tuple[float, str, str, dict[str, int]], duration: float = 60.0) -> dict[str, Any]:
    basket: dict[str, int] = {}
    for _, _, kind, items in events:
        for sku, n in items.items():
            basket[sku] = basket.get(sku, 0) + (n if kind == "pick" else -n)
    return {
        "name": "made",
        "start_ns": START_NS,
        "duration": duration,
        "events": [
            {"t": t, "plate": plate, "kind": kind, "items": items, "weight": 100.0, "who": "s1"}
            for t, plate, kind, items in events
        ],
        "baskets": {"s1": {sku: n for sku, n in basket.items() if n}},
    }


def told(
    number: int,
    t: float,
    plate: str,
    kind: str,
    items: dict[str, int],
    confidence: float = 0.99,
    settled: float | None = None,
) -> str:
    data: dict[str, Any] = {
        "plate": plate,
        "delta_g": -1.0 if kind == "pick" else 1.0,
        "items": [{"sku": s, "qty": n} for s, n in items.items()],
        "confidence": confidence,
    }
    if settled is not None:
        data["settled"] = stamp(settled)
    return json.dumps({"id": f"e-{number}", "type": f"shelf.v1.{kind}", "time": stamp(t), "data": data})


def stamp(t: float) -> str:
    whole = dt.datetime.fromtimestamp(START_NS / 1e9, dt.UTC) + dt.timedelta(seconds=t)
    return whole.isoformat(timespec="microseconds").replace("+00:00", "Z")


def correction(number: int, corrects: int, items: dict[str, int], withdrawn: bool = False) -> str:
    data = {
        "corrects": f"e-{corrects}",
        "items": [{"sku": s, "qty": n} for s, n in items.items()],
        "confidence": 0.97,
        "withdrawn": withdrawn,
    }
    return json.dumps({"id": f"e-{number}", "type": "shelf.v1.correction", "time": stamp(50.0), "data": data})


def test_an_event_matches_on_plate_direction_and_seven_tenths_of_a_second() -> None:
    case = truth((10.0, "P1", "pick", {"a": 1}))
    assert score_case(case, [told(1, 10.69, "P1", "pick", {"a": 1})]).hit == 1
    assert score_case(case, [told(1, 10.71, "P1", "pick", {"a": 1})]).hit == 0
    assert score_case(case, [told(1, 10.0, "P2", "pick", {"a": 1})]).hit == 0
    assert score_case(case, [told(1, 10.0, "P1", "put", {"a": 1})]).hit == 0


def test_items_are_right_as_the_exact_multiset() -> None:
    case = truth((10.0, "P1", "pick", {"a": 2, "b": 1}))
    assert score_case(case, [told(1, 10.0, "P1", "pick", {"b": 1, "a": 2})]).right == 1
    assert score_case(case, [told(1, 10.0, "P1", "pick", {"a": 3})]).right == 0
    foreign = truth((10.0, "P1", "put", {}))
    assert score_case(foreign, [told(1, 10.0, "P1", "put", {})]).right == 1


def test_events_within_a_third_of_a_second_are_one_step() -> None:
    case = truth((10.0, "P1", "pick", {"a": 1}), (10.3, "P1", "pick", {"b": 1}), (10.4, "P2", "pick", {"a": 1}))
    score = score_case(case, [told(1, 10.1, "P1", "pick", {"a": 1, "b": 1}), told(2, 10.4, "P2", "pick", {"a": 1})])
    assert (score.truth, score.right, score.baskets_exact) == (2, 2, 1)


def test_one_event_told_answers_one_that_happened_the_nearest() -> None:
    case = truth((10.0, "P1", "pick", {"a": 1}), (10.6, "P1", "pick", {"b": 1}))
    score = score_case(case, [told(1, 10.5, "P1", "pick", {"b": 1})])
    assert (score.hit, score.right) == (1, 1)
    assert score.f1 == pytest.approx(2 / 3)


def test_corrections_replace_and_withdraw() -> None:
    case = truth((10.0, "P1", "pick", {"a": 1}))
    lines = [told(1, 10.0, "P1", "pick", {"b": 1}), correction(2, 1, {"a": 1})]
    score = score_case(case, lines)
    assert (score.right, score.first_right, score.corrections, score.baskets_exact) == (1, 0, 1, 1)
    gone = score_case(truth(), [told(1, 10.0, "P1", "pick", {"b": 1}), correction(2, 1, {}, withdrawn=True)])
    assert (gone.told, gone.idle_false) == (0, 0)


def test_doubt_and_certainty() -> None:
    case = truth((10.0, "P1", "pick", {"a": 1}), (20.0, "P1", "pick", {"b": 1}))
    lines = [
        told(1, 10.0, "P1", "pick", {"a": 1}, 0.94),
        told(2, 20.0, "P1", "pick", {"a": 1}, 0.95),
        told(3, 30.0, "P1", "pick", {"a": 1}, 0.99),
    ]
    score = score_case(case, lines)
    assert (score.in_doubt, score.sure, score.sure_wrong) == (1, 2, 2)
    assert score.sure_right_share == 0.0
    assert score.doubt_share == pytest.approx(1 / 3)


def test_delay_runs_from_the_instant_to_settled_and_is_five_seconds_where_none_is_said() -> None:
    case = truth((10.0, "P1", "pick", {"a": 1}), (20.0, "P1", "pick", {"a": 1}))
    lines = [told(1, 10.1, "P1", "pick", {"a": 1}, settled=10.4), told(2, 20.0, "P1", "pick", {"a": 1})]
    score = score_case(case, lines)
    assert sorted(score.delays_s) == pytest.approx([0.4, 5.0], abs=1e-4)
    assert score.delay(0.5) == pytest.approx(5.0)
    assert score.delay(0.0) == pytest.approx(0.4, abs=1e-4)


def test_what_is_told_where_nothing_happens_is_false_by_the_hour() -> None:
    quiet = score_case(truth(duration=1800.0), [told(1, 10.0, "P1", "pick", {"a": 1})])
    assert quiet.false_per_hour == pytest.approx(2.0)
    assert score_case(truth((1.0, "P1", "pick", {"a": 1})), []).false_per_hour is None


def test_calibration_error_is_the_gap_between_said_and_true() -> None:
    score = Score(said=[(0.9, True)] * 9 + [(0.9, False)])
    assert score.calibration_error == pytest.approx(0.0)
    assert Score(said=[(1.0, True), (1.0, False)]).calibration_error == pytest.approx(0.5)


def test_totals_add_up() -> None:
    case = truth((10.0, "P1", "pick", {"a": 1}))
    both = total([score_case(case, [told(1, 10.0, "P1", "pick", {"a": 1})]), score_case(case, [])])
    assert (both.cases, both.truth, both.right, both.baskets_share) == (2, 2, 1, 0.5)


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        score_case(truth(), ["no json"])


ITEMS = st.dictionaries(st.sampled_from(["a", "b"]), st.integers(1, 2), max_size=2)
EVENTS = st.lists(
    st.tuples(st.floats(1.0, 12.0), st.sampled_from(["P1", "P2"]), st.sampled_from(["pick", "put"]), ITEMS), max_size=7
)


@pytest.mark.skipif(not SHARED_SCORE.exists(), reason=f"{SHARED_SCORE} is not here: nothing to compare with")
@settings(max_examples=150, deadline=None)
@given(EVENTS, EVENTS, st.lists(st.sampled_from([0.5, 0.9, 0.96, 1.0]), min_size=7, max_size=7))
def test_it_agrees_with_the_shared_metric(happened: list[Any], said: list[Any], confidences: list[float]) -> None:
    spec = importlib.util.spec_from_file_location("shared_score", SHARED_SCORE)
    assert spec and spec.loader
    shared = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shared)
    case = truth(*happened)
    lines = [
        told(k, *event, confidence=c, settled=event[0] + 0.5)
        for k, (event, c) in enumerate(zip(said, confidences, strict=False))
    ]
    ours, theirs = score_case(case, lines), shared.score_case(case, lines)
    for mine, name in [(ours.truth, "truth"), (ours.told, "got"), (ours.hit, "hit"), (ours.right, "right")]:
        assert mine == theirs[name]
    assert (ours.sure_wrong, ours.in_doubt) == (theirs["sure_wrong"], theirs["unsure"])
    assert (bool(ours.baskets_exact), bool(ours.net_exact)) == (theirs["basket_exact"], theirs["net_exact"])
    assert ours.delays_s == pytest.approx(theirs["lat"])
    assert ours.idle_false == theirs["idle_false"]
    whole = shared.total([theirs])
    assert ours.calibration_error == pytest.approx(whole["ece"], abs=1e-4)
    if happened or said:
        assert ours.f1 == pytest.approx(whole["f1"], abs=1e-4)
