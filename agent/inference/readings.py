"""What may have happened between two plateaus, weighed: nothing, or goods, each reading with its probability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from agent.detection import Level
from agent.inference import habits
from agent.inference.belief import Belief
from agent.inference.change import Change
from agent.inference.geometry import Geometry
from agent.inference.hypotheses import Imagination
from agent.inference.items import FOREIGN, Items
from agent.inference.likelihood import log_else, log_goods, log_nothing
from agent.inference.parameters import InferenceParameters
from agent.inference.parts import Hypothesis
from agent.inference.step import Step
from agent.inference.sums import log_sum
from agent.inference.twist import as_parts

Unknown = Literal["never", "told", "kept"]  # kept: it has been taken for nothing, and is not told any more
Moved = tuple[tuple[int, Items], ...]  # what moved before within the contact, each with when it stood


@dataclass(frozen=True)
class Reading:
    """One thing that may have happened, and the logarithm of its weight."""

    log: float
    step: Step


@dataclass(frozen=True)
class Readings:
    """All that may have happened between two plateaus: the likeliest by name, the others by their weight together."""

    named: tuple[Reading, ...]
    log_others: float


class Weigher:
    """Weighs what may have happened on one agent's plates. What it found within a contact is kept until `forget`."""

    def __init__(
        self, imagination: Imagination, geometry: dict[str, Geometry], parameters: InferenceParameters
    ) -> None:
        self._imagination = imagination
        self._geometry = geometry
        self._p = parameters
        self._known: dict[tuple[object, ...], Readings] = {}

    def forget(self) -> None:
        """The belief changed, or a contact ended: what readings meant before does not hold any more."""
        self._known.clear()

    def between(
        self,
        plate: str,
        belief: Belief,
        moved: Moved,
        ends: tuple[Level, Level],
        change: Change,
        peak_g: float,
        unknown: Unknown,
    ) -> Readings:
        """Readings of a `change` between the plateaus `ends`. `moved` led to `belief`; `unknown`: may a thing that
        nobody knows have moved."""
        before, after = ends
        stand_in = None if change.flat is None else change.flat.stand_in
        key = (plate, before.begin_ns, before.end_ns, after.begin_ns, after.end_ns, peak_g, unknown, moved, stand_in)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._weighed(plate, belief, before, after, change, peak_g, unknown)
        return known

    def _weighed(
        self,
        plate: str,
        belief: Belief,
        before: Level,
        after: Level,
        change: Change,
        peak_g: float,
        unknown: Unknown,
    ) -> Readings:
        p, geometry = self._p, self._geometry[plate]
        still, pushed = log_nothing(change, geometry, peak_g, p)
        delta, now_ns = change.delta_g[0], after.begin_ns
        if delta < 0:
            hypotheses = self._imagination.picks(belief, plate, -delta)
        else:
            hypotheses = self._imagination.puts(belief, plate, delta, now_ns)
            if unknown == "told":
                hypotheses += self._imagination.used(belief, plate, now_ns)
        hypotheses += self._imagination.swaps(belief, plate, now_ns, peak_g)
        scored = self._scored(change, hypotheses, geometry)
        otherwise = kept = -math.inf
        if unknown != "never":
            otherwise = math.log(p.put_else if delta > 0 else p.pick_else) + log_else(change, geometry, p)
        if unknown == "kept":
            otherwise, kept = kept, otherwise
        least = max([otherwise, *(score for score, _ in scored)]) - _UNHEARD
        scored = [pair for pair in scored if pair[0] >= least]
        slips = self._scored(change, self._imagination.slips(belief, plate, delta), geometry)
        slipped, slip = max(slips, default=(-math.inf, None), key=lambda pair: pair[0])
        likeliest = slip if slipped > max(still, pushed) else None
        pushed_along = likeliest is None and pushed > still
        step = Step(before, after, change, (), likeliest, nothing=True, pushed=pushed_along, certainty=1.0)
        nothing = Reading(math.log(0.5) + log_sum([still, pushed, slipped, kept]), step)
        log_habit = math.log(belief.habits.of_put(habits.BROUGHT)) if delta > 0 else 0.0
        return self._named(nothing, geometry, scored, otherwise, log_habit)

    def _scored(
        self, change: Change, hypotheses: list[Hypothesis], geometry: Geometry
    ) -> list[tuple[float, Hypothesis]]:
        return [(h.log_prior + log_goods(change, h, geometry, self._p), h) for h in hypotheses]

    def _named(
        self,
        nothing: Reading,
        geometry: Geometry,
        scored: list[tuple[float, Hypothesis]],
        otherwise: float,
        log_habit: float,
    ) -> Readings:
        """Habits, of which `log_habit` is that of things which nobody knows, tell what was put down and not whether
        anything was: all that may have moved weighs together what it weighs without them."""
        before, after, change = nothing.step.before, nothing.step.after, nothing.step.change
        direction = 1 if change.delta_g[0] > 0 else -1
        goods = log_sum([otherwise, *(score for score, _ in scored)])
        if goods == -math.inf:
            return Readings((nothing,), -math.inf)
        otherwise += log_habit
        scored = [(score + hypothesis.log_habit, hypothesis) for score, hypothesis in scored]
        total = log_sum([otherwise, *(score for score, _ in scored)])
        shares: dict[Items, float] = {FOREIGN: math.exp(otherwise - total)}
        best: dict[Items, tuple[float, Hypothesis]] = {}
        for score, hypothesis in scored:
            items = hypothesis.items(direction)
            shares[items] = shares.get(items, 0.0) + math.exp(score - total)
            if items not in best or score > best[items][0]:
                best[items] = (score, hypothesis)
        ranked = tuple(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])))
        log_goods_all = math.log(0.5) + goods
        named, told = [nothing], 0.0
        for items, share in ranked[: self._p.readings]:
            if share < self._p.least_reading and items != ranked[0][0]:
                break
            found = best.get(items)
            if found is not None and items == FOREIGN and found[0] < otherwise:
                found = None
            others = tuple(pair for pair in ranked if pair[0] != items)
            meant = found[1] if found else None
            rank = ((items, share), *others)
            own = change if meant is None else as_parts(change, meant.parts, geometry, self._p)
            step = Step(before, after, own, rank, meant, nothing=False, pushed=False, certainty=share)
            named.append(Reading(log_goods_all + math.log(max(share, _TINY)), step))
            told += share
        left = max(1.0 - told, 0.0)
        return Readings(tuple(named), log_goods_all + math.log(left) if left > _TINY else -math.inf)


_TINY = 1e-15
_UNHEARD = 60.0  # what is so much less likely than another adds nothing to a sum of doubles
