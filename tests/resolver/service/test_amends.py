"""Amendments wait until their plate stands still, and speak of all that is known by then."""

from __future__ import annotations

from typing import Any

from agent.messages import format_utc
from resolver.inbox import SECOND_NS
from resolver.service.amends import WAIT_NS, Amends
from resolver.shop import Amend

T0 = 1_800_000_000 * SECOND_NS


def state(t_utc_ns: int, *, stable: bool = True) -> dict[str, Any]:
    return {"stable": stable, "time": format_utc(t_utc_ns), "contents": {"cola": 5}}


def test_contents_are_told_when_the_plate_rests() -> None:
    plates: dict[str, dict[str, Any]] = {}
    amends = Amends(plates.get)
    amends.add(Amend("a1", "P1", (("cola", 1), ("juice", -1)), T0), T0)
    amends.add(Amend("a1", "P1", (("juice", 2),), T0 + SECOND_NS), T0)
    assert list(amends.due(T0)) == []
    plates["P1"] = state(T0 + 2 * SECOND_NS, stable=False)
    assert list(amends.due(T0)) == []
    plates["P1"] = state(T0 + SECOND_NS)
    assert list(amends.due(T0)) == [], "told before the last event that it speaks of"
    plates["P1"] = state(T0 + 2 * SECOND_NS)
    (ask,) = amends.due(T0 + 2 * SECOND_NS)
    assert (ask.agent, ask.command) == ("a1", "set-contents")
    assert dict(ask.arguments) == {"plate": "P1", "contents": {"cola": 6, "juice": 1}}
    assert list(amends.due(T0 + 3 * SECOND_NS)) == []


def test_what_never_finds_its_moment_is_dropped_and_counted() -> None:
    amends = Amends({}.get)
    amends.add(Amend("a1", "P1", (("cola", 1),), T0), T0)
    assert list(amends.due(T0 + WAIT_NS + 1)) == []
    assert amends.dropped == 1
