"""Who took what, inferred jointly: every event's readings meet every account's share and what its basket can hold.

A beam of hypotheses, each a basket for every account of a neighbourhood, is moved through the events in order of their
time. A put can only come from a basket that holds the item, which tells who and what at once; and since the hypotheses
live on, a later put settles an earlier doubt. Hypotheses that agree on all baskets are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from resolver.baskets.basket import EMPTY, Basket, Moves, apply

BEAM = 192
"""Hypotheses kept for a neighbourhood; more changes no receipt on the bench."""
LEAST_BRANCH = 2e-4
"""A reading by an owner that is less likely than this does not open a branch of its own."""
LEAST_MASS = 1e-5
"""A hypothesis this much less likely than the likeliest is dropped."""
LACKING = 0.02
"""A put of what the basket does not hold: a thing brought along, or a pick that was never seen."""
STRANGER_PUT = 0.2
"""A put by somebody unknown, of whom it is not known what he holds."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One hypothesis of what moved; no moves: something that is no item of the store."""

    moves: Moves
    probability: float


@dataclass(frozen=True, slots=True)
class Clue:
    """An event as the inference sees it: whole readings, and the share of every account that may have been it."""

    id: str
    readings: tuple[Reading, ...]
    owners: tuple[tuple[str, float], ...]
    nobody: float

    @property
    def gives_back(self) -> bool:
        """Whether any reading returns something to the shelf."""
        return any(move.qty < 0 for reading in self.readings for move in reading.moves)

    def with_owner(self, owner: str, share: float) -> Clue:
        """The same with a further account that may have been it, at nobody else's expense but the unknown's."""
        return Clue(self.id, self.readings, (*self.owners, (owner, share)), max(0.0, self.nobody - share))


@dataclass(frozen=True, slots=True)
class Choice:
    """What a hypothesis says of one event; `owner` is None for nobody known, `before` the event before.

    `lacking` says that something was given back which that basket did not hold.
    """

    event: str
    owner: str | None
    reading: int
    lacking: bool
    before: Choice | None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A basket for each account, with its probability and the choices that lead to it."""

    probability: float
    baskets: tuple[Basket, ...]
    trail: Choice | None


@dataclass(frozen=True)
class Posterior:
    """Hypotheses, likeliest first, over the accounts `keys`."""

    keys: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]

    def of(self, key: str) -> list[tuple[Basket, float]]:
        """The distribution over one account's baskets, likeliest first."""
        index = self.keys.index(key)
        found: dict[Basket, float] = {}
        for hypothesis in self.hypotheses:
            basket = hypothesis.baskets[index]
            found[basket] = found.get(basket, 0.0) + hypothesis.probability
        return sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))

    def lacking(self, event: str) -> float:
        """The probability that this event gave back what its owner's basket did not hold."""
        found = 0.0
        for hypothesis in self.hypotheses:
            choice = hypothesis.trail
            while choice is not None and choice.event != event:
                choice = choice.before
            if choice is not None and choice.lacking:
                found += hypothesis.probability
        return found

    def choices(self) -> dict[str, dict[tuple[str | None, int], float]]:
        """For each event the probability of (owner, reading)."""
        found: dict[str, dict[tuple[str | None, int], float]] = {}
        for hypothesis in self.hypotheses:
            choice = hypothesis.trail
            while choice is not None:
                said = found.setdefault(choice.event, {})
                at = (choice.owner, choice.reading)
                said[at] = said.get(at, 0.0) + hypothesis.probability
                choice = choice.before
        return found


def infer(keys: Sequence[str], clues: Iterable[Clue], beam: int = BEAM) -> Posterior:
    """The posterior after the clues, which must stand in order of time."""
    hypotheses = [Hypothesis(1.0, (EMPTY,) * len(keys), None)]
    index = {key: number for number, key in enumerate(keys)}
    for clue in clues:
        hypotheses = _step(hypotheses, clue, index, beam)
    return Posterior(tuple(keys), tuple(hypotheses))


def _step(hypotheses: list[Hypothesis], clue: Clue, index: dict[str, int], beam: int) -> list[Hypothesis]:
    branches = _branches(clue, index)
    merged: dict[tuple[Basket, ...], tuple[float, float, Choice]] = {}
    for hypothesis in hypotheses:
        for owner, number, prior in branches:
            moves = clue.readings[number].moves
            baskets, factor = _moved(hypothesis.baskets, index.get(owner) if owner else None, moves)
            probability = hypothesis.probability * prior * factor
            old = merged.get(baskets)
            if old is None or probability > old[1]:
                choice = Choice(clue.id, owner, number, factor == LACKING, hypothesis.trail)
                merged[baskets] = ((old[0] if old else 0.0) + probability, probability, choice)
            else:
                merged[baskets] = (old[0] + probability, old[1], old[2])
    ranked = sorted(merged.items(), key=lambda entry: (-entry[1][0], entry[0]))[:beam]
    floor = ranked[0][1][0] * LEAST_MASS
    kept = [(baskets, mass, trail) for baskets, (mass, _, trail) in ranked if mass > floor]
    total = sum(mass for _, mass, _ in kept)
    return [Hypothesis(mass / total, baskets, trail) for baskets, mass, trail in kept]


def _branches(clue: Clue, index: dict[str, int]) -> list[tuple[str | None, int, float]]:
    known = [(owner, share) for owner, share in clue.owners if owner in index]
    outside = clue.nobody + sum(share for owner, share in clue.owners if owner not in index)
    owners: list[tuple[str | None, float]] = [*known, (None, outside)]
    found = [
        (owner, number, share * reading.probability)
        for owner, share in owners
        for number, reading in enumerate(clue.readings)
        if share > 0.0 and reading.probability > 0.0
    ]
    likely = [branch for branch in found if branch[2] >= LEAST_BRANCH]
    return likely or found


def _moved(baskets: tuple[Basket, ...], owner: int | None, moves: Moves) -> tuple[tuple[Basket, ...], float]:
    if not moves:
        return baskets, 1.0
    if owner is None:
        return baskets, STRANGER_PUT if any(move.qty < 0 for move in moves) else 1.0
    basket, lacking = apply(baskets[owner], moves)
    factor = LACKING if lacking else 1.0
    if basket == baskets[owner]:
        return baskets, factor
    return (*baskets[:owner], basket, *baskets[owner + 1 :]), factor
