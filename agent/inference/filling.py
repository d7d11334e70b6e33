"""Lanes that somebody fills: goods that nobody saw leave, which come one put after another, several at once."""

from __future__ import annotations

from collections.abc import Iterator

from agent.inference.belief import Belief, Filled
from agent.inference.parameters import InferenceParameters
from agent.store import Plate

_MOST_COUNTED = 60


def lane_at_work(belief: Belief, now_ns: int, p: InferenceParameters) -> Filled | None:
    """The lane that was filled last, where somebody may still be at it."""
    last = belief.filled
    return last if last is not None and now_ns - last.t_ns < round(p.filling_s * 1e9) else None


def comes_to_lane(belief: Belief, plate: Plate, sku: str, filling: Filled | None, p: InferenceParameters) -> float:
    """Of puts on a plate: those of units of this lane that nobody saw leave."""
    state, lanes = belief.plates[plate.id], max(len(plate.lanes), 1)
    if state.staff:
        return 1.0 / lanes
    empty = p.put_lane_empty if state.counts.get(sku, 0) <= 0 else 0.0
    if filling is None:
        return max(p.put_lane_unseen, empty) / lanes
    onward = p.put_lane_onward if filling.plate == plate.id else 0.0
    share = (1.0 - onward) / lanes + (onward if filling.sku == sku else 0.0)
    return max(p.put_lane_filling * share, empty / lanes)


def unseen_counts(about: int, p: InferenceParameters, *, filling: bool) -> Iterator[tuple[int, float]]:
    """Counts of one put that nobody saw leave, with their chance: few, or, of who fills lanes, also those near `about`,
    what the weight comes to."""
    if not filling:
        yield from enumerate(p.unseen, start=1)
        return
    few = len(p.unseen)
    for count in (*range(1, few + 1), *range(max(about - 1, few + 1), min(about + 1, _MOST_COUNTED) + 1)):
        yield count, (1 - p.filled_more) * p.filled_more ** (count - 1)
