"""How somebody shops: what he surely did tells what he did where it is in doubt.

Some take one thing at a time, some several alike, some a thing in each hand; some set goods back where they stood, some
leave them anywhere, some bring their own. An agent knows what is usual; the shares of one person are taken to be
Dirichlet about that, and each movement's readings are weighed by what his other movements, before and after, say of
them (leave one out, in rounds).
"""

from __future__ import annotations

from collections.abc import Sequence

from resolver.baskets.hypothesis import Clue, Leanings

USUAL = {
    "one": 0.82,
    "two": 0.07,
    "three": 0.025,
    "more": 0.015,
    "pair": 0.045,
    "mixed": 0.005,
    "elsewhere": 0.02,
    "home": 0.62,
    "away": 0.24,
    "several": 0.01,
    "own": 0.13,
}
"""Shares of picks (the first four) and of puts by manner: mean over the bench's families."""
WEIGHT = 1.0
"""Movements that what is usual counts for, against those of the person."""
ROUNDS = 3


def leanings(clues: Sequence[Clue], owners: frozenset[str]) -> list[Leanings]:
    """For each clue the factors of its readings, by owner."""
    shares = [[(owner, share) for owner, share in clue.owners if owner in owners] for clue in clues]
    found: list[Leanings] = [() for _ in clues]
    for _ in range(ROUNDS):
        manners = [_manners(clue, shares[k], found[k]) for k, clue in enumerate(clues)]
        sums: dict[tuple[str, bool], dict[str, float]] = {}
        for k, clue in enumerate(clues):
            for owner, share in shares[k]:
                seen = sums.setdefault((owner, clue.puts), {})
                for manner, chance in manners[k].items():
                    seen[manner] = seen.get(manner, 0.0) + share * chance
        found = [
            tuple(
                (owner, _factors(clue, sums[(owner, clue.puts)], {m: share * c for m, c in manners[k].items()}))
                for owner, share in shares[k]
            )
            for k, clue in enumerate(clues)
        ]
    return found


def _manners(clue: Clue, shares: list[tuple[str, float]], found: Leanings) -> dict[str, float]:
    """The probability of each manner."""
    factors = [0.0] * len(clue.readings)
    known = dict(found)
    for owner, share in shares:
        for number, factor in enumerate(known.get(owner, (1.0,) * len(clue.readings))):
            factors[number] += share * factor
    chances = [reading.probability * factor for reading, factor in zip(clue.readings, factors, strict=True)]
    total = sum(chances)
    manners: dict[str, float] = {}
    if total <= 0.0:
        return manners
    for reading, chance in zip(clue.readings, chances, strict=True):
        if reading.manner:
            manners[reading.manner] = manners.get(reading.manner, 0.0) + chance / total
    return manners


def _factors(clue: Clue, seen: dict[str, float], own: dict[str, float]) -> tuple[float, ...]:
    total = WEIGHT + sum(seen.values()) - sum(own.values())
    factors = []
    for reading in clue.readings:
        usual = USUAL.get(reading.manner)
        if usual is None:
            factors.append(1.0)
        else:
            others = max(0.0, seen.get(reading.manner, 0.0) - own.get(reading.manner, 0.0))
            factors.append((WEIGHT * usual + others) / total / usual)
    return tuple(factors)
