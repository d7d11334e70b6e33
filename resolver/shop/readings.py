"""What a movement may mean for a basket: its candidates as moves, and what a weight without a name may be.

Something that is no item of the store can only be taken from where it was put down before. Where nothing of the kind
was told, what an agent leaves to "something else" is mostly its own caution, and the rest are goods that it could not
name: those are worth something, and a receipt that passes over them is not sure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from math import exp, hypot

from agent.store import Item
from resolver.baskets import Move, Moves, Reading
from resolver.baskets.basket import make
from resolver.inbox import Correction, CorrectionFact, Count, MovementFact
from resolver.shop.wares import Wares

NEVER_BROUGHT = 0.1
"""Of what an agent gives to "something else" in a pick, so much stays where nothing of that weight was put there: on
the bench none of 6 that were expected came true (135 recordings)."""
ONE_OF_SEVERAL = 1.0
"""Likewise where what left is hardly told from noise, and where one contact was told as a put and a pick: 4 of 4.8 came
true, for the parting itself was wrong. Where all movements of a contact took, their weight in all tells what left,
however it is parted."""
PARTED = 4.0
"""Odds of "something else" where one contact was told as a put and a pick: 5 of 15 were, 1.8 were expected."""
LEAST_SAID = 0.1
"""An agent that gives less than this to all items together has seen a thing that is none of them."""
LEAST_ELSE = 1e-4
"""However sure an agent is, it may have been something else: probabilities come with three digits."""
SAME_SHARE, SAME_G = 0.02, 3.0
"""A foreign thing is the same where two weighings differ by less than this share, or this many grams."""
FITS_SIGMAS = 3.0
USUAL_COUNTS = {1: 0.9, 2: 0.07, 3: 0.03}
"""How many alike are taken at once, as `baskets.habits` has it."""
UNFIT = 0.01
"""Density (per gram) of goods that fit by their whole weight no better than by chance: any of 100 g."""
SURELY_AGAIN = 0.98
"""Probability that a pick which leaves a plate as it was took again what had been put there meanwhile."""
PAIR = 2
ALIKE = {1: "one", 2: "two", 3: "three"}
LIGHTER = 1.25
"""An item that weighs up to so much more than what left may have been that, leant or held in part."""
AT_ONCE = 3
"""More than so many are hardly taken at once (1.5 % of picks); then an agent knows them by their weight."""

NO_WORTH = Decimal(0)
_NOTHING: frozenset[str] = frozenset()

Said = tuple[tuple[tuple[Count, ...], float], ...]
"""Items, whole, with the probability of each."""


def else_share(fact: MovementFact, correction: CorrectionFact | None) -> float:
    """The probability that what moved is no item of the store."""
    return unnamed(what_is_said(fact, correction))


def unnamed(said: Said) -> float:
    """What is left of what is said to no item of the store."""
    return max(0.0, 1.0 - sum([share for items, share in said if items]))


def same_thing(a: MovementFact, b: MovementFact) -> bool:
    """Whether two movements may have been of one and the same thing, by weight."""
    x, y = abs(a.movement.delta_g), abs(b.movement.delta_g)
    return abs(x - y) <= max(SAME_G, SAME_SHARE * max(x, y))


def takes(fact: MovementFact) -> bool:
    """Whether goods left the plate."""
    return fact.movement.delta_g < 0 if fact.kind == "change" else fact.kind == "pick"


def may_give_back(fact: MovementFact) -> bool:
    """Whether one of its candidates says that something went the other way."""
    for candidate in fact.movement.candidates:
        for entry in candidate.items:
            if entry.qty < 0:
                return True
    return False


def readings(
    wares: Wares,
    fact: MovementFact,
    said: Said,
    brought: float,
    *,
    parted: bool = False,
    other: Said = (),
    weighed_g: float | None = None,
) -> tuple[Reading, ...]:
    """What the event of which this is said may mean; probabilities sum to 1, what is left over being something else.

    `brought` is the probability that a foreign thing of this weight stood on the plate; `parted` says
    that its contact was told as a put and a pick. `other` is what may be meant by what its
    agent left to something else, where nothing foreign stood there. `weighed_g` is what moved, where that is known
    better than was told.
    """
    picks = takes(fact)
    into = 1 if picks else -1
    found: dict[Moves, float] = {}
    if other:
        left = (1.0 - brought) * unnamed(said)
        said = (*said, *((items, left * share) for items, share in other))
    for items, probability in said:
        moves = _moves(wares, items, fact, into, weighed_g)
        found[moves] = found.get(moves, 0.0) + probability if found else probability
    named = 0.0
    for moves, probability in found.items():
        if moves:
            named += probability
    rest = max(1.0 - named, LEAST_ELSE)
    if picks:
        never = ONE_OF_SEVERAL if parted or named < LEAST_SAID or is_faint(fact) else NEVER_BROUGHT
        rest *= max(never, brought)
    if parted:
        rest *= PARTED
    found[()] = rest
    total = sum(found.values())
    sold = wares.sold.get(fact.movement.plate, _NOTHING)
    return tuple(
        [
            make(Reading, (moves, probability / total, _manner(moves, sold, picks)))
            for moves, probability in found.items()
            if probability > 0.0
        ]
    )


def is_faint(fact: MovementFact) -> bool:
    """Whether nothing at all may have moved: by its weight it is hardly told from noise."""
    return abs(fact.movement.delta_g) < FITS_SIGMAS * fact.movement.sigma_g


def taken_again(others: Iterable[tuple[MovementFact, CorrectionFact | None]]) -> tuple[Count, ...]:
    """What a pick must have taken that left a plate, after these other movements, as it was before all of them: what
    they put there and did not take again; nothing where they took more."""
    net: Counter[str] = Counter()
    for fact, correction in others:
        if correction is not None and correction.correction.withdrawn:
            continue
        said = correction.correction.items if correction is not None else fact.movement.items
        net.update({entry.sku: -entry.qty if takes(fact) else entry.qty for entry in said})
    if any(count < 0 for count in net.values()):
        return ()
    return tuple(Count(sku=sku, qty=count) for sku, count in sorted(net.items()) if count)


def refitted(wares: Wares, fact: MovementFact, weight_g: float) -> Said:
    """Items, so many alike, that weigh as much as moved in all, with shares that sum to less than 1: of the plate where
    goods left it, of the store where they came."""
    skus = wares.sold.get(fact.movement.plate, _NOTHING) if takes(fact) else wares.of_sku
    found = []
    for sku in sorted(skus):
        item = wares.of_sku[sku].item
        for count in range(1, AT_ONCE + 1 if not item.by_weight else 1):
            spread_g = hypot(item.unit_sd_g * count**0.5, fact.movement.sigma_g, SAME_SHARE * weight_g)
            off = (weight_g - count * item.unit_weight_g) / spread_g
            if abs(off) < FITS_SIGMAS:
                found.append((sku, count, USUAL_COUNTS[count] * exp(-0.5 * off * off) / spread_g))
    total = sum(share for *_, share in found) + UNFIT
    return tuple(((Count(sku=sku, qty=count),), share / total) for sku, count, share in found)


def _manner(moves: Moves, sold: frozenset[str], picks: bool) -> str:
    """How it would have been done, by the words of `baskets.habits`, on a plate where these items are sold."""
    if not moves:
        return "" if picks else "own"
    count, home = 0, True
    for sku, qty, _, _, by_weight, _, _ in moves:
        if (qty > 0) != picks:
            return ""
        count += 1 if by_weight else abs(qty)
        home = home and sku in sold
    if not picks:
        return "several" if count > 1 else "home" if home else "away"
    if len(moves) > 1:
        return "pair" if home and len(moves) == count == PAIR else "mixed"
    if not home:
        return "elsewhere"
    return ALIKE.get(count, "more")


def unexplained(wares: Wares, fact: MovementFact, settled: float) -> Decimal:
    """What goods without a name that left may be worth: the dearest item of the plate that may weigh so little.

    `settled` is the probability that what left is known for no item, or came back.
    """
    sold = wares.of_plate.get(fact.movement.plate)
    if sold is None or settled >= 1.0 or not takes(fact):
        return NO_WORTH
    weight_g = abs(fact.movement.delta_g)
    worth = NO_WORTH
    for ware in sold:
        item, by_weight, _, _, price, _ = ware
        if price is None:
            price = item.price_at(fact.t_utc_ns)
        if by_weight:
            worth = max(worth, price * round(weight_g) / 1000)
        elif item.unit_weight_g <= LIGHTER * weight_g:
            worth = max(worth, price * min(AT_ONCE, max(1, int(weight_g // item.unit_weight_g))))
    return worth * (100 - round(100 * settled)) / 100 if settled else worth


def what_is_said(fact: MovementFact, correction: CorrectionFact | None) -> Said:
    """The items that the agent names, with their probabilities; what they lack to 1 is something else.

    A correction says of one reading only how sure it is: what is left to 1 is shared out as it was before.
    """
    movement = fact.movement
    best = movement.items
    said: Said = ((best, movement.confidence),)
    others = [(entry.items, entry.probability) for entry in movement.candidates if entry.items != best]
    if others:
        room, rest = 1.0 - movement.confidence, sum([probability for _, probability in others])
        scale = min(1.0, room / rest) if rest > 0.0 else 1.0
        said = (*said, *[(items, share * scale) for items, share in others])
    return said if correction is None else _corrected(said, correction.correction)


def supersedes(fact: CorrectionFact, known: CorrectionFact) -> bool:
    """Of several corrections the highest sequence wins; epochs follow each other in time."""
    if fact.epoch == known.epoch:
        return fact.sequence > known.sequence
    return fact.recorded_utc_ns > known.recorded_utc_ns


def _corrected(said: Said, correction: Correction) -> Said:
    meant = correction.items
    others = [(items, share) for items, share in said if items != meant]
    was = 1.0 - sum([share for items, share in said if items == meant])
    scale = (1.0 - correction.confidence) / was if was > 0.0 else 0.0
    return ((correction.items, correction.confidence), *((items, share * scale) for items, share in others))


def _moves(wares: Wares, items: tuple[Count, ...], fact: MovementFact, into: int, weighed_g: float | None) -> Moves:
    if len(items) == 1:
        known = wares.of_sku.get(items[0].sku)
        ready = known.ready.get(into * items[0].qty) if known is not None else None
        if ready is not None:
            return ready
    moves = []
    for entry in items:
        ware = wares.of_sku.get(entry.sku)
        if ware is None or entry.qty == 0:
            continue
        by_weight, weight_dg = ware.by_weight, 0
        if by_weight:
            weight_dg = (into if entry.qty > 0 else -into) * _weight_dg(entry, ware.item, fact, len(items), weighed_g)
        price = ware.price_at(fact.t_utc_ns)
        moves.append(Move(entry.sku, into * entry.qty, weight_dg, price, by_weight, ware.piece_dg, ware.spread_dg))
    if len(moves) > 1:
        moves.sort(key=lambda move: (move.qty >= 0, move.sku, move.qty))
    return tuple(moves)


def _weight_dg(entry: Count, item: Item, fact: MovementFact, kinds: int, weighed_g: float | None) -> int:
    """What moved of an item, in 0.1 g: where nothing else moved, all that was weighed, whatever was assumed of it."""
    if weighed_g is not None and kinds == 1:
        return round(abs(weighed_g) * 10)
    said = fact.movement.items
    best = kinds > 1 or (len(said) == 1 and (said[0].sku, said[0].qty) == (entry.sku, entry.qty))
    if entry.weight_g is not None and best:
        return round(abs(entry.weight_g) * 10)
    if kinds == 1:
        return round(abs(fact.movement.delta_g) * 10)
    return round(abs(entry.qty) * item.unit_weight_g * 10)
