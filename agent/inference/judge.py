"""Decides what a contact was: every way through its plateaus, each with the goods it would mean.

A way visits some of the contact's plateaus in order and takes the others for a hand's. Its weight is the product of
what its steps mean and of the hands' density; the forward sum over all ways gives the probability of each, so that
doubt about where to split goes into the confidence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from agent.detection import Contact, Level
from agent.inference.belief import Belief
from agent.inference.hypotheses import Hypothesis, Imagination
from agent.inference.likelihood import Change, Geometry, log_else, log_goods, log_hand, log_nothing, log_still
from agent.inference.memory import remember
from agent.inference.parameters import InferenceParameters
from agent.inference.step import FOREIGN, Items, Step
from agent.store import Item, Plate

Action = Literal["wait", "close", "tell"]
_DIRECT = 2  # nodes of the way that takes a contact as one step


@dataclass(frozen=True)
class Verdict:
    """What to do with a contact now. `steps` moved goods, `pushed` only moved them along; `share` is the way's own."""

    action: Action
    steps: tuple[Step, ...] = ()
    pushed: tuple[Step, ...] = ()
    share: float = 0.0


@dataclass(frozen=True)
class _Way:
    """A way to a plateau: the logarithm of its weight, its steps, and the belief that they lead to."""

    log: float
    steps: tuple[Step, ...]
    belief: Belief


@dataclass(frozen=True)
class _Edge:
    """All that may have happened between two plateaus."""

    log_total: float
    step: Step


class Judge:
    """Judgement of one agent's plates over their common belief."""

    def __init__(
        self,
        items: dict[str, Item],
        plates: dict[str, Plate],
        geometry: dict[str, Geometry],
        belief: Belief,
        parameters: InferenceParameters,
    ) -> None:
        self._p = parameters
        self._geometry = geometry
        self._belief = belief
        self._imagination = Imagination(items, plates, parameters)
        self._edges: dict[tuple[object, ...], _Edge] = {}  # within one contact, of plateaus that ended

    def consider(self, plate: str, contact: Contact) -> Verdict:
        """A verdict on a contact whose `current` plateau stands."""
        current, before = contact.current, contact.before
        assert current is not None and before is not None
        between = [
            level
            for level in contact.plateaus
            if level.begin_ns >= before.end_ns and level.end_ns <= current.begin_ns  # else it is the current one
        ]
        nodes = [before, *between, current]
        path, log_path, log_all = self._best_way(plate, nodes, contact.peak_g, self._belief)
        share = math.exp(log_path - log_all)
        if share < self._p.doubtful and len(nodes) > _DIRECT and contact.standing_s >= self._p.likely_after_s:
            start = _Way(0.0, (), self._belief)
            path = [self._edge(plate, start, before, current, contact.peak_g, foreign=True).step]
        steps = tuple(step for step in path if not step.nothing)
        certainty = share * math.prod(step.certainty for step in path)
        pushed = tuple(step for step in path if step.pushed)
        return Verdict(self._action(contact.standing_s, steps, certainty), steps, pushed, share)

    def reconsider(self, plate: str, nodes: list[Level], peak_g: float, belief: Belief) -> tuple[list[Step], float]:
        """The likeliest way through plateaus whose steps were told before, from the belief before them; its share."""
        self._edges.clear()
        path, log_path, log_all = self._best_way(plate, nodes, peak_g, belief)
        self._edges.clear()
        return path, math.exp(log_path - log_all)

    def _action(self, quiet_s: float, steps: tuple[Step, ...], certainty: float) -> Action:
        p = self._p
        if not steps:
            still = quiet_s >= p.nothing_after_s and certainty >= p.sure
            likely = quiet_s >= p.likely_after_s and certainty >= p.likely
            return "close" if still or likely or quiet_s >= p.anything_after_s else "wait"
        foreign = any(step.best is None for step in steps)
        if quiet_s >= p.anything_after_s and (certainty >= p.hardly or quiet_s >= p.at_last_s):
            return "tell"
        if foreign:
            return "wait"
        if quiet_s >= p.likely_after_s and certainty >= p.likely:
            return "tell"
        return "tell" if quiet_s >= p.sure_after_s and certainty >= p.sure else "wait"

    def _best_way(
        self, plate: str, nodes: list[Level], peak_g: float, belief: Belief
    ) -> tuple[list[Step], float, float]:
        """The likeliest way from the first node to the last, its logarithm, and that of all ways together."""
        p = self._p
        geometry = self._geometry[plate]
        skip = [0.0]
        for k, node in enumerate(nodes[1:], start=1):
            change = Change.between(nodes[0], node, p)
            onward = Change.between(nodes[k - 1], node, p) if k > 1 else None
            skip.append(math.log(p.hand) + log_hand(change, onward, node, geometry, p))
        hands_to = [sum(skip[: k + 1]) for k in range(len(nodes))]  # all of nodes 1..k taken for hands
        best = [_Way(0.0, (), belief)]
        total = [0.0]
        for k in range(1, len(nodes)):
            ways: list[tuple[float, _Way, Step]] = []
            sums: list[float] = []
            visit = math.log(1 - p.hand) + log_still(nodes[k], p)
            for j in range(k):
                if nodes[j].end_ns > nodes[k].begin_ns:
                    continue
                edge = self._edge(plate, best[j], nodes[j], nodes[k], peak_g, foreign=self._may_be_foreign(nodes, k))
                weight = edge.log_total + hands_to[k - 1] - hands_to[j] + visit
                ways.append((best[j].log + weight, best[j], edge.step))
                sums.append(total[j] + weight)
            best.append(self._onward(plate, ways, final=k == len(nodes) - 1))
            total.append(_log_sum(sums))
        last = len(nodes) - 1
        hands = [total[j] + hands_to[last] - hands_to[j] for j in range(last)]
        return list(best[last].steps), best[last].log, _log_sum([total[last], *hands])

    def _may_be_foreign(self, nodes: list[Level], k: int) -> bool:
        """An unknown thing is believed only where it stood for a while; between, it is a hand."""
        return k == len(nodes) - 1 or nodes[k].seconds + nodes[k].rested_s >= self._p.anything_after_s

    def _onward(self, plate: str, ways: list[tuple[float, _Way, Step]], *, final: bool) -> _Way:
        """The likeliest of the ways to a plateau; goods that moved on it are where they went."""
        log, way, step = max(ways, key=lambda candidate: candidate[0])
        belief = way.belief
        if not step.nothing and not final:
            belief = belief.fork(plate)
            remember(belief, plate, step, self._geometry[plate].place_mm(step.change), step.after.begin_ns)
        return _Way(log, (*way.steps, step), belief)

    def _edge(self, plate: str, way: _Way, before: Level, after: Level, peak_g: float, *, foreign: bool) -> _Edge:
        """`foreign`: something unknown may have moved; within a contact such a step is a hand's."""
        moved = tuple((step.after.begin_ns, step.items) for step in way.steps if not step.nothing)
        key = (plate, before.begin_ns, before.end_ns, after.begin_ns, after.end_ns, peak_g, foreign, moved)
        known = self._edges.get(key)
        if known is None:
            known = self._edges[key] = self._weighed(plate, way.belief, before, after, peak_g, foreign=foreign)
        return known

    def forget(self) -> None:
        """The belief changed, or a contact ended: what edges meant before does not hold any more."""
        self._edges.clear()

    def _weighed(
        self, plate: str, belief: Belief, before: Level, after: Level, peak_g: float, *, foreign: bool
    ) -> _Edge:
        p = self._p
        geometry = self._geometry[plate]
        change = Change.between(before, after, p)
        still, pushed = log_nothing(change, geometry, peak_g, p)
        delta, now_ns = change.delta_g[0], after.begin_ns
        if delta < 0:
            hypotheses = self._imagination.picks(belief, plate, -delta)
        else:
            hypotheses = self._imagination.puts(belief, plate, delta, now_ns)
        hypotheses += self._imagination.swaps(belief, plate, now_ns)
        scored = [(h.log_prior + log_goods(change, h, geometry, p), h) for h in hypotheses]
        otherwise = -math.inf
        if foreign:
            otherwise = math.log(p.put_else if delta > 0 else p.pick_else) + log_else(change, geometry, p)
        nothing = _log_sum([still, pushed])
        goods = _log_sum([otherwise, *(score for score, _ in scored)])
        total = _log_sum([math.log(0.5) + nothing, math.log(0.5) + goods])
        if nothing >= goods:
            certainty = math.exp(math.log(0.5) + nothing - total)
            return _Edge(total, Step(before, after, change, (), None, True, pushed > still, certainty))
        step = self._understood(before, after, change, scored, otherwise, goods)
        return _Edge(total, step)

    def _understood(
        self,
        before: Level,
        after: Level,
        change: Change,
        scored: list[tuple[float, Hypothesis]],
        otherwise: float,
        goods: float,
    ) -> Step:
        direction = 1 if change.delta_g[0] > 0 else -1
        shares: dict[Items, float] = {FOREIGN: math.exp(otherwise - goods)}
        best: dict[Items, tuple[float, Hypothesis]] = {}
        for score, hypothesis in scored:
            share = math.exp(score - goods)
            items = hypothesis.items(direction)
            shares[items] = shares.get(items, 0.0) + share
            if items not in best or score > best[items][0]:
                best[items] = (score, hypothesis)
        ranked = tuple(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])))
        meant = best.get(ranked[0][0])
        if meant is not None and ranked[0][0] == FOREIGN and meant[0] < otherwise:
            meant = None
        return Step(before, after, change, ranked, meant[1] if meant else None, False, False, ranked[0][1])


def _log_sum(values: list[float]) -> float:
    top = max(values, default=-math.inf)
    if top == -math.inf:
        return -math.inf
    return top + math.log(sum(math.exp(value - top) for value in values))
