"""What one event may have done after one hypothesis: by whom, in which reading, and what everybody holds then."""

from __future__ import annotations

from collections import Counter
from math import exp, sqrt
from typing import NamedTuple

from resolver.baskets import standing as things
from resolver.baskets.basket import NAMELESS, Basket, Move, Moves, apply, count_of, make
from resolver.baskets.carried import MEMORY_SHARE, Bundle, Carried, Kind, fit, given_back, nameless, taken
from resolver.baskets.hypothesis import Choice, Clue, Hypothesis, taken_last
from resolver.baskets.priors import Owners, Prior, label_of, least_ahead, priors_given
from resolver.baskets.standing import Standing, Thing

REMEMBERED = 0.01
"""A put that is of no item of the store with less than this leaves nothing behind to be looked for."""
LACKING = 0.02
"""A put of what the basket does not hold: a thing brought along, or a pick that was never seen."""
STRANGER_PUT = 0.2
"""A put by somebody unknown, of whom it is not known what he holds."""

NOT_LAST = 0.3
"""A put of what its owner did not take last, against one of what he did: 52 of 2,163 on the bench, where half of what
an agent says of them rests on that already."""
TORN = 0.05
"""One contact, parted into a put and a pick, of which one is goods and the other is not."""
UNEVEN = 0.03
"""Where a plate weighs to the gram what it weighed before, that goods are missing or too many is at least so likely:
they may weigh the same."""
LEAST_LEVEL_DG = 3.0
"""No plate is known to weigh the same to better than 0.3 g."""

LEANT = 0.75
"""What leans against something beside the plate shows at least so much of its weight."""

Weighed = tuple[float, float]
"""A weight (0.1 g) and its variance."""
Shown = tuple[Weighed, Weighed | None]
"""What a thing weighs as it stands, and what it weighs, where that is more."""
Place = tuple[tuple[Basket, ...], tuple[Carried, ...], Standing]


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


def _branch(before: Hypothesis, clue: Clue, thing: int | None, index: dict[str, int], prior: Prior) -> Branch:
    """`thing` is the number of the thing that is taken."""
    chance, owner, number = prior
    moves, standing = clue.readings[number].moves, before.standing
    probability = before.probability * chance
    if thing is not None:
        standing = things.without(standing, thing)
    if not moves:
        return of_no_item(before, clue, thing, -1 if owner is None else index[owner], prior, standing)
    if owner is None:
        back = any(move.qty < 0 for move in moves)
        place = (before.baskets, before.carried, _left(standing, clue, number, None))
        return Branch(before, owner, number, probability * (STRANGER_PUT if back else 1.0), place)
    at, weighed, own = index[owner], (clue.weight_dg, clue.sigma_dg**2), None
    if thing is not None:
        moves, weighed = taken_again(moves, before.standing[thing], clue)
    elif clue.puts:
        moves, weighed, own = _as_taken(before.carried[at], clue, moves)
    if standing and not clue.puts:
        moves, standing = _but_his_own(standing, clue, moves, owner)
    basket, lacks = apply(before.baskets[at], moves)
    fitting, carried = _carried(before, at, clue, moves, None if lacks else weighed)
    if clue.puts:
        standing = _left(standing, clue, number, owner if lacks else None, (weighed, own))
    place = _place(before, at, basket, carried, standing)
    share = probability * (LACKING if lacks else in_hand(before.trail, owner, moves) if clue.puts else 1.0)
    return make(Branch, (before, owner, number, share, place, bool(lacks), fitting))


def of_no_item(before: Hypothesis, clue: Clue, thing: int | None, at: int, prior: Prior, standing: Standing) -> Branch:
    """Something that is no item of the store, or that the agent could not name; `at` is the number of its owner."""
    chance, owner, number = prior
    probability, unmoved = before.probability * chance, (before.baskets, before.carried, standing)
    if thing is not None or (owner is None and not clue.puts):
        return Branch(before, owner, number, probability, unmoved)
    if not clue.puts:
        assert owner is not None
        if not clue.unexplained:
            return Branch(before, owner, number, probability, unmoved)
        basket, _ = apply(before.baskets[at], (Move(NAMELESS, 1, 0, clue.unexplained),))
        bundle = Bundle(NAMELESS, 1, clue.weight_dg, clue.sigma_dg**2, clue.unexplained)
        place = _place(before, at, basket, taken(before.carried[at], bundle), standing)
        return Branch(before, owner, number, probability, place)
    if owner is not None:
        found = nameless(before.carried[at], clue.weight_dg, clue.sigma_dg**2)
        if found is not None:
            gain, back = found
            bundle = before.carried[at][back]
            basket, _ = apply(before.baskets[at], (Move(NAMELESS, -1, 0, bundle.worth),))
            place = _place(before, at, basket, given_back(before.carried[at], bundle, back), standing)
            return Branch(before, owner, number, probability * gain, place)
    if clue.readings[number].probability >= REMEMBERED:
        sure = clue.readings[number].probability
        own = Thing(clue.plate, clue.weight_dg, clue.sigma_dg, owner=owner or "", contact=clue.contact, sure=sure)
        unmoved = (before.baskets, before.carried, things.with_thing(standing, own))
    return Branch(before, owner, number, probability, unmoved)


def in_hand(trail: Choice | None, owner: str, moves: Moves) -> float:
    """How likely goods are set down by how long ago they were taken: mostly they are those still in hand."""
    if len(moves) != 1:
        return 1.0
    sku, last = moves[0][0], taken_last(trail, owner)
    for move in last:
        if move[0] == sku:
            return 1.0
    return NOT_LAST if last else 1.0


def _place(before: Hypothesis, at: int, basket: Basket, carried: Carried, standing: Standing) -> Place:
    return (
        (*before.baskets[:at], basket, *before.baskets[at + 1 :]),
        (*before.carried[:at], carried, *before.carried[at + 1 :]),
        standing,
    )


def _left(standing: Standing, clue: Clue, number: int, lacking: str | None, weighed: Shown | None = None) -> Standing:
    """With what was put down."""
    thing = left_thing(clue, number, lacking, weighed)
    return standing if thing is None else things.with_thing(standing, thing)


def left_thing(clue: Clue, number: int, lacking: str | None, weighed: Shown | None = None) -> Thing | None:
    """What was put down; `lacking` names the one whose own it must be, for he did not hold it. `weighed` is what is
    known of its weight, where that is not by this movement alone."""
    moves, sure, _ = clue.readings[number]
    label = label_of(moves, -1) if clue.puts and clue.sigma_dg else None
    if not label:
        return None
    if lacking is not None:
        return Thing(clue.plate, clue.weight_dg, clue.sigma_dg, (), label, lacking, clue.contact, sure)
    (weight_dg, variance), own = weighed or ((clue.weight_dg, clue.sigma_dg**2), None)
    return Thing(clue.plate, weight_dg, sqrt(variance), label, (), "", clue.contact, sure, own)


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


def taken_again(moves: Moves, thing: Thing, clue: Clue) -> tuple[Moves, Weighed]:
    """Loose goods that were weighed when they were set down, too; and what they weigh."""
    if len(moves) != 1 or not moves[0].by_weight or not thing.label:
        return moves, (clue.weight_dg, clue.sigma_dg**2)
    weighed = things.weighed_again(thing, clue.weight_dg, clue.sigma_dg)
    return (moves[0]._replace(weight_dg=round(weighed[0])),), weighed


def _as_taken(carried: Carried, clue: Clue, moves: Moves) -> tuple[Moves, Weighed, Weighed | None]:
    """Loose goods that go back whole leave the basket by the weight that they came in with: errors do not add up. What
    stands there then is known by both weighings; where it is lighter than all that there was of it, it leans."""
    weighed = (clue.weight_dg, clue.sigma_dg**2)
    back = _returned(clue, moves) if len(moves) == 1 and moves[0].by_weight else None
    if back is None:
        return moves, weighed, None
    gain, number = fit(carried, back, Kind(moves[0].piece_dg, moves[0].spread_dg), 0)
    if number is None or carried[number].qty != back.qty:
        return moves, weighed, None
    bundle = carried[number]
    whole = (moves[0]._replace(weight_dg=-round(bundle.weight_dg)),)
    if gain > 1.0:
        other = bundle.variance + (MEMORY_SHARE * bundle.weight_dg) ** 2
        return whole, things.both(weighed, (bundle.weight_dg, other)), None
    only = sum([entry.sku == bundle.sku for entry in carried]) == 1
    if only and LEANT <= back.weight_dg / bundle.weight_dg < 1.0:
        return whole, weighed, (bundle.weight_dg, bundle.variance)
    return moves, weighed, None


def _carried(before: Hypothesis, at: int, clue: Clue, moves: Moves, weighed: Weighed | None) -> tuple[float, Carried]:
    """How well what was given back fits what its owner carries, and what he carries then; `weighed` is what is known
    of the weight of what he took, nothing where he gave back what he lacked."""
    carried = before.carried[at]
    if not clue.sigma_dg or weighed is None or (len(before.baskets) == 1 and not any(move.by_weight for move in moves)):
        return 1.0, carried  # alone, nobody else could have given it back
    if len(moves) == 1 and moves[0].qty > 0:
        return 1.0, taken(carried, Bundle(moves[0].sku, moves[0].qty, *weighed))
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


def coherence(trail: Choice | None, clue: Clue, moves: Moves, *, lacking: bool) -> float:
    """How well a reading goes with those of the movements before on its plate that it hangs together with; `moves` is
    what it puts into a basket or takes from there, nothing where that lacked it."""
    factor = 1.0
    if trail is None:
        return factor
    if clue.parts and any(
        bool(choice.moves or choice.lacking) != bool(moves or lacking) for choice in trail.since(clue.parts)
    ):
        factor *= TORN
    if clue.closes:
        net: Counter[str] = Counter()
        kinds: dict[str, Move] = {}
        for part in (*[choice.moves for choice in trail.since(clue.closes)], moves):
            for move in part:
                net[move.sku] += move.qty
                kinds[move.sku] = move
        factor *= evenness([(count, kinds[sku]) for sku, count in net.items() if count], clue.level_dg)
    return factor


def evenness(net: list[tuple[int, Move]], level_dg: float) -> float:
    """How likely a plate weighs again what it weighed, to within a standard deviation, where these goods are missing
    or too many, against where none are."""
    if not net:
        return 1.0
    off_dg = sum([count * kind.piece_dg for count, kind in net])
    noise = max(level_dg, LEAST_LEVEL_DG) ** 2
    variance = noise + sum([abs(count) * kind.spread_dg**2 for count, kind in net])
    return max(UNEVEN, exp(-0.5 * off_dg * off_dg / variance) * sqrt(noise / variance))
