"""How people of this shop take and put goods, learned from what was told surely, beside what is known beforehand.

They take one, several of one product, or different ones at once; they put back what they took where it belongs or
anywhere else, lean it against the side, leave things of their own, or return packs that they used. Whoever did so a
moment ago does it again: what was seen lately says more than what is usual.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.inference.parameters import InferenceParameters

DIFFERENT, MORE = "different", "more"
HOME, AWAY, SEVERAL, LEANT, BROUGHT, USED = "home", "away", "several", "leant", "brought", "used"
PICKS = ("1", "2", "3", MORE, DIFFERENT)
PUTS = (HOME, AWAY, SEVERAL, LEANT, BROUGHT, USED)


class Habits:
    """Counts of picks and of puts by kind. Both they and their weight are bounded, so that habits may change."""

    def __init__(self, parameters: InferenceParameters) -> None:
        p = parameters
        one = [p.pick_one_product * chance for chance in p.counts]
        picks = (one[0], one[1], one[2], sum(one[3:]), p.pick_two_products + p.pick_three_products)
        self._least = p.habit_least
        self.picks = _Shares(dict(zip(PICKS, picks, strict=True)), p.habit_weight, p.habit_memory)
        self.puts = _Shares(dict(zip(PUTS, p.put_kinds, strict=True)), p.put_habit_weight, p.put_habit_memory)

    def learn_pick(self, counts: tuple[int, ...], certainty: float) -> None:
        """A pick of so many units of each of one or more products; it counts by how sure it is."""
        if certainty >= self._least:
            self.picks.learn(_kind(counts), certainty)

    def learn_put(self, kind: str, certainty: float) -> None:
        """A put of one of the kinds `PUTS`; it counts by how sure it is."""
        if certainty >= self._least:
            self.puts.learn(kind, certainty)

    def of_pick(self, *counts: int) -> float:
        """How many times as usual a pick of so many units of each product is here than elsewhere."""
        return self.picks.factor(_kind(counts))

    def of_put(self, kind: str) -> float:
        """How many times as usual a put of this kind is here than elsewhere."""
        return self.puts.factor(kind)

    def snapshot(self) -> dict[str, dict[str, float]]:
        """JSON-able state."""
        return {"picks": dict(self.picks.seen), "puts": dict(self.puts.seen)}

    def restore(self, state: Mapping[str, Mapping[str, float]]) -> None:
        """Take back a snapshot."""
        self.picks.restore(state.get("picks", {}))
        self.puts.restore(state.get("puts", {}))


class _Shares:
    """Shares of some kinds: Dirichlet about what is usual, which counts for so many observations (`weight`); no more
    than `memory` of them are remembered."""

    def __init__(self, usual: dict[str, float], weight: float, memory: float) -> None:
        total = sum(usual.values())
        self._usual = {kind: share / total for kind, share in usual.items()}
        self._weight, self._memory = weight, memory
        self.seen = dict.fromkeys(usual, 0.0)

    def learn(self, kind: str, certainty: float) -> None:
        self.seen[kind] += certainty
        total = sum(self.seen.values())
        if total > self._memory:
            self.seen = {kind: seen * self._memory / total for kind, seen in self.seen.items()}

    def factor(self, kind: str) -> float:
        return self._share(kind) / self._usual[kind]

    def shares(self) -> dict[str, float]:
        """What is thought of the next, by kind."""
        return {kind: self._share(kind) for kind in self._usual}

    def _share(self, kind: str) -> float:
        return (self._weight * self._usual[kind] + self.seen[kind]) / (self._weight + sum(self.seen.values()))

    def restore(self, state: Mapping[str, float]) -> None:
        self.seen = {kind: float(state.get(kind, 0.0)) for kind in self._usual}


def _kind(counts: tuple[int, ...]) -> str:
    if len(counts) > 1:
        return DIFFERENT
    kind = str(counts[0])
    return kind if kind in PICKS else MORE
