"""Who took what, inferred jointly: every event's readings meet every account's share and what its basket can hold.

A beam of hypotheses, each a basket for every account of a neighbourhood, is moved through the events in order of their
time. A put can only come from a basket that holds the item, which tells who and what at once; and since the hypotheses
live on, a later put settles an earlier doubt. What was put down stays a thing apart, known by its weight, until it is
taken again. Hypotheses that agree on all of this are one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

from resolver.baskets.alone import LEAST_MASS, plainly_put, plainly_taken, put_alone, taken_alone
from resolver.baskets.basket import EMPTY, make
from resolver.baskets.branches import Branch, branches_of, coherence
from resolver.baskets.habits import leanings
from resolver.baskets.hypothesis import Choice, Clue, Hypothesis, Posterior
from resolver.baskets.priors import owners_of, priors_of

BEAM = 192
"""Hypotheses kept for a neighbourhood; more changes no receipt on the bench."""


def infer(keys: Sequence[str], clues: Iterable[Clue], beam: int = BEAM) -> Posterior:
    """The posterior after the clues, which must stand in order of time."""
    hypotheses = [Hypothesis(1.0, (EMPTY,) * len(keys), None, ((),) * len(keys))]
    index = {key: number for number, key in enumerate(keys)}
    clues = list(clues)
    for clue, leaning in zip(clues, leanings(clues, frozenset(keys)), strict=True):
        hypotheses = step(hypotheses, make(Clue, (*clue[:-1], leaning)) if leaning else clue, index, beam)
    return Posterior(tuple(keys), tuple(hypotheses))


def step(hypotheses: list[Hypothesis], clue: Clue, index: dict[str, int], beam: int = BEAM) -> list[Hypothesis]:
    """The hypotheses after one more event, likeliest first."""
    owners = owners_of(clue, index)
    alone = len(index) == 1
    if alone and plainly_taken(clue):
        return taken_alone(hypotheses, clue, owners, beam)
    usual = priors_of(clue, owners)
    if alone and plainly_put(clue):
        return put_alone(hypotheses, clue, usual, beam)
    merged: dict[Hashable, tuple[float, float, Branch]] = {}
    for branch, weighed in _weighed(branches_of(hypotheses, clue, owners, usual, index), clue):
        probability = weighed
        if clue.parts or clue.closes:
            moves = () if branch.lacking else clue.readings[branch.reading].moves
            probability *= coherence(branch.before.trail, clue, moves, lacking=branch.lacking)
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
