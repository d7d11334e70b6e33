"""A step of the inference where one account is inferred by itself: what most movements of a store are.

Nobody else can have given back what this one holds, so that weights decide nothing between people, and what stands on
the plates is known by a number. What comes of it is what the general step gives, to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from resolver.baskets import standing as things
from resolver.baskets.basket import NAMELESS, Basket, Move, Moves, apply, make, plus
from resolver.baskets.branches import (
    LACKING,
    STRANGER_PUT,
    Weighed,
    coherence,
    in_hand,
    left_thing,
    of_no_item,
    taken_again,
)
from resolver.baskets.carried import Bundle, Carried, taken
from resolver.baskets.hypothesis import Choice, Clue, Hypothesis
from resolver.baskets.priors import (
    LEAST_AHEAD,
    LEAST_BRANCH,
    Owners,
    Prior,
    by_stranger,
    in_light_of,
    least_ahead,
    priors_of,
    thing_taken,
)
from resolver.baskets.standing import Standing, Thing

LEAST_MASS = 1e-4
"""A hypothesis this much less likely than the likeliest is dropped."""
_CHANCE = itemgetter(0)


class _Way(NamedTuple):
    """What may have been taken, where one thing or none stood there.

    `one` is what goes into the basket where that is a single move that adds to it, `place` the number of what still
    stands then, `bundle` what is carried of it that matters by its weight.
    """

    chance: float
    one: Move | None
    moves: Moves
    place: int
    standing: Standing
    number: int
    owner: str | None
    bundle: Bundle | None


def plainly_taken(clue: Clue) -> bool:
    """Whether no reading of a movement gives anything back, and it hangs together with no other."""
    return not (clue.puts or clue.parts or clue.closes or clue.gives_back)


def taken_alone(hypotheses: list[Hypothesis], clue: Clue, owners: Owners, beam: int) -> list[Hypothesis]:
    """The hypotheses after a movement that is `plainly_taken`, likeliest first."""
    known: dict[Standing, list[_Way]] = {}
    places: dict[Standing, int] = {}
    plain = _plain_ways(clue, owners)
    least = hypotheses[0].probability * plain[0][0] * LEAST_AHEAD
    merged: dict[tuple[Basket, int], tuple[float, float, Hypothesis, _Way]] = {}
    ways: list[_Way] | None = None
    standing: Standing = ()
    for before in hypotheses:
        share, (held,), _, _, there = before
        if ways is None or there is not standing:  # mostly the very same: then nothing need be looked up
            ways, standing = known.get(there), there
            if ways is None:
                ways = known[there] = _ways(there, clue, owners, plain, places)
        for way in ways:
            probability = share * way.chance
            if probability < least:
                break
            if way.one is not None:
                key = (plus(held, way.one), way.place)
            else:
                key = (apply(held, way.moves)[0] if way.moves else held, way.place)
            old = merged.get(key)
            if old is None:
                merged[key] = (probability, probability, before, way)
            elif probability > old[1]:
                merged[key] = (old[0] + probability, probability, before, way)
            else:
                merged[key] = (old[0] + probability, old[1], old[2], old[3])
    floor = max([entry[0] for entry in merged.values()]) * LEAST_MASS
    likely = sorted(
        [(-entry[0], key[0], entry[3].standing, entry) for key, entry in merged.items() if entry[0] > floor]
    )
    del likely[beam:]
    total = -sum([entry[0] for entry in likely])
    found, event, readings = [], clue.id, clue.readings
    for _, basket, standing, (mass, _, (_, _, trail, carried, _), (_, _, _, _, _, number, owner, bundle)) in likely:
        load = carried if bundle is None else (taken(carried[0], bundle),)
        choice = make(Choice, (event, owner, number, False, trail, readings[number][0]))
        found.append(make(Hypothesis, (mass / total, (basket,), choice, load, standing)))
    return found


def _plain_ways(clue: Clue, owners: Owners) -> list[tuple[float, str | None, int]]:
    """Likelihood, owner and reading, whatever stood there: what `priors_of` gives, likeliest first."""
    if clue.leanings:
        return sorted(priors_of(clue, owners), key=_CHANCE, reverse=True)
    found: list[tuple[float, str | None, int]] = []
    for owner, share in owners:
        if owner is None:
            found.append(by_stranger(clue, share))
            continue
        for number, (_, chance, _) in enumerate(clue.readings):
            if chance > 0.0:
                found.append((share * chance, owner, number))
    likely = [entry for entry in found if entry[0] >= LEAST_BRANCH] or found
    likely.sort(key=_CHANCE, reverse=True)
    return likely


def _ways(
    there: Standing,
    clue: Clue,
    owners: Owners,
    plain: list[tuple[float, str | None, int]],
    places: dict[Standing, int],
) -> list[_Way]:
    """Likeliest first."""
    at = thing_taken(there, clue) if there else None
    thing, again, without = None, -1, there
    ranked: Sequence[tuple[float, str | None, int]] = plain
    if at is not None:
        number, density, again = at
        thing, without = there[number], things.without(there, number)
        ranked = sorted(in_light_of(thing, clue, owners, density, again), key=_CHANCE, reverse=True)
    found = []
    for chance, owner, number in ranked:
        moves = clue.readings[number][0] if owner is not None else ()
        weighed = clue.weight_dg, clue.sigma_dg**2
        if thing is not None and number == again:
            moves, weighed = taken_again(moves, thing, clue)
        elif owner is not None and not moves and clue.unexplained:
            moves = (Move(NAMELESS, 1, 0, clue.unexplained),)
        one, bundle = None, None
        if len(moves) == 1:
            one = moves[0] if moves[0][1] > 0 else None
            if moves[0][4] or moves[0][0] == NAMELESS:
                bundle = _bundle(clue, moves[0], weighed)
        after = without if number == again else there
        place = places.setdefault(after, len(places))
        found.append(make(_Way, (chance, one, moves, place, after, number, owner, bundle)))
    return found


def _bundle(clue: Clue, move: Move, weighed: Weighed) -> Bundle | None:
    """Of a single move of what no two are alike of, and so matters by its weight: nobody else could give it back."""
    if not clue.sigma_dg:
        return None
    sku, qty, _, price, by_weight, _, _ = move
    return Bundle(sku, qty, *weighed, Decimal(0) if by_weight else price)


class _Put(NamedTuple):
    """What one hypothesis and one owner and reading of a put lead to."""

    mass: float
    best: float
    before: Hypothesis
    owner: str | None
    number: int
    lacking: bool
    basket: Basket
    carried: tuple[Carried, ...]
    standing: Standing


def plainly_put(clue: Clue) -> bool:
    """Whether all readings of a put give back units, and nothing that is sold by weight, of which no two are alike."""
    if not clue.puts:
        return False
    for moves, _, _ in clue.readings:
        for _, qty, _, _, by_weight, _, _ in moves:
            if qty >= 0 or by_weight:
                return False
    return True


def put_alone(hypotheses: list[Hypothesis], clue: Clue, usual: list[Prior], beam: int) -> list[Hypothesis]:
    """The hypotheses after a put that is `plainly_put`, likeliest first."""
    least = least_ahead(hypotheses, usual)
    hangs_together = bool(clue.parts or clue.closes)
    places = _Places(clue)
    merged: dict[tuple[Basket, int], _Put] = {}
    for before in hypotheses:
        share, (held,), trail, carried, standing = before
        for prior in usual:
            chance, owner, number = prior
            mass = share * chance
            if mass < least:
                continue
            moves, basket, load, lacking = clue.readings[number][0], held, carried, False
            if not moves:
                branch = of_no_item(before, clue, None, 0, prior, standing)
                mass, ((basket,), load, after) = branch.probability, branch.place
                place = places.number(after)
            elif owner is None:
                mass *= STRANGER_PUT
                place, after = places.with_left(standing, number, None)
            else:
                basket, lacks = apply(held, moves)
                lacking = lacks > 0
                mass *= LACKING if lacking else in_hand(trail, owner, moves)
                place, after = places.with_left(standing, number, owner if lacking else None)
            if hangs_together:
                mass *= coherence(trail, clue, () if lacking else moves, lacking=lacking)
            key = (basket, place)
            old = merged.get(key)
            if old is None:
                merged[key] = make(_Put, (mass, mass, before, owner, number, lacking, basket, load, after))
            elif mass > old[1]:
                merged[key] = make(_Put, (old[0] + mass, mass, before, owner, number, lacking, basket, load, after))
            else:
                merged[key] = make(_Put, (old[0] + mass, *old[1:]))
    return _kept(clue, list(merged.values()), beam)


def _kept(clue: Clue, puts: list[_Put], beam: int) -> list[Hypothesis]:
    ranked = sorted([(-put.mass, put.basket, put.carried, put.standing, put) for put in puts])[:beam]
    floor = -ranked[0][0] * LEAST_MASS
    kept = [entry[4] for entry in ranked if -entry[0] > floor]
    total = sum([put.mass for put in kept])
    found = []
    for mass, _, before, owner, number, lacking, basket, carried, standing in kept:
        moves = () if lacking else clue.readings[number][0]
        choice = make(Choice, (clue.id, owner, number, lacking, before.trail, moves))
        found.append(make(Hypothesis, (mass / total, (basket,), choice, carried, standing)))
    return found


class _Places:
    """What stands on the plates after a put, each by a number; equal ones have the same."""

    def __init__(self, clue: Clue) -> None:
        self._clue = clue
        self._numbers: dict[Standing, int] = {}
        self._things: dict[tuple[int, str | None], Thing | None] = {}
        self._after: dict[tuple[int, int, str | None], tuple[int, Standing]] = {}

    def number(self, standing: Standing) -> int:
        return self._numbers.setdefault(standing, len(self._numbers))

    def with_left(self, standing: Standing, number: int, lacking: str | None) -> tuple[int, Standing]:
        """With what this reading put down; `lacking` names the one whose own it must be."""
        key = (id(standing), number, lacking)  # hypotheses mostly hold the very same
        known = self._after.get(key)
        if known is None:
            what = (number, lacking)
            if what not in self._things:
                self._things[what] = left_thing(self._clue, number, lacking)
            thing = self._things[what]
            after = standing if thing is None else things.with_thing(standing, thing)
            known = self._after[key] = (self.number(after), after)
        return known
