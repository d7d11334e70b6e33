"""What a step that was told changes in the belief: who left, who came, what each weighed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.inference.belief import Belief, Bundle, Filled, PlateBelief
from agent.inference.change import Change
from agent.inference.doubts import seen_as
from agent.inference.items import Items, Shares
from agent.inference.parts import Part
from agent.inference.step import Step

Place = tuple[float, float] | None


@dataclass(frozen=True)
class Memory:
    """What a step changed: `grams` by sku that moved, signed in the event's direction, and how to take it back."""

    plate: str
    grams: dict[str, float]
    counts: dict[str, int]
    pool: tuple[tuple[Bundle, ...], tuple[Bundle, ...]]  # that came, that went
    strays: tuple[tuple[Bundle, ...], tuple[Bundle, ...]]
    known: tuple[tuple[Bundle, ...], tuple[Bundle, ...]]
    filled: tuple[Filled | None, Filled | None]  # before, after


def remember(belief: Belief, plate: str, step: Step, place_mm: Place, t_ns: int) -> Memory:
    """Move the goods of a step."""
    state = belief.plates[plate]
    counts, pool, was_filled = dict(state.counts), list(belief.pool), belief.filled
    strays, known = list(state.strays), list(state.known)
    grams = _move(belief, plate, _found_again(belief, plate, step), place_mm, t_ns)
    changed = {sku: n - counts.get(sku, 0) for sku, n in state.counts.items() if n != counts.get(sku, 0)}
    filled = (was_filled, belief.filled)
    bundles = (_difference(pool, belief.pool), _difference(strays, state.strays), _difference(known, state.known))
    return Memory(plate, grams, changed, *bundles, filled)


def take_back(belief: Belief, memory: Memory) -> bool:
    """Undo a step; False, and nothing done, where what it moved has moved on since."""
    state = belief.plates[memory.plate]
    (pool_came, pool_went), (strays_came, strays_went) = memory.pool, memory.strays
    if not (_holds(belief.pool, pool_came) and _holds(state.strays, strays_came)):
        return False
    belief.pool = [*_without(belief.pool, pool_came), *pool_went]
    state.strays = [*_without(state.strays, strays_came), *strays_went]
    state.known = [*_without(state.known, memory.known[0]), *memory.known[1]]
    for sku, change in memory.counts.items():
        state.counts[sku] = max(state.counts.get(sku, 0) - change, 0)
    if belief.filled == memory.filled[1]:
        belief.filled = memory.filled[0]
    return True


def left_otherwise(belief: Belief, memory: Memory, items: Items) -> None:
    """What left a plate was other goods than was remembered: it counts those that stand there."""
    counts = belief.plates[memory.plate].counts
    for sku, change in memory.counts.items():
        counts[sku] = max(counts.get(sku, 0) - change, 0)
    for sku, count in items:
        if sku in counts:
            counts[sku] = max(counts[sku] - count, 0)


def _found_again(belief: Belief, plate: str, step: Step) -> Step:
    """The step with its goods as this belief holds them: it may have been read from a fork in which they moved, too."""
    if step.best is None or all(part.source is None for part in step.best.parts):
        return step
    state = belief.plates[plate]
    held = [*belief.pool, *state.strays, *state.known]
    parts = tuple(replace(part, source=_alike(part.source, held)) for part in step.best.parts)
    return replace(step, best=replace(step.best, parts=parts))


def _alike(source: Bundle | None, held: list[Bundle]) -> Bundle | None:
    if source is None or any(bundle is source for bundle in held):
        return source
    of_kind = [bundle for bundle in held if (bundle.sku, bundle.count) == (source.sku, source.count)]
    near = min(of_kind, key=lambda bundle: abs(bundle.weight_g - source.weight_g), default=source)
    return near if abs(near.weight_g - source.weight_g) < _SAME_G else source


def _difference(before: list[Bundle], after: list[Bundle]) -> tuple[tuple[Bundle, ...], tuple[Bundle, ...]]:
    return tuple(_without(after, before)), tuple(_without(before, after))


def _without(bundles: list[Bundle], others: Sequence[Bundle]) -> list[Bundle]:
    return [bundle for bundle in bundles if not any(bundle is other for other in others)]


def _holds(bundles: list[Bundle], wanted: Sequence[Bundle]) -> bool:
    return all(any(bundle is other for other in bundles) for bundle in wanted)


def _move(belief: Belief, plate: str, step: Step, place_mm: Place, t_ns: int) -> dict[str, float]:
    if step.nothing:
        if step.pushed:
            belief.push(plate, step.change.delta_g[1:])
        if step.best is not None:
            _slip(belief, plate, step.best.parts[0])
        return {}
    if step.best is None:
        _foreign(belief, plate, step.change, place_mm, t_ns, _doubt(step, belief))
        return {}
    weighed_g, weights = _shared_out(step.change, step.best.parts), _weights(step.change, step.best.parts)
    doubt = _doubt(step, belief) if len(step.best.parts) == 1 else ()
    grams: dict[str, float] = {}
    for part, told_g, (weight_g, variance_g2) in zip(step.best.parts, weighed_g, weights, strict=True):
        alone = place_mm if len(step.best.parts) == 1 else None
        if part.sign < 0:
            _leave(belief, plate, part, weight_g, variance_g2, t_ns, doubt)
        else:
            _come(belief, plate, part, weight_g, variance_g2, alone, t_ns, doubt)
        if part.sku is not None:
            grams[part.sku] = grams.get(part.sku, 0.0) + told_g * part.sign * step.direction
    return grams


def _shared_out(change: Change, parts: tuple[Part, ...]) -> list[float]:
    """What was weighed of each part, so that together they weigh what moved: the rest is shared by variance."""
    over = change.delta_g[0] - sum(part.sign * part.mean_g for part in parts)
    spread = sum(part.variance_g2 for part in parts) or 1.0
    return [part.mean_g + part.sign * over * part.variance_g2 / spread for part in parts]


def _weights(change: Change, parts: tuple[Part, ...]) -> list[tuple[float, float]]:
    """Weight and variance of each part by what was weighed and what was known of it before (Kalman's update)."""
    over = change.delta_g[0] - sum(part.sign * part.mean_g for part in parts)
    spread = (sum(part.variance_g2 for part in parts) + change.variance_g2[0]) or 1.0
    out = []
    for part in parts:
        gain = part.variance_g2 / spread
        out.append((part.mean_g + part.sign * over * gain, part.variance_g2 * (1 - gain)))
    return out


def _doubt(step: Step, belief: Belief) -> Shares:
    """What else may have moved: only goods or things of about the same weight come into question."""
    p = belief.parameters
    others = [(items, share) for items, share in step.ranked[1:] if share >= p.least_doubt]
    total = step.ranked[0][1] + sum(share for _, share in others)
    return tuple((items, share / total) for items, share in others[: p.doubts])


def _slip(belief: Belief, plate: str, part: Part) -> None:
    state = belief.plates[plate]
    state.strays = [
        stray
        if stray is not part.source
        else replace(stray, weight_g=stray.weight_g + stray.hidden_g, hidden_g=0.0, hidden_g2=0.0)
        for stray in state.strays
    ]


def _leave(
    belief: Belief,
    plate: str,
    part: Part,
    weight_g: float,
    variance_g2: float,
    t_ns: int,
    doubt: Shares,
) -> None:
    state = belief.plates[plate]
    if part.source is not None and not part.from_lane:
        state.strays = [stray for stray in state.strays if stray is not part.source]
        weight_g += part.source.hidden_g
    elif part.sku is not None:
        state.counts[part.sku] = max(state.counts.get(part.sku, 0) - part.count, 0)
        state.known = _still_known(state, part)
        state.moved *= belief.parameters.still_moved
    if not state.staff:
        belief.take(Bundle(part.sku, part.count, weight_g, variance_g2, t_ns, plate, doubt=doubt))


def _come(
    belief: Belief,
    plate: str,
    part: Part,
    weight_g: float,
    variance_g2: float,
    place_mm: Place,
    t_ns: int,
    doubt: Shares,
) -> None:
    state = belief.plates[plate]
    hidden_g = hidden_g2 = 0.0
    if part.leans and part.source is not None:
        hidden_g, hidden_g2 = part.source.weight_g - weight_g, part.source.variance_g2 + variance_g2
    if part.source is not None and any(bundle is part.source for bundle in belief.pool):
        belief.give_back(part.source, part.count, weight_g, variance_g2, seen_as(part.source, part))
    elif part.source is None and part.from_lane and part.sku is not None and not state.staff:
        belief.filled = Filled(t_ns, plate, part.sku)
    inside = part.from_lane and not part.leans and not doubt and (place_mm is None or _within(part, place_mm))
    if inside and part.sku is not None:
        state.counts[part.sku] = state.counts.get(part.sku, 0) + part.count
        if part.count == 1 and place_mm is not None:
            belief.put_known(plate, Bundle(part.sku, 1, weight_g, variance_g2, t_ns, plate, place_mm))
        return
    stray = Bundle(part.sku, part.count, weight_g, variance_g2, t_ns, plate, place_mm, hidden_g, hidden_g2, doubt)
    belief.put_stray(plate, stray)


def _still_known(state: PlateBelief, part: Part) -> list[Bundle]:
    """The known units after some of a lane were taken: never more than stand there."""
    known = [unit for unit in state.known if unit is not part.source]
    own = [unit for unit in known if unit.sku == part.sku]
    gone = own[: max(len(own) - state.counts.get(part.sku or "", 0), 0)]
    return _without(known, gone)


def _within(part: Part, place_mm: tuple[float, float]) -> bool:
    (x0, x1), (y0, y1) = part.place.x, part.place.y
    return x0 <= place_mm[0] <= x1 and y0 <= place_mm[1] <= y1


def _foreign(belief: Belief, plate: str, change: Change, place_mm: Place, t_ns: int, doubt: Shares) -> None:
    """Something else came or left: it is remembered by its weight, so that it is known when it moves again."""
    weight_g, variance_g2 = abs(change.delta_g[0]), change.variance_g2[0]
    bundle = Bundle(None, 1, weight_g, variance_g2, t_ns, plate, place_mm, doubt=doubt)
    if change.delta_g[0] > 0:
        belief.put_stray(plate, bundle)
    else:
        belief.take(bundle)


_SAME_G = 0.01  # a bundle that two readings of the same plateaus weighed
