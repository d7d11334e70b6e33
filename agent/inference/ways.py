"""Every way through the plateaus of a contact, by what it means.

A way visits some plateaus in order and takes the others for a hand's. Its weight is the product of what its steps
mean and of the hands' density. Ways that move the same goods are one meaning, whichever plateaus they rest on: the
forward sum over them is its probability, so that only doubt about what happened goes into the confidence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import takewhile

from agent.detection import Level
from agent.inference.belief import Belief
from agent.inference.change import Change
from agent.inference.geometry import Geometry
from agent.inference.hands import Onward, log_at_goods, log_hand, log_still, tremor_share
from agent.inference.items import Items
from agent.inference.memory import remember
from agent.inference.parameters import InferenceParameters
from agent.inference.readings import Unknown, Weigher
from agent.inference.step import Step
from agent.inference.sums import log_sum
from agent.weighing import StandIn

Meaning = tuple[tuple[int, Items], ...]  # direction and items of each step that moved goods, in order


@dataclass(frozen=True)
class Way:
    """A meaning: `log` of all its ways together; steps, belief and `log_best` are of the likeliest of them."""

    log: float
    log_best: float
    steps: tuple[Step, ...]
    belief: Belief

    @property
    def meaning(self) -> Meaning:
        return tuple(moved for step in self.steps for moved in step.meaning)

    @property
    def outcome(self) -> Items:
        """Goods that came (less those that left) by all steps; that something unknown did, by itself."""
        total: dict[str, int] = {}
        for direction, items in self.meaning:
            for sku, qty in items or (("", 1),):
                total[sku] = total.get(sku, 0) + direction * qty
        return tuple(sorted((sku, qty) for sku, qty in total.items() if qty))


@dataclass(frozen=True)
class Found:
    """The meanings that end on the last plateau, likeliest first, and the logarithm of all that may have been."""

    ways: tuple[Way, ...]
    log_all: float

    @property
    def share(self) -> float:
        """Probability of the likeliest meaning."""
        return math.exp(self.ways[0].log - self.log_all)

    def by_outcome(self, brief: float) -> tuple[Found, float]:
        """The same with a meaning of the likeliest outcome first, and how likely that outcome is, by whatever steps.

        Of its meanings it is the likeliest, or a single step that is at least a share `brief` as likely: that stands
        for all of them.
        """
        by: dict[Items, list[Way]] = {}
        for way in self.ways:
            by.setdefault(way.outcome, []).append(way)
        ways = max(by.values(), key=lambda those: log_sum([way.log for way in those]))
        log = log_sum([way.log for way in ways])
        least = ways[0].log + math.log(brief)
        single = next((way for way in ways if len(way.meaning) == 1 and way.log >= least), None)
        first = ways[0] if single is None else replace(single, log=log)
        rest = ways[1:] if single is None else []
        others = [way for way in self.ways if way not in ways]
        return Found((first, *rest, *others), self.log_all), math.exp(log - self.log_all)

    def steps(self) -> tuple[Step, ...]:
        """Steps of the likeliest meaning, each with the probability of its own reading whatever else happened."""
        steps = self.ways[0].steps
        return tuple(replace(s, certainty=self.share) if s.nothing else self._marginal(s) for s in steps)

    def chance(self, step: Step) -> float:
        """Probability of one movement, whatever else happened."""
        return sum(math.exp(way.log - self.log_all) for way in self.ways if _moved(way, step))

    def visited(self, least: float) -> set[int]:
        """The beginnings of plateaus to which goods may have moved: on ways at least so likely together."""
        shares: dict[int, float] = {}
        for way in self.ways:
            for begin_ns in {step.after.begin_ns for step in way.steps if not step.nothing}:
                shares[begin_ns] = shares.get(begin_ns, 0.0) + math.exp(way.log - self.log_all)
        return {begin_ns for begin_ns, share in shares.items() if share >= least}

    def _marginal(self, step: Step) -> Step:
        certainty = self.chance(step)
        others: dict[Items, float] = {}
        for way in self.ways:
            share = math.exp(way.log - self.log_all)
            theirs = None if _moved(way, step) else _meanwhile(way, step)
            if theirs is not None and theirs.direction == step.direction:
                others[theirs.items] = others.get(theirs.items, 0.0) + share
        scale = certainty / max(step.ranked[0][1], _TINY)
        for items, share in step.ranked[1:]:
            others.setdefault(items, min(share * scale, 1.0))
        ranked = sorted(others.items(), key=lambda pair: (-pair[1], pair[0]))
        return replace(step, ranked=((step.items, certainty), *ranked), certainty=certainty)


def _meanwhile(way: Way, step: Step) -> Step | None:
    """What moved on a way while a step did: their plateaus lie around the same moment."""
    return next((other for other in way.steps if not other.nothing and _overlap(other, step)), None)


def _moved(way: Way, step: Step) -> bool:
    """Whether the goods of a step moved on a way, too."""
    return any(other.meaning == step.meaning and _overlap(other, step) for other in way.steps if not other.nothing)


def _overlap(one: Step, other: Step) -> bool:
    return one.before.end_ns < other.after.begin_ns and other.before.end_ns < one.after.begin_ns


def _some_of(items: Items, of: Items) -> bool:
    """Whether they are fewer units of the one product that others are."""
    return len(items) == len(of) == 1 and items[0][0] == of[0][0] and items[0][1] < of[0][1]


class Ways:
    """The forward sum over one contact's plateaus."""

    def __init__(
        self,
        plate: str,
        nodes: list[Level],
        peak_g: float,
        weigher: Weigher,
        geometry: Geometry,
        p: InferenceParameters,
        closed: int = 0,
        stand_in: StandIn | None = None,
    ) -> None:
        """`closed`: so many plateaus were taken for the end of a contact on which nothing had moved. `stand_in`: three
        corners measured them."""
        self._closed, self._stand_in = closed, stand_in
        self._plate, self._nodes, self._peak_g = plate, nodes, peak_g
        self._weigher, self._geometry, self._p = weigher, geometry, p
        self._hands: dict[tuple[int, int, bool], float] = {}
        self._changes: dict[tuple[int, int], Change] = {}
        self._lost = [-math.inf]  # of each plateau: what ways too unlikely to be followed weigh together

    def found(self, belief: Belief) -> Found:
        """All ways from the first plateau to the last."""
        nodes, last = self._nodes, len(self._nodes) - 1
        at: list[list[Way]] = [[Way(0.0, 0.0, (), belief)]]
        for k in range(1, last + 1):
            visit = math.log(1 - self._p.hand) + log_still(nodes[k], self._p)
            arrived: dict[Meaning, list[tuple[float, float, Way, Step]]] = {}
            lost: list[float] = []
            for j in range(k):
                if nodes[j].end_ns > nodes[k].begin_ns or not at[j]:
                    continue
                calm = visit + self._unrung(j, k)
                between = self._between(j, k) + calm
                place = self._geometry.place_mm(self._change(j, k)) if k > j + 1 else None
                at_goods = between if place is None else self._between(j, k, place) + calm
                change = log_sum(
                    [way.log + self._go_on(way, j, k, (between, at_goods), arrived, lost) for way in at[j]]
                )
                lost.append(self._lost[j] + between + change - log_sum([way.log for way in at[j]]))
            at.append(self._merged(arrived, lost, final=k == last))
            self._lost.append(log_sum(lost))
        hands = [log_sum([self._lost[j], *(way.log for way in at[j])]) + self._after(j) for j in range(last)]
        return Found(tuple(at[last]), log_sum([self._lost[last], *(way.log for way in at[last]), *hands]))

    def _go_on(
        self,
        way: Way,
        j: int,
        k: int,
        between: tuple[float, float],
        arrived: dict[Meaning, list[tuple[float, float, Way, Step]]],
        lost: list[float],
    ) -> float:
        """All that may have happened from one plateau of a way to a later one; the logarithm of its weight.

        `between`: of the hands on the way there, and of the same where goods of the store moved.
        """
        before, after = self._nodes[j], self._nodes[k]
        moved = tuple((step.after.begin_ns, step.items) for step in way.steps if not step.nothing)
        readings = self._weigher.between(
            self._plate, way.belief, moved, (before, after), self._change(j, k), self._peak_g, self._unknown(k)
        )
        meaning = way.meaning
        for reading in readings.named:
            known = (*meaning, *reading.step.meaning)
            hands = between[1 if reading.step.items else 0]
            weight = hands + reading.log + self._haste(way, reading.step, j, k) + self._undone(way, reading.step, j, k)
            logs = (way.log + weight, way.log_best + weight)
            arrived.setdefault(known, []).append((*logs, way, reading.step))
        lost.append(way.log + between[1] + readings.log_others)
        return log_sum([readings.log_others, *(reading.log for reading in readings.named)])

    def _haste(self, way: Way, step: Step, j: int, k: int) -> float:
        """Goods that came or went move again only when a hand has let go and taken: what is quicker was one hand."""
        if step.nothing or not way.steps or way.steps[-1].nothing:
            return 0.0
        apart_s = (self._nodes[k].begin_ns - self._nodes[j].begin_ns) * 1e-9
        return min(apart_s - self._p.quickest_s, 0.0) / self._p.quickest_fall_s

    def _unrung(self, j: int, k: int) -> float:
        """A plate that no hand is on rings by what moved on it; one that rings by more is held, and trembles."""
        node = self._nodes[k]
        if node.ring_g <= self._p.rung_g:
            return 0.0
        moved_g = max(abs(self._change(i, k).delta_g[0]) for i in range(j, k))
        return self._p.slow_ring_visit if node.ring_g > self._p.rung_by * moved_g + self._p.rung_g else 0.0

    def _undone(self, way: Way, step: Step, j: int, k: int) -> float:
        """The very thing that came is taken again only when a hand has let go and come back; and goods that nobody saw
        leave hardly come only to be taken again, be it some of them: what weighed as much was a hand."""
        last = next((one for one in reversed(way.steps) if not one.nothing), None)
        if step.nothing or step.direction > 0 or last is None or last.direction < 0:
            return 0.0
        nodes, same = self._nodes, self._p.same_sigmas
        unseen = last.best is not None and all(part.source is None and part.sku for part in last.best.parts)
        whole = last.items == step.items and last.before.apart_in_weight(step.after) <= self._p.undone_sigmas
        if not whole and not (unseen and _some_of(step.items, last.items)):
            return 0.0
        gone = next(nodes[m] for m in range(j + 1, k + 1) if nodes[m].apart_in_weight(nodes[k]) < same)
        stood_s = (gone.begin_ns - last.after.begin_ns) * 1e-9
        soon = min(stood_s - self._p.undone_s, 0.0) / self._p.undone_fall_s
        return soon + (math.log(self._p.undone_unseen) if unseen else 0.0)

    def _merged(
        self, arrived: dict[Meaning, list[tuple[float, float, Way, Step]]], lost: list[float], *, final: bool
    ) -> list[Way]:
        """One way a meaning, likeliest first; those too unlikely are no longer followed."""
        ways = []
        for same in arrived.values():
            _, log_best, way, step = max(same, key=lambda one: one[1])
            ways.append((log_sum([log for log, *_ in same]), log_best, way, step))
        ways.sort(key=lambda one: -one[0])
        out = []
        for rank, (log, log_best, way, step) in enumerate(ways):
            if rank >= self._p.ways or log < ways[0][0] - self._p.hopeless_way:
                lost.append(log)
                continue
            out.append(Way(log, log_best, (*way.steps, step), self._onward(way.belief, step, final=final)))
        return out

    def _onward(self, belief: Belief, step: Step, *, final: bool) -> Belief:
        """Goods that moved on the way are where they went."""
        if step.nothing or final:
            return belief
        belief = belief.fork(self._plate)
        step = replace(step, ranked=step.ranked[:1])  # what else it may have been is followed on ways of its own
        remember(belief, self._plate, step, self._geometry.place_mm(step.change), step.after.begin_ns)
        return belief

    def _unknown(self, k: int) -> Unknown:
        """An unknown thing is believed only where it stood for a while, or stands yet; between, it is a hand. What a
        closed contact left is not told any more."""
        if k <= self._closed:
            return "kept"
        node, last, same = self._nodes[k], self._nodes[-1], self._p.same_sigmas
        if node is last or node.apart(last) < same:  # it stands yet
            return "told"
        # what rings as it lands soon breaks into plateaus of one level; what breaks one that does not is a hand
        on = takewhile(lambda level: level is node or (node.ring_g and level.apart(node) < same), self._nodes[k:])
        return "told" if sum(level.seconds + level.rested_s for level in on) >= self._p.foreign_least_s else "never"

    def _between(self, j: int, k: int, place_mm: tuple[float, float] | None = None) -> float:
        """All plateaus after j and before k are a hand's: it came before the goods moved, or stayed when they had.

        `place_mm`: where goods of the store moved; of other things it is not known that a hand keeps to them.
        """
        both = [(self._hand(j, i, first=i == j + 1), self._hand(k, i, first=i == j + 1)) for i in range(j + 1, k)]
        total = sum(log_sum(pair) - math.log(2) for pair in both)
        if place_mm is None:
            return total
        # a hand keeps its place, so that this counts once
        near = [
            log_at_goods(self._change(j if came > stayed else k, i), place_mm, self._geometry, self._p)
            for i, (came, stayed) in enumerate(both, start=j + 1)
        ]
        return total + sum(near) / len(near)

    def _change(self, j: int, k: int) -> Change:
        known = self._changes.get((j, k))
        if known is None:
            known = self._changes[(j, k)] = Change.between(self._nodes[j], self._nodes[k], self._p, self._stand_in)
        return known

    def _after(self, j: int) -> float:
        """All plateaus after j are a hand's, which is there yet."""
        return sum(self._hand(j, i, first=i == j + 1) for i in range(j + 1, len(self._nodes)))

    def _hand(self, rest: int, i: int, *, first: bool) -> float:
        """Of plateau i as a hand on top of what the plate carried on another; `first`: none was there before it."""
        known = self._hands.get((rest, i, first))
        if known is None:
            node = self._nodes[i]
            change = self._change(rest, i)
            onward = None if first else self._onward_from(rest, i)
            known = math.log(self._p.hand) + log_hand(change, onward, node, self._geometry, self._p)
            self._hands[(rest, i, first)] = known
        return known

    def _onward_from(self, rest: int, i: int) -> Onward:
        """How a hand goes on to plateau i from the one before."""
        last, node = self._nodes[i - 1], self._nodes[i]
        share = tremor_share(self._change(rest, i - 1), last, self._p)
        apart_s = max(node.begin_ns - last.end_ns, 0) * 1e-9
        return Onward(self._change(i - 1, i), apart_s, share)


_TINY = 1e-15
