"""Who took what, inferred jointly: every event's readings meet every account's share and what its basket can hold.

A beam of hypotheses, each a basket for every account of a neighbourhood, is moved through the events in order of their
time. A put can only come from a basket that holds the item, which tells who and what at once; and since the hypotheses
live on, a later put settles an earlier doubt. Hypotheses that agree on all baskets are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from resolver.baskets.basket import EMPTY, Basket, Move, Moves, apply
from resolver.baskets.carried import LEAST_FIT, Bundle, Carried, Kind, fit, given_back, taken

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
    """An event as the inference sees it: whole readings, and the share of every account that may have been it.

    `weight_dg` is the change in 0.1 g, unsigned; a `sigma_dg` of 0 says that it was not weighed.
    """

    id: str
    readings: tuple[Reading, ...]
    owners: tuple[tuple[str, float], ...]
    nobody: float
    weight_dg: float = 0.0
    sigma_dg: float = 0.0

    @property
    def gives_back(self) -> bool:
        """Whether any reading returns something to the shelf."""
        return any(move.qty < 0 for reading in self.readings for move in reading.moves)

    def with_owner(self, owner: str, share: float) -> Clue:
        """The same with a further account that may have been it, at nobody else's expense but the unknown's."""
        return replace(self, owners=(*self.owners, (owner, share)), nobody=max(0.0, self.nobody - share))


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
    carried: tuple[Carried, ...] = ()


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
    start = Hypothesis(1.0, (EMPTY,) * len(keys), None, ((),) * len(keys))
    hypotheses = [start]
    index = {key: number for number, key in enumerate(keys)}
    for clue in clues:
        hypotheses = _step(hypotheses, clue, index, beam)
    return Posterior(tuple(keys), tuple(hypotheses))


@dataclass(frozen=True, slots=True)
class _Branch:
    """One owner and reading of an event, after one hypothesis."""

    before: Hypothesis
    owner: str | None
    reading: int
    after: Hypothesis
    lacking: bool
    fit: float


def _step(hypotheses: list[Hypothesis], clue: Clue, index: dict[str, int], beam: int) -> list[Hypothesis]:
    priors = _priors(clue, index)
    branches = [
        _branch(hypothesis, clue, owner, number, prior, index)
        for hypothesis in hypotheses
        for owner, number, prior in priors
    ]
    best_fit: dict[int, float] = {}
    for branch in branches:
        best_fit[branch.reading] = max(best_fit.get(branch.reading, 0.0), branch.fit)
    merged: dict[tuple[tuple[Basket, ...], tuple[Carried, ...]], tuple[float, float, _Branch]] = {}
    for branch in branches:
        probability = branch.after.probability
        if branch.fit > 0.0:
            probability *= max(LEAST_FIT, branch.fit / best_fit[branch.reading])
        place = (branch.after.baskets, branch.after.carried)
        old = merged.get(place)
        if old is None or probability > old[1]:
            merged[place] = ((old[0] if old else 0.0) + probability, probability, branch)
        else:
            merged[place] = (old[0] + probability, old[1], old[2])
    ranked = sorted(merged.items(), key=lambda entry: (-entry[1][0], entry[0]))[:beam]
    floor = ranked[0][1][0] * LEAST_MASS
    kept = [(place, mass, branch) for place, (mass, _, branch) in ranked if mass > floor]
    total = sum(mass for _, mass, _ in kept)
    return [
        Hypothesis(mass / total, baskets, _chosen(clue, branch), carried) for (baskets, carried), mass, branch in kept
    ]


def _chosen(clue: Clue, branch: _Branch) -> Choice:
    return Choice(clue.id, branch.owner, branch.reading, branch.lacking, branch.before.trail)


def _priors(clue: Clue, index: dict[str, int]) -> list[tuple[str | None, int, float]]:
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


def _branch(
    before: Hypothesis, clue: Clue, owner: str | None, number: int, prior: float, index: dict[str, int]
) -> _Branch:
    moves = clue.readings[number].moves
    back = any(move.qty < 0 for move in moves)
    if not moves or owner is None:
        factor = STRANGER_PUT if back else 1.0
        fit = _fit((), clue, moves)[0] if back else 0.0
        after = replace(before, probability=before.probability * prior * factor)
        return _Branch(before, owner, number, after, False, fit)
    at = index[owner]
    basket, lacking = apply(before.baskets[at], moves)
    carried, fit = before.carried[at], 0.0
    if len(index) > 1:
        fit, carried = _carried(carried, clue, moves, lacking=bool(lacking))
    factor = LACKING if lacking else 1.0
    after = Hypothesis(
        before.probability * prior * factor,
        (*before.baskets[:at], basket, *before.baskets[at + 1 :]),
        before.trail,
        (*before.carried[:at], carried, *before.carried[at + 1 :]),
    )
    return _Branch(before, owner, number, after, bool(lacking), fit)


def _carried(carried: Carried, clue: Clue, moves: Moves, *, lacking: bool) -> tuple[float, Carried]:
    """How well what was given back fits what the owner carries, and what he carries then."""
    if len(moves) != 1 or not clue.sigma_dg:
        return 0.0, carried
    move = moves[0]
    if move.qty > 0:
        return 0.0, taken(carried, Bundle(move.sku, move.qty, clue.weight_dg, clue.sigma_dg**2))
    density, number = _fit(() if lacking else carried, clue, moves)
    return density, given_back(carried, _bundle(clue, move), number)


def _fit(carried: Carried, clue: Clue, moves: Moves) -> tuple[float, int | None]:
    if len(moves) != 1 or not clue.sigma_dg:
        return 0.0, None
    move = moves[0]
    return fit(carried, _bundle(clue, move), Kind(move.piece_dg, move.spread_dg))


def _bundle(clue: Clue, move: Move) -> Bundle:
    return Bundle(move.sku, abs(move.qty), clue.weight_dg, clue.sigma_dg**2)
