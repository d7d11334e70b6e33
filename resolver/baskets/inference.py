"""Who took what, inferred jointly: every event's readings meet every account's share and what its basket can hold.

A beam of hypotheses, each a basket for every account of a neighbourhood, is moved through the events in order of their
time. A put can only come from a basket that holds the item, which tells who and what at once; and since the hypotheses
live on, a later put settles an earlier doubt. What was put without having been taken stays a thing apart until it is
taken again. Hypotheses that agree on all of this are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import sqrt
from typing import NamedTuple

from resolver.baskets import standing as things
from resolver.baskets.basket import EMPTY, NAMELESS, Basket, Move, Moves, apply
from resolver.baskets.carried import LEAST_FIT, Bundle, Carried, Kind, fit, given_back, taken
from resolver.baskets.hypothesis import Choice, Clue, Hypothesis, Posterior
from resolver.baskets.standing import Standing

BEAM = 192
"""Hypotheses kept for a neighbourhood; more changes no receipt on the bench."""
LEAST_BRANCH = 2e-4
"""A reading by an owner that is less likely than this does not open a branch of its own."""
LEAST_MASS = 1e-4
"""A hypothesis this much less likely than the likeliest is dropped."""
REMEMBERED = 0.01
"""A put that is of no item of the store with less than this leaves nothing behind to be looked for."""
LACKING = 0.02
"""A put of what the basket does not hold: a thing brought along, or a pick that was never seen."""
STRANGER_PUT = 0.2
"""A put by somebody unknown, of whom it is not known what he holds."""


def infer(keys: Sequence[str], clues: Iterable[Clue], beam: int = BEAM) -> Posterior:
    """The posterior after the clues, which must stand in order of time."""
    hypotheses = [Hypothesis(1.0, (EMPTY,) * len(keys), None, ((),) * len(keys))]
    index = {key: number for number, key in enumerate(keys)}
    for clue in clues:
        hypotheses = step(hypotheses, clue, index, beam)
    return Posterior(tuple(keys), tuple(hypotheses))


class _Branch(NamedTuple):
    """One owner and reading of an event, after one hypothesis; `fit` is a density, 0 where none is known."""

    before: Hypothesis
    owner: str | None
    reading: int
    probability: float
    place: _Place
    lacking: bool
    fit: float


_Place = tuple[tuple[Basket, ...], tuple[Carried, ...], Standing]
_Prior = tuple[float, str | None, int]
"""Probability, owner, number of the reading."""


def step(hypotheses: list[Hypothesis], clue: Clue, index: dict[str, int], beam: int = BEAM) -> list[Hypothesis]:
    """The hypotheses after one more event, likeliest first."""
    owners = _owners(clue, index)
    usual = _priors(clue, owners, [reading.probability for reading in clue.readings], again=False)
    if len(index) == 1 and not clue.gives_back and not clue.puts and not any(h.standing for h in hypotheses):
        return _taken_alone(hypotheses, clue, usual, beam)
    merged: dict[_Place, tuple[float, float, _Branch]] = {}
    for branch, probability in _weighed(_branches(hypotheses, clue, owners, usual, index)):
        old = merged.get(branch.place)
        if old is None or probability > old[1]:
            merged[branch.place] = ((old[0] if old else 0.0) + probability, probability, branch)
        else:
            merged[branch.place] = (old[0] + probability, old[1], old[2])
    ranked = sorted(merged.items(), key=lambda entry: (-entry[1][0], entry[0]))[:beam]
    floor = ranked[0][1][0] * LEAST_MASS
    kept = [(place, mass, branch) for place, (mass, _, branch) in ranked if mass > floor]
    total = sum(mass for _, mass, _ in kept)
    return [
        Hypothesis(mass / total, baskets, _chosen(clue, branch), carried, standing)
        for (baskets, carried, standing), mass, branch in kept
    ]


def _taken_alone(hypotheses: list[Hypothesis], clue: Clue, priors: list[_Prior], beam: int) -> list[Hypothesis]:
    """The same for what most events are: somebody took something, and nobody else is concerned."""
    unnamed = (Move(NAMELESS, 1, 0, clue.unexplained),) if clue.unexplained else ()
    ways = [
        (chance, owner, number, () if owner is None else clue.readings[number].moves or unnamed)
        for chance, owner, number in priors
    ]
    merged: dict[Basket, tuple[float, float, Hypothesis, str | None, int]] = {}
    for before in hypotheses:
        (held,) = before.baskets
        for chance, owner, number, moves in ways:
            probability = before.probability * chance
            basket = apply(held, moves)[0] if moves else held
            old = merged.get(basket)
            if old is None:
                merged[basket] = (probability, probability, before, owner, number)
            elif probability > old[1]:
                merged[basket] = (old[0] + probability, probability, before, owner, number)
            else:
                merged[basket] = (old[0] + probability, *old[1:])
    ranked = sorted(merged.items(), key=lambda entry: (-entry[1][0], entry[0]))[:beam]
    floor = ranked[0][1][0] * LEAST_MASS
    kept = [entry for entry in ranked if entry[1][0] > floor]
    total = sum(entry[1][0] for entry in kept)
    return [
        Hypothesis(mass / total, (basket,), Choice(clue.id, owner, number, False, before.trail), before.carried)
        for basket, (mass, _, before, owner, number) in kept
    ]


def _weighed(branches: list[_Branch]) -> Iterator[tuple[_Branch, float]]:
    """Branches with their mass: of each reading, the weights of those who may have given back are compared."""
    best_fit: dict[int, float] = {}
    for branch in branches:
        if branch.fit > best_fit.get(branch.reading, 0.0):
            best_fit[branch.reading] = branch.fit
    for branch in branches:
        fitting = max(LEAST_FIT, branch.fit / best_fit[branch.reading]) if branch.fit > 0.0 else 1.0
        yield branch, branch.probability * fitting


def _chosen(clue: Clue, branch: _Branch) -> Choice:
    return Choice(clue.id, branch.owner, branch.reading, branch.lacking, branch.before.trail)


def _owners(clue: Clue, index: dict[str, int]) -> list[tuple[str | None, float]]:
    known = [(owner, share) for owner, share in clue.owners if owner in index and share > 0.0]
    outside = clue.nobody + sum(share for owner, share in clue.owners if owner not in index)
    return [*known, (None, outside)] if outside > 0.0 else [*known]


def _priors(clue: Clue, owners: list[tuple[str | None, float]], shares: list[float], *, again: bool) -> list[_Prior]:
    """Who may have done what. `again`: it may have been a foreign thing that stood there."""
    told_apart = clue.puts or again or clue.gives_back
    found: list[_Prior] = []
    for owner, share in owners:
        if owner is None and not told_apart:
            found.append((share, None, shares.index(max(shares))))  # what a stranger took changes no basket
            continue
        found += [(share * chance, owner, number) for number, chance in enumerate(shares) if chance > 0.0]
    return [prior for prior in found if prior[0] >= LEAST_BRANCH] or found


def _branches(
    hypotheses: list[Hypothesis],
    clue: Clue,
    owners: list[tuple[str | None, float]],
    usual: list[_Prior],
    index: dict[str, int],
) -> list[_Branch]:
    found = []
    for before in hypotheses:
        thing, priors = None, usual
        if before.standing and not clue.puts:
            thing, shares = _shares(before.standing, clue)
            priors = usual if thing is None else _priors(clue, owners, shares, again=True)
        found += [_branch(before, clue, thing, index, prior) for prior in priors]
    return found


def _shares(standing: Standing, clue: Clue) -> tuple[int | None, list[float]]:
    """The foreign thing that may have been taken, and the probabilities of the readings in its light."""
    shares = [reading.probability for reading in clue.readings]
    found = things.match(standing, clue.plate, clue.weight_dg, clue.sigma_dg)
    if found is None:
        return None, shares
    rivals = [
        things.Rival(reading.probability, *_weight(reading.moves), reading.at_home)
        for reading in clue.readings
        if reading.moves
    ]
    again = things.share(found[1], clue.weight_dg, clue.sigma_dg, rivals)
    nothing = next((number for number, reading in enumerate(clue.readings) if not reading.moves), None)
    if nothing is None or shares[nothing] >= again:
        return found[0], shares
    scale = (1.0 - again) / max(1.0 - shares[nothing], 1e-9)
    return found[0], [again if number == nothing else share * scale for number, share in enumerate(shares)]


def _weight(moves: Moves) -> tuple[float, float]:
    """Mean and standard deviation of what moved, in 0.1 g."""
    mean = sum(abs(move.qty) * move.piece_dg for move in moves)
    return float(mean), sqrt(sum(abs(move.qty) * move.spread_dg**2 for move in moves))


def _branch(before: Hypothesis, clue: Clue, thing: int | None, index: dict[str, int], prior: _Prior) -> _Branch:
    chance, owner, number = prior
    moves, standing = clue.readings[number].moves, before.standing
    probability = before.probability * chance
    if not moves:
        if clue.puts and clue.readings[number].probability >= REMEMBERED:
            standing = things.with_thing(standing, clue.plate, clue.weight_dg)
        elif thing is not None:
            standing = things.without(standing, thing)
        elif clue.unexplained and owner is not None:
            moves = (Move(NAMELESS, 1, 0, clue.unexplained),)
    if not moves or owner is None:
        back = any(move.qty < 0 for move in moves)
        fitting = _fit((), clue, moves)[0] if back else 0.0
        place = (before.baskets, before.carried, standing)
        return _Branch(before, owner, number, probability * (STRANGER_PUT if back else 1.0), place, False, fitting)
    at = index[owner]
    basket, lacks = apply(before.baskets[at], moves)
    if lacks and clue.puts:
        standing = things.with_thing(standing, clue.plate, clue.weight_dg)
    if len(index) == 1:
        place = ((basket,), before.carried, standing)
        return _Branch(before, owner, number, probability * (LACKING if lacks else 1.0), place, bool(lacks), 0.0)
    fitting, carried = _carried(before.carried[at], clue, moves, lacking=bool(lacks))
    place = (
        (*before.baskets[:at], basket, *before.baskets[at + 1 :]),
        (*before.carried[:at], carried, *before.carried[at + 1 :]),
        standing,
    )
    return _Branch(before, owner, number, probability * (LACKING if lacks else 1.0), place, bool(lacks), fitting)


def _carried(carried: Carried, clue: Clue, moves: Moves, *, lacking: bool) -> tuple[float, Carried]:
    """How well what was given back fits what the owner carries, and what he carries then."""
    if len(moves) != 1 or not clue.sigma_dg or moves[0].sku == NAMELESS:
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
