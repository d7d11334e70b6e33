"""The judge of the fault bench: what it calls lost, doubled and wrong."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bench.faults.shelf import Moved
from bench.faults.verdict import judge, order_faults

T = 1_700_000_000.0


def text(t_s: float) -> str:
    return dt.datetime.fromtimestamp(t_s, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def told(number: int, kind: str, t_s: float, delta_g: float, items: dict[str, int], **more: Any) -> dict[str, Any]:
    data = {
        "delta_g": delta_g,
        "items": [{"sku": sku, "qty": qty} for sku, qty in items.items()],
        "confidence": 0.99,
        "started": text(t_s - 0.2),
        "settled": text(t_s + 0.5),
        **more,
    }
    return {
        "id": f"e-{number}", "epoch": "e", "sequence": f"{number:016d}", "type": f"shelf.v1.{kind}", "subject": "P1",
        "time": text(t_s), "data": data,
    }  # fmt: skip


def test_each_told_once_is_clean() -> None:
    moved = [Moved(T, "P1", "can", -1), Moved(T + 2, "P1", "can", 1)]
    events = [told(1, "pick", T + 0.1, -352.0, {"can": 1}), told(2, "put", T + 2.1, 352.0, {"can": 1})]
    verdict = judge(moved, events)
    assert verdict.clean and (verdict.true, verdict.told, verdict.wrong) == (2, 2, 0)


def test_what_nobody_told_is_lost_and_what_nobody_did_is_doubled() -> None:
    verdict = judge([Moved(T, "P1", "can", -1)], [])
    assert (verdict.lost, verdict.doubled) == (1, 0)
    events = [told(n, "pick", T, -352.0, {"can": 1}) for n in (1, 2)]
    verdict = judge([Moved(T, "P1", "can", -1)], events)
    assert (verdict.lost, verdict.doubled) == (0, 1)


def test_a_change_tells_the_net_of_its_window() -> None:
    moved = [Moved(T, "P1", "can", -1), Moved(T + 1, "P1", "jar", -1)]
    window = [text(T - 1), text(T + 4)]
    verdict = judge(moved, [told(1, "change", T + 4, -869.0, {"can": 1, "jar": 1}, window=window)])
    assert verdict.clean and verdict.wrong == 0
    verdict = judge(moved, [told(1, "change", T + 4, -869.0, {"can": 2}, window=window)])
    assert (verdict.lost, verdict.wrong, verdict.sure_wrong) == (0, 1, 1)
    verdict = judge(moved, [told(1, "change", T + 4, -352.0, {"can": 1}, window=window)])
    assert verdict.lost == 2 and verdict.doubled == 1


def test_what_came_back_in_the_dark_left_nothing_to_see() -> None:
    moved = [Moved(T, "P1", "can", -1), Moved(T + 1, "P1", "can", 1)]
    assert judge(moved, []).clean


def test_corrections_count_and_withdrawn_events_do_not() -> None:
    moved = [Moved(T, "P1", "can", -1)]
    wrong, ghost = told(1, "pick", T, -352.0, {"jar": 1}), told(2, "put", T + 9, 100.0, {"bar": 1})
    right = told(3, "correction", T, 0.0, {"can": 1}, corrects="e-1", withdrawn=False)
    gone = told(4, "correction", T, 0.0, {}, corrects="e-2", withdrawn=True)
    assert judge(moved, [wrong, ghost]).sure_wrong == 2
    verdict = judge(moved, [wrong, ghost, right, gone])
    assert verdict.clean and verdict.wrong == 0


def test_what_was_asked_for_may_come_late_but_must_come() -> None:
    events = [told(n, "pick", T, -1.0, {}) for n in (1, 4, 2, 3, 5)]
    assert order_faults(events, []) == ["e-4 behind 1", "e-2 behind 4", "e-5 behind 3"]
    for event in events:
        event["id"] = f"e-{event['sequence']}"
    asked = {f"e-{number:016d}" for number in (2, 3)}
    assert order_faults(events, [], asked) == []
    late = f"e-{6:016d}"
    assert order_faults(events, [], {*asked, late}) == [f"{late} was asked for and did not come"]


def test_order_links_and_watermarks() -> None:
    events = [told(1, "pick", T, -1.0, {}), told(3, "pick", T, -1.0, {})]
    assert order_faults(events, []) == ["e-3 behind 1"]

    def mark(until_s: float, sequence: int) -> dict[str, Any]:
        return {"data": {"until": text(until_s), "previous": {"epoch": "e", "sequence": f"{sequence:016d}"}}}

    assert order_faults(events[:1], [mark(T, 1), mark(T + 1, 1)]) == []
    assert len(order_faults(events[:1], [mark(T, 2)])) == 1
    assert len(order_faults(events[:1], [mark(T + 1, 1), mark(T, 1)])) == 1
