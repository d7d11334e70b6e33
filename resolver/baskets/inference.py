"""Who took what, inferred jointly: every event's readings meet every account's share and what its basket can hold.

A beam of hypotheses, each a basket for every account of a neighbourhood, is moved through the events in order of their
time. A put can only come from a basket that holds the item, which tells who and what at once; and since the hypotheses
live on, a later put settles an earlier doubt. What was put down stays a thing apart, known by its weight, until it is
taken again. Hypotheses that agree on all of this are one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from resolver.baskets.basket import EMPTY, NAMELESS, Basket, Move, Moves, apply, make, plus
from resolver.baskets.branches import (
    Branch,
    Owners,
    Prior,
    branches_of,
    coherence,
    least_ahead,
    owners_of,
    priors_given,
    priors_of,
    taken_again,
)
from resolver.baskets.carried import Bundle, taken
from resolver.baskets.habits import leanings
from resolver.baskets.hypothesis import Choice, Clue, Hypothesis, Posterior
from resolver.baskets.standing import Standing

BEAM = 192
"""Hypotheses kept for a neighbourhood; more changes no receipt on the bench."""
LEAST_MASS = 1e-4
"""A hypothesis this much less likely than the likeliest is dropped."""


def infer(keys: Sequence[str], clues: Iterable[Clue], beam: int = BEAM) -> Posterior:
    """The posterior after the clues, which must stand in order of time."""
    hypotheses = [Hypothesis(1.0, (EMPTY,) * len(keys), None, ((),) * len(keys))]
    index = {key: number for number, key in enumerate(keys)}
    clues = list(clues)
    for clue, leaning in zip(clues, leanings(clues, frozenset(keys)), strict=True):
        hypotheses = step(hypotheses, clue._replace(leanings=leaning) if leaning else clue, index, beam)
    return Posterior(tuple(keys), tuple(hypotheses))


def step(hypotheses: list[Hypothesis], clue: Clue, index: dict[str, int], beam: int = BEAM) -> list[Hypothesis]:
    """The hypotheses after one more event, likeliest first."""
    owners = owners_of(clue, index)
    usual = priors_of(clue, owners)
    alone = len(index) == 1
    if alone and not clue.puts and not clue.parts and not clue.closes and not clue.gives_back:
        return _taken_alone(hypotheses, clue, owners, usual, beam)
    merged: dict[Hashable, tuple[float, float, Branch]] = {}
    for branch, weighed in _weighed(branches_of(hypotheses, clue, owners, usual, index), clue):
        probability = weighed * coherence(branch, clue) if clue.parts or clue.closes else weighed
        baskets, _, standing = branch.place
        key: Hashable = (baskets, standing) if alone else branch.place
        old = merged.get(key)
        if old is None or probability > old[1]:
            merged[key] = ((old[0] if old else 0.0) + probability, probability, branch)
        else:
            merged[key] = (old[0] + probability, old[1], old[2])
    ranked = sorted(merged.values(), key=lambda entry: (-entry[0], entry[2].place))[:beam]
    floor = ranked[0][0] * LEAST_MASS
    kept = [(mass, branch) for mass, _, branch in ranked if mass > floor]
    total = sum(mass for mass, _ in kept)
    return [
        make(Hypothesis, (mass / total, branch.place[0], _chosen(clue, branch), branch.place[1], branch.place[2]))
        for mass, branch in kept
    ]


class _Way(NamedTuple):
    """What may have been taken, where one thing or none stood there: likelihood, by whom, and what still stands."""

    chance: float
    number: int
    owner: str | None
    moves: Moves
    standing: Standing
    bundle: Bundle | None = None
    """What is carried of it that matters by its weight."""


def _ways(standing: Standing, clue: Clue, owners: Owners, usual: list[Prior]) -> list[_Way]:
    """Likeliest first."""
    unnamed = (Move(NAMELESS, 1, 0, clue.unexplained),) if clue.unexplained else ()
    priors, thing, meant = priors_given(standing, clue, owners, usual)
    without = standing if thing is None else (*standing[:thing], *standing[thing + 1 :])
    found = []
    for chance, owner, number in sorted(priors, key=_by_chance):
        again = thing is not None and number == meant
        moves: Moves = ()
        if owner is not None:
            moves = clue.readings[number][0]
            if again and thing is not None:
                moves = taken_again(moves, standing[thing], clue)
            elif not moves:
                moves = unnamed
        after, bundle = without if again else standing, _bundle(clue, moves) if len(moves) == 1 else None
        found.append(make(_Way, (chance, number, owner, moves, after, bundle)))
    return found


def _by_chance(prior: Prior) -> float:
    return -prior[0]


def _taken_alone(
    hypotheses: list[Hypothesis], clue: Clue, owners: Owners, usual: list[Prior], beam: int
) -> list[Hypothesis]:
    """The same for what most events are: somebody took something, and nobody else is concerned."""
    known: dict[Standing, list[_Way]] = {}
    least = least_ahead(hypotheses, usual)
    merged: dict[tuple[Basket, Standing], tuple[float, float, Hypothesis, _Way]] = {}
    ways: list[_Way] | None = None
    standing: Standing = ()
    for before in hypotheses:
        share, (held,), _, _, there = before
        if ways is None or there is not standing:  # mostly the very same: then nothing need be looked up
            ways, standing = known.get(there), there
            if ways is None:
                ways = known[there] = _ways(there, clue, owners, usual)
        for way in ways:
            probability = share * way[0]
            if probability < least:
                break
            moves = way[3]
            if not moves:
                key = (held, way[4])
            elif len(moves) == 1 and moves[0][1] > 0:
                key = (plus(held, moves[0]), way[4])
            else:
                key = (apply(held, moves)[0], way[4])
            old = merged.get(key)
            if old is None:
                merged[key] = (probability, probability, before, way)
            elif probability > old[1]:
                merged[key] = (old[0] + probability, probability, before, way)
            else:
                merged[key] = (old[0] + probability, old[1], old[2], old[3])
    floor = max([entry[0] for entry in merged.values()]) * LEAST_MASS
    likely = sorted([(-entry[0], key, entry) for key, entry in merged.items() if entry[0] > floor])[:beam]
    total = -sum([entry[0] for entry in likely])
    found = []
    for _, (basket, standing), (mass, _, (_, _, trail, carried, _), way) in likely:
        _, number, owner, _, _, bundle = way
        load = carried if bundle is None else (taken(carried[0], bundle),)
        choice = make(Choice, (clue[0], owner, number, False, trail, clue[1][number][0]))
        found.append(make(Hypothesis, (mass / total, (basket,), choice, load, standing)))
    return found


def _bundle(clue: Clue, moves: Moves) -> Bundle | None:
    """Of a single move: alone, nobody else could give it back, and its weight matters only where no two are alike."""
    sku, qty, _, price, by_weight, *_ = moves[0]
    if (sku != NAMELESS and not by_weight) or not clue.sigma_dg:
        return None
    return Bundle(sku, qty, clue.weight_dg, clue.sigma_dg**2, Decimal(0) if by_weight else price)


def _weighed(branches: list[Branch], clue: Clue) -> Iterator[tuple[Branch, float]]:
    """Branches with their mass: what weighs as the very units that somebody carries is his, rather than another's.

    What it was, an agent's memory of what was taken tells as well, but for loose goods, of which no two are alike.
    """
    best: dict[int, float] = {}
    for branch in branches:
        if not branch.lacking and branch.owner is not None and branch.fit > best.get(branch.reading, 0.0):
            best[branch.reading] = branch.fit
    for branch in branches:
        top = best.get(branch.reading, 1.0)
        if any(move.by_weight for move in clue.readings[branch.reading].moves):
            yield branch, branch.probability * branch.fit / min(1.0, top)
        elif branch.lacking or branch.owner is None:
            yield branch, branch.probability
        else:
            yield branch, branch.probability * branch.fit / top


def _chosen(clue: Clue, branch: Branch) -> Choice:
    moves = () if branch.lacking else clue.readings[branch.reading].moves
    return Choice(clue.id, branch.owner, branch.reading, branch.lacking, branch.before.trail, moves)
