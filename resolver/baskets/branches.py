"""What one event may have done after one hypothesis: by whom, in which reading, and what everybody holds then."""

from __future__ import annotations

from collections import Counter
from math import sqrt
from typing import NamedTuple

from resolver.baskets import standing as things
from resolver.baskets.basket import NAMELESS, Basket, Move, Moves, apply, count_of, make
from resolver.baskets.carried import Bundle, Carried, Kind, fit, given_back, nameless, taken
from resolver.baskets.hypothesis import Clue, Hypothesis
from resolver.baskets.standing import Label, Standing, Thing

LEAST_BRANCH = 5e-4
"""A reading by an owner that is less likely than this does not open a branch of its own: agents tell probabilities to
three digits, so that this is half of the least that they tell."""
LEAST_AHEAD = 1e-5
"""What is this much less likely to begin with is not looked at, however well its weight might fit."""
REMEMBERED = 0.01
"""A put that is of no item of the store with less than this leaves nothing behind to be looked for."""
LACKING = 0.02
"""A put of what the basket does not hold: a thing brought along, or a pick that was never seen."""
STRANGER_PUT = 0.2
"""A put by somebody unknown, of whom it is not known what he holds."""

TORN = 0.05
"""One contact, parted into a put and a pick, of which one is goods and the other is not."""
UNEVEN = 0.03
"""A plate that weighs to the gram what it weighed three movements or more before, and goods are missing or too many."""

Place = tuple[tuple[Basket, ...], tuple[Carried, ...], Standing]
Owners = list[tuple[str | None, float]]


class Prior(NamedTuple):
    """Probability of an owner (None: nobody known) with a reading, by its number."""

    chance: float
    owner: str | None
    reading: int


class Branch(NamedTuple):
    """One owner and reading of an event, after one hypothesis.

    `fit` is how much likelier its weight is than that of any such units; 1 where nothing is known.
    """

    before: Hypothesis
    owner: str | None
    reading: int
    probability: float
    place: Place
    lacking: bool = False
    fit: float = 1.0


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
    shares = [chance for _, chance, _ in clue.readings]
    changing = clue.puts or clue.gives_back
    found: list[Prior] = []
    for owner, share in owners:
        found += _of_owner(clue, owner, share, shares, changing=changing)
    return _likely(found)


def branches_of(
    hypotheses: list[Hypothesis], clue: Clue, owners: Owners, usual: list[Prior], index: dict[str, int]
) -> list[Branch]:
    """All that the event may have been after any of the hypotheses."""
    found: list[Branch] = []
    known: dict[Standing, tuple[list[Prior], int | None, int | None]] = {}
    least = least_ahead(hypotheses, usual)
    for before in hypotheses:
        standing = () if clue.puts else before.standing
        if standing not in known:
            known[standing] = priors_given(standing, clue, owners, usual)
        priors, thing, meant = known[standing]
        found += [
            _branch(before, clue, thing if prior.reading == meant else None, index, prior)
            for prior in priors
            if before.probability * prior.chance >= least
        ]
    return found


def least_ahead(hypotheses: list[Hypothesis], usual: list[Prior]) -> float:
    """What is less likely than this after these hypotheses, likeliest first, is not looked at."""
    return hypotheses[0].probability * max([prior[0] for prior in usual]) * LEAST_AHEAD


def priors_given(
    standing: Standing, clue: Clue, owners: Owners, usual: list[Prior]
) -> tuple[list[Prior], int | None, int | None]:
    """Who may have done what with this standing there; the number of the thing that may have been taken, and the
    reading that takes it."""
    at = things.match(standing, clue.plate, clue.weight_dg, clue.sigma_dg) if standing else None
    meant = None if at is None else _meaning(clue, standing[at[0]].label)
    if at is None or meant is None:
        return usual, None, None
    number, density = at
    return _in_light_of(standing[number], clue, owners, density, meant), number, meant


def _in_light_of(thing: Thing, clue: Clue, owners: Owners, density: float, meant: int) -> list[Prior]:
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


def _of_owner(clue: Clue, owner: str | None, share: float, shares: list[float], *, changing: bool) -> list[Prior]:
    """`changing`: what a stranger did matters, too, for something was or is put there."""
    if owner is None and not changing:
        return [Prior(share, None, shares.index(max(shares)))]  # what a stranger took changes no basket
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
    a thing of many names, of which this is the one.
    """
    shares = [reading.probability for reading in clue.readings]
    if thing.label:
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


def _branch(before: Hypothesis, clue: Clue, thing: int | None, index: dict[str, int], prior: Prior) -> Branch:
    """`thing` is the number of the thing that is taken."""
    chance, owner, number = prior
    moves, standing = clue.readings[number].moves, before.standing
    probability = before.probability * chance
    if thing is not None:
        standing = things.without(standing, thing)
    if not moves:
        return _of_no_item(before, clue, thing, index, prior, standing)
    if owner is None:
        back = any(move.qty < 0 for move in moves)
        place = (before.baskets, before.carried, _left(standing, clue, number, None))
        return Branch(before, owner, number, probability * (STRANGER_PUT if back else 1.0), place)
    at = index[owner]
    if thing is not None:
        moves = taken_again(moves, before.standing[thing], clue)
    elif clue.puts:
        moves = _as_taken(before.carried[at], clue, moves)
    if standing and not clue.puts:
        moves, standing = _but_his_own(standing, clue, moves, owner)
    basket, lacks = apply(before.baskets[at], moves)
    fitting, carried = _carried(before, at, clue, moves, lacking=bool(lacks))
    if clue.puts:
        standing = _left(standing, clue, number, owner if lacks else None)
    place = _place(before, at, basket, carried, standing)
    share = probability * (LACKING if lacks else 1.0)
    return make(Branch, (before, owner, number, share, place, bool(lacks), fitting))


def _of_no_item(
    before: Hypothesis, clue: Clue, thing: int | None, index: dict[str, int], prior: Prior, standing: Standing
) -> Branch:
    """Something that is no item of the store, or that the agent could not name."""
    chance, owner, number = prior
    probability, unmoved = before.probability * chance, (before.baskets, before.carried, standing)
    if thing is not None or (owner is None and not clue.puts):
        return Branch(before, owner, number, probability, unmoved)
    if not clue.puts:
        assert owner is not None
        if not clue.unexplained:
            return Branch(before, owner, number, probability, unmoved)
        at = index[owner]
        basket, _ = apply(before.baskets[at], (Move(NAMELESS, 1, 0, clue.unexplained),))
        bundle = Bundle(NAMELESS, 1, clue.weight_dg, clue.sigma_dg**2, clue.unexplained)
        place = _place(before, at, basket, taken(before.carried[at], bundle), standing)
        return Branch(before, owner, number, probability, place)
    if owner is not None:
        at = index[owner]
        found = nameless(before.carried[at], clue.weight_dg, clue.sigma_dg**2)
        if found is not None:
            gain, back = found
            bundle = before.carried[at][back]
            basket, _ = apply(before.baskets[at], (Move(NAMELESS, -1, 0, bundle.worth),))
            place = _place(before, at, basket, given_back(before.carried[at], bundle, back), standing)
            return Branch(before, owner, number, probability * gain, place)
    if clue.readings[number].probability >= REMEMBERED:
        own = Thing(clue.plate, clue.weight_dg, clue.sigma_dg, owner=owner or "", contact=clue.contact)
        unmoved = (before.baskets, before.carried, things.with_thing(standing, own))
    return Branch(before, owner, number, probability, unmoved)


def _place(before: Hypothesis, at: int, basket: Basket, carried: Carried, standing: Standing) -> Place:
    return (
        (*before.baskets[:at], basket, *before.baskets[at + 1 :]),
        (*before.carried[:at], carried, *before.carried[at + 1 :]),
        standing,
    )


def _left(standing: Standing, clue: Clue, number: int, lacking: str | None) -> Standing:
    """With what was put down; `lacking` names the one whose own it must be, for he did not hold it."""
    moves, sure, _ = clue.readings[number]
    label = label_of(moves, -1) if clue.puts and clue.sigma_dg else None
    if not label:
        return standing
    thing = Thing(clue.plate, clue.weight_dg, clue.sigma_dg, label, contact=clue.contact, sure=sure)
    if lacking is not None:
        thing = thing._replace(label=(), like=label, owner=lacking)
    return things.with_thing(standing, thing)


def _but_his_own(standing: Standing, clue: Clue, moves: Moves, owner: str) -> tuple[Moves, Standing]:
    """Without what he had put there in the same contact and did not hold: an agent may tell one unit that moved as a
    unit put and two taken."""
    for number, thing in enumerate(standing):
        if not clue.contact or thing.contact != clue.contact or thing.owner != owner or len(thing.like) != 1:
            continue
        ((sku, count),) = thing.like
        for at, move in enumerate(moves):
            if move.sku == sku and move.qty >= count:
                weight_dg = max(0, move.weight_dg - round(thing.weight_dg)) if move.by_weight else 0
                rest = move.less(count, weight_dg)
                kept = (*moves[:at], *((rest,) if rest.qty else ()), *moves[at + 1 :])
                return kept, things.without(standing, number)
    return moves, standing


def taken_again(moves: Moves, thing: Thing, clue: Clue) -> Moves:
    """Loose goods that were weighed when they were set down, too."""
    if len(moves) != 1 or not moves[0].by_weight or not thing.label:
        return moves
    return (moves[0]._replace(weight_dg=round(things.weighed_again(thing, clue.weight_dg, clue.sigma_dg))),)


def _as_taken(carried: Carried, clue: Clue, moves: Moves) -> Moves:
    """Loose goods that go back whole leave the basket by the weight that they came in with: errors do not add up."""
    back = _returned(clue, moves) if len(moves) == 1 and moves[0].by_weight else None
    if back is None:
        return moves
    gain, number = fit(carried, back, Kind(moves[0].piece_dg, moves[0].spread_dg), 0)
    if number is None or gain <= 1.0 or carried[number].qty != back.qty:
        return moves
    return (moves[0]._replace(weight_dg=-round(carried[number].weight_dg)),)


def _carried(before: Hypothesis, at: int, clue: Clue, moves: Moves, *, lacking: bool) -> tuple[float, Carried]:
    """How well what was given back fits what its owner carries, and what he carries then."""
    carried = before.carried[at]
    if not clue.sigma_dg or lacking or (len(before.baskets) == 1 and not any(move.by_weight for move in moves)):
        return 1.0, carried  # alone, nobody else could have given it back
    if len(moves) == 1 and moves[0].qty > 0:
        bundle = Bundle(moves[0].sku, moves[0].qty, clue.weight_dg, clue.sigma_dg**2)
        return 1.0, taken(carried, bundle)
    back = _returned(clue, moves)
    if back is None:
        return 1.0, carried
    kind = next(Kind(move.piece_dg, move.spread_dg) for move in moves if move.qty < 0)
    besides = [(move.qty, Kind(move.piece_dg, move.spread_dg)) for move in moves if move.qty > 0]
    held = count_of(before.baskets[at], back.sku) if len(before.baskets) > 1 else 0
    gain, number = fit(carried, back, kind, held, besides)
    return gain, given_back(carried, back, number)


def _returned(clue: Clue, moves: Moves) -> Bundle | None:
    """What was given back, where it is of one item and more came than left."""
    back = [move for move in moves if move[1] < 0]
    if len(back) != 1 or not (clue.puts or len(moves) == 1):
        return None
    return Bundle(back[0].sku, -back[0].qty, clue.weight_dg, clue.sigma_dg**2)


def coherence(branch: Branch, clue: Clue) -> float:
    """How well a reading goes with those of the movements before on its plate that it hangs together with."""
    moves = () if branch.lacking else clue.readings[branch.reading].moves
    factor = 1.0
    trail = branch.before.trail
    if trail is None:
        return factor
    if clue.parts and any(
        bool(choice.moves or choice.lacking) != bool(moves or branch.lacking) for choice in trail.since(clue.parts)
    ):
        factor *= TORN
    if clue.closes:
        net = Counter({move.sku: move.qty for move in moves})
        for choice in trail.since(clue.closes):
            net.update({move.sku: move.qty for move in choice.moves})
        if any(net.values()):
            factor *= UNEVEN
    return factor
