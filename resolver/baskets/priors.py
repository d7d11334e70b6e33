"""Who may have done what in one event before anything else is asked: owners, their readings, and what stood there."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from resolver.baskets import standing as things
from resolver.baskets.basket import NAMELESS, Moves, make
from resolver.baskets.hypothesis import Clue, Hypothesis
from resolver.baskets.standing import Label, Standing, Thing

LEAST_BRANCH = 5e-4
"""A reading by an owner that is less likely than this does not open a branch of its own: agents tell probabilities to
three digits, so that this is half of the least that they tell."""
LEAST_AHEAD = 1e-5
"""What is this much less likely to begin with is not looked at, however well its weight might fit."""

KNOWN = 0.9
"""An agent that told a thing to be no goods with at least this much looks for it in what is taken from there."""

Owners = list[tuple[str | None, float]]


class Prior(NamedTuple):
    """Probability of an owner (None: nobody known) with a reading, by its number."""

    chance: float
    owner: str | None
    reading: int


def owners_of(clue: Clue, index: dict[str, int]) -> Owners:
    """Who may have been it; those outside of `index` count as nobody known."""
    found: Owners = []
    outside = 0.0
    for owner, share in clue.owners:
        if owner not in index:
            outside += share
        elif share > 0.0:
            found.append((owner, share))
    outside = clue.nobody + outside
    if outside > 0.0:
        found.append((None, outside))
    return found


def priors_of(clue: Clue, owners: Owners) -> list[Prior]:
    """Who may have done what, whatever was before."""
    readings, leanings = clue.readings, clue.leanings
    changing = clue.puts or clue.gives_back
    found: list[Prior] = []
    if leanings:
        shares = [chance for _, chance, _ in readings]
        for owner, share in owners:
            found += _of_owner(clue, owner, share, shares, changing=changing)
        return _likely(found)
    for owner, share in owners:
        if owner is None and not changing:
            found.append(by_stranger(clue, share))
            continue
        found += [
            make(Prior, (share * chance, owner, number))
            for number, (_, chance, _) in enumerate(readings)
            if chance > 0.0
        ]
    return _likely(found)


def least_ahead(hypotheses: list[Hypothesis], usual: list[Prior]) -> float:
    """What is less likely than this after these hypotheses, likeliest first, is not looked at."""
    return hypotheses[0].probability * max([prior[0] for prior in usual]) * LEAST_AHEAD


def priors_given(
    standing: Standing, clue: Clue, owners: Owners, usual: list[Prior]
) -> tuple[list[Prior], int | None, int | None]:
    """Who may have done what with this standing there; the number of the thing that may have been taken, and the
    reading that takes it."""
    taken = thing_taken(standing, clue)
    if taken is None:
        return usual, None, None
    number, density, meant = taken
    return in_light_of(standing[number], clue, owners, density, meant), number, meant


def thing_taken(standing: Standing, clue: Clue) -> tuple[int, float, int] | None:
    """The thing that may have been taken from a plate, by its number, the density of its weight, and the reading that
    takes it; None where nothing there weighs as much."""
    at = things.match(standing, clue.plate, clue.weight_dg, clue.sigma_dg) if standing else None
    meant = None if at is None else _meaning(clue, standing[at[0]].label)
    return None if at is None or meant is None else (*at, meant)


def in_light_of(thing: Thing, clue: Clue, owners: Owners, density: float, meant: int) -> list[Prior]:
    """Who may have done what, where this thing stood there, which is what the reading `meant` takes."""
    return _likely(
        [
            prior
            for owner, share in owners
            for prior in _of_owner(clue, owner, share, _shares(thing, clue, owner, density, meant), changing=True)
        ]
    )


def _likely(priors: list[Prior]) -> list[Prior]:
    return [prior for prior in priors if prior[0] >= LEAST_BRANCH] or priors


def by_stranger(clue: Clue, share: float) -> Prior:
    """What a stranger took changes no basket, whatever it was."""
    best, likeliest = 0, -1.0
    for number, (_, chance, _) in enumerate(clue.readings):
        if chance > likeliest:
            best, likeliest = number, chance
    return make(Prior, (share, None, best))


def _of_owner(clue: Clue, owner: str | None, share: float, shares: list[float], *, changing: bool) -> list[Prior]:
    """`changing`: what a stranger did matters, too, for something was or is put there."""
    if owner is None and not changing:
        return [by_stranger(clue, share)]
    for name, factors in clue.leanings:
        if name == owner:
            shares = [chance * factor for chance, factor in zip(shares, factors, strict=True)]
    return [make(Prior, (share * chance, owner, number)) for number, chance in enumerate(shares) if chance > 0.0]


def _meaning(clue: Clue, label: Label) -> int | None:
    """The reading that takes what a thing is."""
    for number, reading in enumerate(clue.readings):
        if label_of(reading.moves, 1) == label:
            return number
    return None


def label_of(moves: Moves, sign: int) -> Label | None:
    """Items and counts, where all of them go one way (1: from the plate)."""
    for move in moves:
        if move[1] * sign < 0 or move[0] == NAMELESS:
            return None
    if len(moves) == 1:
        return ((moves[0][0], moves[0][1] * sign),)
    return tuple(sorted([(move[0], move[1] * sign) for move in moves]))


def _shares(thing: Thing, clue: Clue, owner: str | None, density: float, meant: int) -> list[float]:
    """The probabilities of the readings, where this thing stood there.

    Of goods of the shop its agent knew that they stood there, and by how likely what: its probabilities are those of
    a thing of many names, of which this is the one. Likewise of what it told to be no goods: where that stood, and not
    its weight alone, tells it from the goods beside it.
    """
    shares = [reading.probability for reading in clue.readings]
    if thing.label or (not thing.like and thing.sure >= KNOWN):
        again = min(1.0, shares[meant] / thing.sure)
        others = 1.0 - shares[meant]
        scale = max(0.0, others - again * (1.0 - thing.sure)) / others if others > 0.0 else 0.0
        return [1.0 - others * scale if number == meant else share * scale for number, share in enumerate(shares)]
    rivals = [things.Rival(reading.probability, *_weight(reading.moves)) for reading in clue.readings if reading.moves]
    prior = things.ANOTHERS if thing.owner and thing.owner != owner else things.TAKEN_AGAIN
    again = things.share(prior, density, clue.weight_dg, clue.sigma_dg, rivals)
    return [(1.0 - again) * share + (again if number == meant else 0.0) for number, share in enumerate(shares)]


def _weight(moves: Moves) -> tuple[float, float]:
    """Mean and standard deviation of what moved, in 0.1 g."""
    mean = sum(abs(move.qty) * move.piece_dg for move in moves)
    return float(mean), sqrt(sum(abs(move.qty) * move.spread_dg**2 for move in moves))
