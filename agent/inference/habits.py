"""How people of this shop take goods: one, several of one product, or different ones at once; learned from what was
told surely, beside what is known beforehand."""

from __future__ import annotations

from agent.inference.parameters import InferenceParameters

KINDS = ("1", "2", "3", "more", "different")


class Habits:
    """Counts of picks by kind. Both they and their weight are bounded, so that habits may change."""

    def __init__(self, parameters: InferenceParameters) -> None:
        p = self._p = parameters
        one = [p.pick_one_product * chance for chance in p.counts]
        usual = (one[0], one[1], one[2], sum(one[3:]), p.pick_two_products + p.pick_three_products)
        self._usual = {kind: share / sum(usual) for kind, share in zip(KINDS, usual, strict=True)}
        self._seen = dict.fromkeys(KINDS, 0.0)

    def learn(self, counts: tuple[int, ...], certainty: float) -> None:
        """A pick of so many units of each of one or more products; it counts by how sure it is."""
        if certainty < self._p.habit_least:
            return
        self._seen[_kind(counts)] += certainty
        total = sum(self._seen.values())
        if total > self._p.habit_memory:
            self._seen = {kind: seen * self._p.habit_memory / total for kind, seen in self._seen.items()}

    def factor(self, *counts: int) -> float:
        """How many times as usual a pick of so many units of each product is here than elsewhere."""
        kind, weight = _kind(counts), self._p.habit_weight
        usual = self._usual[kind]
        learned = (weight * usual + self._seen[kind]) / (weight + sum(self._seen.values()))
        return learned / usual

    def shares(self) -> dict[str, float]:
        """What is thought of the next pick, by kind."""
        weight = self._p.habit_weight
        total = weight + sum(self._seen.values())
        return {kind: (weight * self._usual[kind] + self._seen[kind]) / total for kind in KINDS}

    def snapshot(self) -> dict[str, float]:
        """JSON-able state."""
        return dict(self._seen)

    def restore(self, state: dict[str, float]) -> None:
        """Take back a snapshot."""
        self._seen = {kind: float(state.get(kind, 0.0)) for kind in KINDS}


def _kind(counts: tuple[int, ...]) -> str:
    if len(counts) > 1:
        return "different"
    return str(counts[0]) if counts[0] <= 3 else "more"
