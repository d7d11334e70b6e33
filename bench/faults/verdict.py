"""What was told against what was true: lost, doubled, wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.faults.actors import seconds
from bench.faults.shelf import GOODS, Moved

NEAR_S = 0.7  # an event tells a movement within this
SURE = 0.95
SAME_GRAMS = 12.0  # several units differ from their mean by less
CLUSTER_S = 20.0
GRAMS = {good.sku: good.grams for goods in GOODS.values() for good in goods}

Event = dict[str, Any]


@dataclass
class Verdict:
    """Counts of one scenario; `notes` names what was lost, doubled or wrong."""

    true: int = 0
    told: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    sure_wrong: int = 0
    notes: list[str] = field(default_factory=list)
    unsure_is_enough: bool = False  # parts that measure wrongly: only what is wrong and said to be sure counts

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing doubled, nothing wrong that was said to be sure."""
        return not (self.sure_wrong or (not self.unsure_is_enough and (self.lost or self.doubled)))


def judge(moved: Sequence[Moved], events: Sequence[Event]) -> Verdict:
    """Compare. An event seen tells one movement; a `change` tells the net of all that happened in its window."""
    told = _interpreted(events)
    verdict = Verdict(true=len(moved), told=len(told))
    open_truths = list(moved)
    rest = []
    for event in told:
        match = None if _is_change(event) else _nearest(event, open_truths)
        if match is None:
            rest.append(event)
            continue
        open_truths.remove(match)
        if _signed(event) != {match.sku: match.qty}:
            _wrong(verdict, event, f"{match}")
    for event in rest:
        covered = [truth for truth in open_truths if _within(event, truth)]
        if not covered or abs(_grams(covered) - event["data"]["delta_g"]) > SAME_GRAMS * len(covered):
            verdict.doubled += 1
            verdict.sure_wrong += event["data"]["confidence"] >= SURE
            verdict.notes.append(f"told, not true: {_shown(event)}")
            continue
        for truth in covered:
            open_truths.remove(truth)
        if _signed(event) != _net(covered):
            _wrong(verdict, event, f"{covered}")
    for cluster in _clusters(open_truths):
        if _net(cluster):  # what was taken and set back in the dark left nothing to see
            verdict.lost += len(cluster)
            near = [_shown(event) for event in told if _beside(event, cluster)]
            verdict.notes.append(f"lost: {cluster}; told around it: {near}")
    return verdict


def order_faults(
    events: Sequence[Event], watermarks: Sequence[Event], asked: Collection[str] = frozenset()
) -> list[str]:
    """Sequences with a gap or out of order in arrival, links that do not fit, watermarks that went back.

    `asked` are ids that the subscriber missed and asked for: a consumer waits for them, whenever they come.
    """
    found = []
    last: dict[str, int] = {}
    here = {event["id"] for event in events}
    found += [f"{name} was asked for and did not come" for name in sorted(set(asked) - here)]
    for event in events:
        epoch, sequence = event["epoch"], int(event["sequence"])
        if event["id"] in asked:
            last[epoch] = max(last.get(epoch, 0), sequence)
            continue
        expected = last.get(epoch, 0) + 1
        while f"{epoch}-{expected:016d}" in asked:
            expected += 1
        if sequence != expected:
            found.append(f"{event['id']} behind {last.get(epoch, 0)}")
        last[epoch] = sequence
    until = ""
    for mark in watermarks:
        data = mark["data"]
        if data["until"] < until:
            found.append(f"watermark went back to {data['until']}")
        until = max(until, data["until"])
        previous = data["previous"]
        if previous is not None and last.get(previous["epoch"], 0) != int(previous["sequence"]):
            found.append(f"link to {previous} but {last.get(previous['epoch'], 0)} were told")
    return found


def _interpreted(events: Sequence[Event]) -> list[Event]:
    """Picks, puts and changes, each with its latest correction, without what was withdrawn."""
    told = {e["id"]: dict(e) for e in events if e["type"].rpartition(".")[2] in ("pick", "put", "change")}
    for event in events:
        if event["type"].endswith(".correction") and event["data"]["corrects"] in told:
            original = told[event["data"]["corrects"]]
            if event["data"]["withdrawn"]:
                del told[event["data"]["corrects"]]
                continue
            data = {**original["data"], "items": event["data"]["items"], "confidence": event["data"]["confidence"]}
            told[event["data"]["corrects"]] = {**original, "data": data}
    return list(told.values())


def _beside(event: Event, cluster: Sequence[Moved]) -> bool:
    t_s = seconds(event["time"])
    first_s, last_s = cluster[0].t_utc_s, cluster[-1].t_utc_s
    return event["subject"] == cluster[0].plate and first_s - CLUSTER_S < t_s < last_s + CLUSTER_S


def _is_change(event: Event) -> bool:
    return str(event["type"]).endswith(".change")


def _nearest(event: Event, truths: list[Moved]) -> Moved | None:
    t_s, up = seconds(event["time"]), event["data"]["delta_g"] > 0
    near = [
        truth
        for truth in truths
        if truth.plate == event["subject"] and (truth.qty > 0) == up and abs(truth.t_utc_s - t_s) <= NEAR_S
    ]
    return min(near, key=lambda truth: abs(truth.t_utc_s - t_s), default=None)


def _within(event: Event, truth: Moved) -> bool:
    window = event["data"].get("window") or (event["data"]["started"], event["data"]["settled"])
    begin_s, end_s = (seconds(text) for text in window)
    return truth.plate == event["subject"] and begin_s - NEAR_S <= truth.t_utc_s <= end_s + NEAR_S


def _signed(event: Event) -> dict[str, int]:
    sign = 1 if event["data"]["delta_g"] > 0 else -1
    return {item["sku"]: sign * item["qty"] for item in event["data"]["items"]}


def _net(truths: Sequence[Moved]) -> dict[str, int]:
    net: Counter[str] = Counter()
    for truth in truths:
        net[truth.sku] += truth.qty
    return {sku: qty for sku, qty in net.items() if qty}


def _grams(truths: Sequence[Moved]) -> float:
    return sum(GRAMS[truth.sku] * truth.qty for truth in truths)


def _clusters(truths: Sequence[Moved]) -> list[list[Moved]]:
    """By plate, and by stretches of time."""
    clusters: list[list[Moved]] = []
    for truth in sorted(truths, key=lambda truth: (truth.plate, truth.t_utc_s)):
        last = clusters[-1][-1] if clusters else None
        if last is not None and last.plate == truth.plate and truth.t_utc_s - last.t_utc_s < CLUSTER_S:
            clusters[-1].append(truth)
        else:
            clusters.append([truth])
    return clusters


def _wrong(verdict: Verdict, event: Event, truth: str) -> None:
    verdict.wrong += 1
    verdict.sure_wrong += event["data"]["confidence"] >= SURE
    verdict.notes.append(f"wrong: {_shown(event)} for {truth}")


def _shown(event: Event) -> str:
    data = event["data"]
    kind = event["type"].rpartition(".")[2]
    t_s = seconds(event["time"])
    return f"{t_s:.3f} {kind} {event['subject']} {_signed(event)} {data['delta_g']} g at {data['confidence']}"
