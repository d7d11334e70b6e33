"""How somebody shops: what he surely did tells what he did where it is in doubt.

Some take one thing at a time, some several alike, some a thing in each hand; some set goods back where they stood, some
leave them anywhere, some bring their own. An agent knows what is usual; the shares of one person are taken to be
Dirichlet about that, and each movement's readings are weighed by what his other movements, before and after, say of
them (leave one out, in rounds). How closely they gather about one manner tells how much they say. What an agent could
not name keeps its share among what is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log

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
"""Shares of picks (down to "elsewhere": of what stands on a wrong plate) and of puts, by manner: mean over the bench's
families."""
STEADY = ((0.5, 0.8), (8.0, 0.2))
"""Movements that what is usual counts for, against those of the person, and how many are like that: those who are
steady in their ways, and those who do now this and now that (by 1,412 stories of the bench, picks and puts apart)."""
ROUNDS = 3

_Manners = dict[str, float]
"""Probability by manner."""
_Steadiness = tuple[tuple[float, float], ...]
"""Each weight of `STEADY` with its probability."""


def leanings(clues: Sequence[Clue], owners: frozenset[str]) -> list[Leanings]:
    """For each clue the factors of its readings, by owner; nothing where all readings are of one manner."""
    found: list[Leanings] = [()] * len(clues)
    doubtful = {clue.puts for clue in clues if _in_doubt(clue)}
    if not doubtful:
        return found
    settled: dict[tuple[str, bool], _Manners] = {}
    open_clues: list[tuple[int, Clue, list[tuple[str, float]]]] = []
    told: list[_Manners] = []
    for number, clue in enumerate(clues):
        if clue.puts not in doubtful:
            continue  # how he takes says nothing of how he puts, nor the other way round
        shares = [entry for entry in clue.owners if entry[0] in owners]
        manners = _manners(clue, None)
        if len(manners) > 1:
            open_clues.append((number, clue, shares))
            told.append(manners)
            continue
        for owner, share in shares:
            _add(settled.setdefault((owner, clue.puts), {}), manners, share)
    steady: dict[tuple[int, str], _Steadiness] = {}
    for turn in range(ROUNDS):
        if turn:
            told = [_manners(clue, found[number]) for number, clue, _ in open_clues]
        sums = {key: dict(manners) for key, manners in settled.items()}
        for manners, (_, clue, shares) in zip(told, open_clues, strict=True):
            for owner, share in shares:
                _add(sums.setdefault((owner, clue.puts), {}), manners, share)
        for manners, (number, clue, shares) in zip(told, open_clues, strict=True):
            factors = []
            for owner, share in shares:
                others = _less(sums[owner, clue.puts], manners, share)
                if not turn:
                    steady[number, owner] = _steadiness(others)
                factors.append((owner, _factors(clue, others, steady[number, owner])))
            found[number] = tuple(factors)
    return found


def _in_doubt(clue: Clue) -> bool:
    """Whether its readings are of several manners."""
    known = ""
    for _, _, manner in clue.readings:
        if manner and manner != known:
            if known:
                return True
            known = manner
    return False


def _add(sums: _Manners, manners: _Manners, share: float) -> None:
    for manner, chance in manners.items():
        sums[manner] = sums.get(manner, 0.0) + share * chance


def _less(sums: _Manners, manners: _Manners, share: float) -> _Manners:
    """Without one movement's own part."""
    found: _Manners = {}
    for manner, seen in sums.items():
        left = seen - share * manners[manner] if manner in manners else seen
        found[manner] = left if left > 0.0 else 0.0
    return found


def _manners(clue: Clue, leaning: Leanings | None) -> _Manners:
    """The probability of each manner; owners' factors weigh by their shares."""
    readings = clue.readings
    chances = [chance for _, chance, _ in readings]
    if leaning:
        shares = dict(clue.owners)
        if len(leaning) == 1:
            ((owner, factors),) = leaning
            share = shares[owner]
            chances = [chance * (share * factor) for chance, factor in zip(chances, factors, strict=True)]
        else:
            for number, chance in enumerate(chances):
                chances[number] = chance * sum([shares[owner] * factors[number] for owner, factors in leaning])
    total = sum(chances)
    manners: _Manners = {}
    for (_, _, manner), chance in zip(readings, chances, strict=True):
        if manner:
            manners[manner] = manners.get(manner, 0.0) + chance / total
    return manners


def _factors(clue: Clue, others: _Manners, steady: _Steadiness) -> tuple[float, ...]:
    """How many times as likely as usual each reading is of somebody with these other movements."""
    movements = sum(others.values())
    base = gain = 0.0
    for weight, chance in steady:
        part = chance / (weight + movements)
        base += part * weight
        gain += part
    known: _Manners = {}
    mass = weighed = 0.0
    for _, chance, manner in clue.readings:
        if not manner:
            continue
        factor = known.get(manner)
        if factor is None:
            factor = known[manner] = base + gain * others.get(manner, 0.0) / USUAL[manner]
        mass += chance
        weighed += chance * factor
    usually = weighed / mass
    return tuple([known.get(manner, usually) for _, _, manner in clue.readings])


def _steadiness(movements: _Manners) -> _Steadiness:
    """How steady somebody with these movements is in his ways, by how likely they are (Dirichlet-multinomial)."""
    seen = sum(movements.values())
    logs = []
    for weight, share in STEADY:
        likelihood = log(share) + lgamma(weight) - lgamma(weight + seen)
        for manner, count in movements.items():
            usual = weight * USUAL[manner]
            likelihood += lgamma(usual + count) - lgamma(usual)
        logs.append(likelihood)
    most = max(logs)
    chances = [exp(likelihood - most) for likelihood in logs]
    total = sum(chances)
    return tuple([(weight, chance / total) for (weight, _), chance in zip(STEADY, chances, strict=True)])
