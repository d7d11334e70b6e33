"""What a person must see: why an account is in doubt, which baskets it may have, which movements are unclear."""

from __future__ import annotations

from agent.store import Store
from resolver.baskets import EMPTY, Basket, Clue, Posterior, Reading
from resolver.receipts import Decision, Prices
from resolver.shop.effects import Doubt, Option
from resolver.shop.movements import Movements
from resolver.shop.plates import EventKey, name_of

MAX_OPTIONS = 6
"""Baskets offered to choose from: one key each, and no more than a person compares at a glance."""
MAX_DOUBTS = 12
CLEAR = 0.98
"""A movement is clear where one owner and reading has at least this probability."""
UNKNOWN_ITEM = 0.05
"""An item that the store file does not have is worth a look from this probability on."""
LOOSE_SHARE, LOOSE_G = 0.01, 3.0
"""What is sold by weight is billed to within this share of it, or so many grams, whichever is more; where its error is
as likely as not to be larger (one standard deviation), no machine bills it by itself."""
INVOLVED = 0.05
"""An account is party to a movement from this share on."""


def shares_of(account: str, keys: list[EventKey], posterior: Posterior) -> dict[EventKey, float]:
    """The probability of each movement that it was this account's."""
    chosen = posterior.choices
    nothing: dict[tuple[str | None, int], float] = {}
    return {key: _mine(account, chosen.get(name_of(key), nothing)) for key in keys}


def account_reasons(
    account: str,
    shares: dict[EventKey, float],
    movements: Movements,
    store: Store,
    posterior: Posterior,
    decision: Decision,
) -> list[str]:
    """Reasons for a person to look in the movements that were the account's with these probabilities."""
    reasons = []
    items = store.items
    for key, share in shares.items():
        if share < INVOLVED or movements.clue(key) is None:
            continue
        fact, correction = movements.fact(key), movements.correction(key)
        movement = fact.movement
        if movement.quality and "clock-unsynchronised" in movement.quality:
            reasons.append(f"clock-unsynchronised: the time of {fact.id} is not certain")
        if fact.kind == "change" and fact.window[0] < fact.window[1]:
            reasons.append(f"change-unmeasured: {fact.id} happened while nobody measured")
        for entry in correction.correction.items if correction is not None else movement.items:
            if entry.sku not in items:
                weight = correction.correction.confidence if correction is not None else movement.confidence
                if weight * share >= UNKNOWN_ITEM:
                    reasons.append(f"unknown-item: {entry.sku} of {fact.id} is not in the store file")
    reasons += _ill_weighed(account, posterior, decision)
    if not decision.sure:
        reasons += _unclear(shares, movements, posterior, decision)
    return reasons


def _ill_weighed(account: str, posterior: Posterior, decision: Decision) -> list[str]:
    """What is billed by a weight that is not known well enough."""
    loose = [held for held in decision.basket if held.weight_dg]
    if not loose:
        return []
    at = posterior.keys.index(account)
    variance: dict[str, float] = {}
    for bundle in posterior.hypotheses[0].carried[at]:
        variance[bundle.sku] = variance.get(bundle.sku, 0.0) + bundle.variance
    reasons = []
    for held in loose:
        error_g = variance.get(held.sku, 0.0) ** 0.5 / 10
        if error_g > max(LOOSE_G, LOOSE_SHARE * held.weight_dg / 10):
            reasons.append(f"weight-uncertain: {held.sku} was weighed to {error_g:.1f} g only")
    return reasons


def _unclear(
    shares: dict[EventKey, float], movements: Movements, posterior: Posterior, decision: Decision
) -> list[str]:
    reasons = [f"expected-loss: {decision.expected_loss:f} may be in dispute"]
    chosen = posterior.choices
    for key, share in shares.items():
        clue, fact = movements.clue(key), movements.fact(key)
        said = chosen.get(name_of(key), {})
        if clue is None or not said or share < INVOLVED:
            continue
        (owner, reading), best = max(said.items(), key=lambda entry: (entry[1], entry[0][0] or "", -entry[0][1]))
        if best < CLEAR:
            who = "nobody known" if owner is None else owner
            what = describe(clue.readings[reading])
            reasons.append(
                f"doubtful: {fact.kind} {fact.id} on plate {fact.movement.plate}: {what} by {who} {best:.2f}"
            )
    return reasons


def options_of(beliefs: list[tuple[Basket, float]], prices: Prices) -> tuple[Option, ...]:
    """The likeliest baskets, for a person to choose from; "nothing" is always among them."""
    offered = beliefs[:MAX_OPTIONS]
    if not any(basket == EMPTY for basket, _ in offered):
        offered = [*offered[: MAX_OPTIONS - 1], (EMPTY, 0.0)]
    return tuple(
        Option(basket, prices.lines(basket), prices.total(basket), probability) for basket, probability in offered
    )


def doubts_of(account: str, movements: Movements, posterior: Posterior, store: Store) -> tuple[Doubt, ...]:
    """The account's movements that are not clear; all of them where every one is."""
    chosen = posterior.choices
    found = []
    for key in movements.of(account):
        clue = movements.clue(key)
        assert clue is not None
        said = chosen.get(clue.id, {})
        clear = bool(said) and max(said.values()) >= CLEAR
        found.append((clear, _doubt(key, clue, movements, said, store)))
    unclear = [doubt for clear, doubt in found if not clear]
    return tuple((unclear or [doubt for _, doubt in found])[:MAX_DOUBTS])


def _doubt(
    key: EventKey, clue: Clue, movements: Movements, said: dict[tuple[str | None, int], float], store: Store
) -> Doubt:
    fact = movements.fact(key)
    by_reading: dict[int, float] = {}
    by_owner: dict[str, float] = {}
    for (owner, reading), probability in said.items():
        by_reading[reading] = by_reading.get(reading, 0.0) + probability
        by_owner[owner or "nobody known"] = by_owner.get(owner or "nobody known", 0.0) + probability
    readings = sorted(by_reading.items(), key=lambda entry: (-entry[1], entry[0]))
    return Doubt(
        event=fact.id,
        source=fact.source,
        plate=fact.movement.plate,
        kind=fact.kind,
        t_utc_ns=fact.t_utc_ns,
        started_utc_ns=fact.movement.started,
        settled_utc_ns=fact.movement.settled,
        delta_g=fact.movement.delta_g,
        readings=tuple((describe(clue.readings[number], store), probability) for number, probability in readings),
        near=tuple(sorted(by_owner.items(), key=lambda entry: (-entry[1], entry[0]))),
        quality=fact.movement.quality,
    )


def describe(reading: Reading, store: Store | None = None) -> str:
    """A reading in words, such as `2 Cola 330 ml can`; negative counts go back to the shelf."""
    if not reading.moves:
        return "something else"
    parts = []
    for move in reading.moves:
        name = store.items[move.sku].name if store is not None and move.sku in store.items else move.sku
        weight = f" ({abs(move.weight_dg) / 10:.1f} g)" if move.by_weight else ""
        parts.append(f"{'' if move.qty > 0 else 'back '}{abs(move.qty)} {name}{weight}")
    return " + ".join(parts)


def _mine(account: str, said: dict[tuple[str | None, int], float]) -> float:
    return sum([probability for (owner, _), probability in said.items() if owner == account])
