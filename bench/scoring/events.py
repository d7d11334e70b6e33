"""Events told and events true, and which belongs to which.

An event told is right about what happened where plate and direction agree and its time lies within 0.7 s of the true
instant; its items are right where they are the exact multiset.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MATCH_S = 0.7
BLIND_MATCH_S = 6.0  # a change while nobody measured is told with a window
COLLAPSE_S = 0.35  # true events of one plate and direction so close together are one observable step
EVENT_TYPES = ("pick", "put", "change")


@dataclass
class TruthStep:
    """One observable step of the truth: t in s, weight in g, items as sku: count."""

    t: float
    plate: str
    kind: str
    items: dict[str, int]
    weight: float
    blind: bool = False


@dataclass
class Told:
    """One event as told in the end, after corrections; `first_items` is what was said at first."""

    id: str
    t: float
    plate: str
    kind: str
    items: dict[str, int]
    first_items: dict[str, int]
    confidence: float
    delta_g: float
    settled: float | None
    blind: bool
    quality: tuple[str, ...] = ()


def seconds(text: str) -> float:
    """RFC 3339 to seconds of the epoch."""
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def collapse(events: Iterable[TruthStep]) -> list[TruthStep]:
    """Merge events of one plate and direction that follow each other within 0.35 s."""
    out: list[TruthStep] = []
    for event in sorted(events, key=lambda e: e.t):
        last = out[-1] if out else None
        if last and (last.plate, last.kind) == (event.plate, event.kind) and abs(last.t - event.t) < COLLAPSE_S:
            last.items = dict(Counter(last.items) + Counter(event.items))
            last.weight += event.weight
        else:
            out.append(TruthStep(event.t, event.plate, event.kind, dict(event.items), event.weight, event.blind))
    return out


def truth_steps(truth: Mapping[str, Any]) -> list[TruthStep]:
    """The observable steps of a truth.json."""
    return collapse(
        TruthStep(e["t"], e["plate"], e["kind"], dict(e["items"]), e["weight"], e.get("blind", False))
        for e in truth["events"]
    )


def parse_told(lines: Iterable[str], start_ns: int) -> tuple[list[Told], int]:
    """CloudEvents as JSON lines to events in order of time; corrections replace what they correct. Also their number.

    A line may also be `{"topic": .., "payload": event}`. Raises ValueError for a line that is no such event.
    """
    told: dict[str, Told] = {}
    corrections = 0
    for line in lines:
        if not line.strip():
            continue
        message = json.loads(line)
        message = message.get("payload", message)
        kind, data = message["type"].rsplit(".", 1)[-1], message.get("data", {})
        if kind == "correction":
            corrections += 1
            _correct(told, data)
        elif kind in EVENT_TYPES:
            event = _told(message, kind, data, start_ns)
            told[event.id] = event
    return sorted(told.values(), key=lambda e: e.t), corrections


def _correct(told: dict[str, Told], data: Mapping[str, Any]) -> None:
    target = told.get(data["corrects"])
    if target is None:
        return
    if data.get("withdrawn"):
        del told[data["corrects"]]
        return
    target.items = _items(data)
    target.confidence = data.get("confidence", 1.0)


def _told(message: Mapping[str, Any], kind: str, data: Mapping[str, Any], start_ns: int) -> Told:
    blind = kind == "change"
    if blind:
        kind = "pick" if data["delta_g"] < 0 else "put"
    start_s = start_ns / 1e9
    items = _items(data)
    return Told(
        id=message["id"],
        t=seconds(message["time"]) - start_s,
        plate=data["plate"],
        kind=kind,
        items=items,
        first_items=dict(items),
        confidence=data.get("confidence", 1.0),
        delta_g=data["delta_g"],
        settled=seconds(data["settled"]) - start_s if data.get("settled") else None,
        blind=blind,
        quality=tuple(data.get("quality", ())),
    )


def _items(data: Mapping[str, Any]) -> dict[str, int]:
    return {entry["sku"]: entry["qty"] for entry in data["items"]}


def match(
    truth: Sequence[TruthStep], told: Sequence[Told]
) -> tuple[list[tuple[TruthStep, Told]], list[TruthStep], list[Told]]:
    """Pairs, nearest first and one to one; then what was missed and what was told too much."""
    near = sorted(
        (abs(a.t - b.t), i, j)
        for i, a in enumerate(truth)
        for j, b in enumerate(told)
        if (a.plate, a.kind, a.blind) == (b.plate, b.kind, b.blind)
        and abs(a.t - b.t) <= (BLIND_MATCH_S if b.blind else MATCH_S)
    )
    pairs: list[tuple[TruthStep, Told]] = []
    used_truth: set[int] = set()
    used_told: set[int] = set()
    for _, i, j in near:
        if i not in used_truth and j not in used_told:
            used_truth.add(i)
            used_told.add(j)
            pairs.append((truth[i], told[j]))
    missed = [t for i, t in enumerate(truth) if i not in used_truth]
    return pairs, missed, [t for j, t in enumerate(told) if j not in used_told]
