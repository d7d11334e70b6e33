"""What a change may have been: every hypothesis with its prior, from the belief of what stands where."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, islice

from agent.inference.belief import Belief, Bundle, PlateBelief
from agent.inference.doubts import doubted, others
from agent.inference.filling import comes_to_lane, lane_at_work, unseen_counts
from agent.inference.geometry import Geometry
from agent.inference.habits import USED
from agent.inference.parameters import InferenceParameters
from agent.inference.parts import Hypothesis, Part, Place, kind_of_put
from agent.inference.sums import log_chance
from agent.store import Item, Lane, Plate


class Imagination:
    """Lists the hypotheses of a plate."""

    def __init__(
        self,
        items: dict[str, Item],
        plates: dict[str, Plate],
        geometry: dict[str, Geometry],
        parameters: InferenceParameters,
    ) -> None:
        self._items = items
        self._plates = plates
        self._geometry = geometry
        self._p = parameters

    def picks(self, belief: Belief, plate_id: str, delta_g: float) -> list[Hypothesis]:
        """What may have left a plate when its weight fell by about `delta_g` (positive)."""
        plate, state = self._plates[plate_id], belief.plates[plate_id]
        p = self._p
        sources = self._lanes(plate, state)
        strays = [(stray, p.pick_stray * max(len(sources), 1)) for stray in state.strays]
        shares = [1.0 if state.counts.get(sku, 0) > 0 else p.beyond_stock for sku, _ in sources]
        total = sum(shares) + sum(share for _, share in strays) or 1.0
        out: list[Hypothesis] = []
        singles: list[tuple[list[Part], float]] = []
        for (sku, place), share in zip(sources, shares, strict=True):
            parts = list(self._lane_parts(belief, sku, place, state, delta_g))
            singles.append(([part for part, _ in parts], share / total))
            known = self._known_units(plate, state, sku)
            unknown = 1.0 - sum(portion for _, portion in known)
            known += [(part, portion * unknown) for part, portion in self._pushed_units(plate, state, parts[0][0])]
            unknown = 1.0 - sum(portion for _, portion in known)
            for part, chance in parts:
                habit = belief.habits.of_pick(part.count) if not self._items[sku].by_weight else 1.0
                usual = p.pick_one_product * share / total * chance * habit
                out.append(Hypothesis((part,), log_chance(usual * unknown if part.count == 1 else usual)))
                if part.count == 1:
                    out += [Hypothesis((unit,), log_chance(usual * portion)) for unit, portion in known]
        for stray, share in strays:
            part = self._stray_part(stray, plate, state)
            singles.append(([part], share / total))
            out += doubted(part, p.pick_one_product * share / total)
        out += self._several(singles, belief.habits.of_pick(1, 1))
        return out

    def slips(self, belief: Belief, plate_id: str, delta_g: float) -> list[Hypothesis]:
        """Units that leant against the side and may have slipped down, when the weight rose by about `delta_g`."""
        p = self._p
        out = []
        for stray in belief.plates[plate_id].strays:
            variance_g2 = p.slip_sd_g**2 + stray.hidden_g2
            if stray.hidden_g and abs(delta_g - stray.hidden_g) < _FAR_SDS * math.sqrt(variance_g2):
                place = self._stray_part(stray, self._plates[plate_id], belief.plates[plate_id]).place
                part = Part(stray.sku, stray.count, 1, stray.hidden_g, variance_g2, place, stray, leans=True)
                out.append(Hypothesis((part,), log_chance(p.slip)))
        return out

    def puts(self, belief: Belief, plate_id: str, delta_g: float, now_ns: int) -> list[Hypothesis]:
        """What may have come to a plate when its weight rose by about `delta_g`."""
        plate, state = self._plates[plate_id], belief.plates[plate_id]
        p = self._p
        near = self._out(belief, plate, now_ns)
        weight = sum(share for _, share in near)
        seen = 0.0 if state.staff else weight / (weight + p.pool_ease) if weight else 0.0
        out: list[Hypothesis] = []
        for bundle, share in near:
            chance = seen * share / weight if weight else 0.0
            for part, portion in self._bundle_parts(bundle, plate, delta_g):
                out += doubted(part, chance * portion, log_chance(belief.habits.of_put(kind_of_put(part))))
            for instead, doubt in others(bundle):
                for part, portion in self._bundle_parts(instead, plate, delta_g):
                    if part.count < instead.count:  # all of them are the bundle itself, seen otherwise
                        log_habit = log_chance(belief.habits.of_put(kind_of_put(part)))
                        some = (replace(part, source=bundle),)
                        out.append(Hypothesis(some, log_chance(chance * portion * doubt), log_habit=log_habit))
        recent = sorted(near, key=lambda pair: -pair[1])[:_PAIRED_BUNDLES]
        out += self._both([(bundle, seen * share / weight) for bundle, share in recent if weight], plate, delta_g, seen)
        filling = lane_at_work(belief, now_ns, p)
        for sku, place in self._lanes(plate, state):
            comes = comes_to_lane(belief, plate, sku, filling, p)
            for part, chance in self._unseen_parts(belief, sku, place, state, delta_g, filling=filling is not None):
                out.append(Hypothesis((part,), log_chance(comes * chance)))
        away = [sku for sku in self._items if sku not in state.counts]
        for sku in away:
            for part, chance in self._unseen_parts(belief, sku, _anywhere(plate), state, delta_g):
                out.append(Hypothesis((part,), log_chance(p.put_other_unseen * chance / len(away))))
        return out

    def _both(
        self, recent: list[tuple[Bundle, float]], plate: Plate, delta_g: float, seen: float
    ) -> Iterator[Hypothesis]:
        """Two bundles that come back at the same moment, each with its chance of coming alone."""
        p = self._p
        whole = [(self._bundle_parts(bundle, plate, 0.0)[-1][0], chance) for bundle, chance in recent]
        for (first, a), (second, b) in combinations(whole, 2):
            over = first.mean_g + second.mean_g - delta_g
            if abs(over) > _FAR_SDS * math.sqrt(first.variance_g2 + second.variance_g2) + _FAR_G:
                continue
            chance = p.put_two_bundles * a * b / max(seen, 1e-9)
            if _taken_together(first, second):
                chance += p.put_together * min(a, b)
            yield Hypothesis((first, second), log_chance(chance))

    def used(self, belief: Belief, plate_id: str, now_ns: int) -> list[Hypothesis]:
        """Packs of what was taken that come back used, in part or up: things that are no goods any more."""
        plate, p = self._plates[plate_id], self._p
        out, log_habit = [], log_chance(belief.habits.of_put(USED))
        near = self._out(belief, plate, now_ns)
        weight = sum(share for _, share in near)
        for bundle, share in near:
            if bundle.sku is None or bundle.count > 1 or self._items[bundle.sku].by_weight:
                continue
            place = self._home(bundle, plate)
            for portion, left, sd in p.used:
                variance_g2 = (sd * bundle.weight_g) ** 2
                part = Part(None, 1, 1, left * bundle.weight_g, variance_g2, place)
                out.append(Hypothesis((part,), log_chance(p.put_used * share * portion / weight), log_habit=log_habit))
        return out

    def _home(self, bundle: Bundle, plate: Plate) -> Place:
        """Where units of a bundle are set down on a plate: in their lane, where it has one."""
        lane = _lane_of(bundle, plate)
        return _anywhere(plate) if lane is None else _in_lane(lane, plate, self._p.put_out_of_lane)

    def swaps(self, belief: Belief, plate_id: str, now_ns: int, peak_g: float) -> list[Hypothesis]:
        """One unit taken and another, known to be out of the shelf, put within one movement, in which the weight was
        `peak_g` away from where it began: less than either weighs only where they cross exactly."""
        plate, state = self._plates[plate_id], belief.plates[plate_id]
        near = sorted(self._out(belief, plate, now_ns), key=lambda pair: -pair[1])[:_PAIRED_BUNDLES]
        weight = sum(share for _, share in near)
        if not weight:
            return []
        leaving = [
            part
            for sku, place in self._lanes(plate, state)
            for part, _ in islice(self._lane_parts(belief, sku, place, state, 0), 1)
        ]
        leaving += [self._stray_part(stray, plate, state) for stray in state.strays]
        out = []
        for bundle, share in near:
            for part, portion in self._bundle_parts(bundle, plate, 0.0)[:1]:
                log_swap = log_chance(self._p.swap * share / weight * portion / max(len(leaving), 1))
                for away in (other for other in leaving if other.sku != part.sku):
                    shows = peak_g >= self._p.swap_shows * min(away.mean_g, part.mean_g)
                    log_crossed = 0.0 if shows else log_chance(self._p.swap_at_once)
                    out.append(Hypothesis((away, part), log_swap + log_crossed))
        return out

    def _lanes(self, plate: Plate, state: PlateBelief) -> list[tuple[str, Place]]:
        p = self._p
        loose = p.out_of_lane + state.moved * (p.out_of_lane_moved - p.out_of_lane)
        return [(lane.sku, _in_lane(lane, plate, loose)) for lane in plate.lanes]

    def _lane_parts(
        self, belief: Belief, sku: str, place: Place, state: PlateBelief, delta_g: float
    ) -> Iterator[tuple[Part, float]]:
        item, stock, unit = self._items[sku], state.counts.get(sku, 0), belief.weights.unit(sku)
        for count, chance in self._counts(item, delta_g, staff=state.staff):
            short = 1.0 if count <= stock else self._p.beyond_stock
            part = Part(sku, count, -1, *unit.times(count), place, from_lane=True)
            yield part, chance * short

    def _known_units(self, plate: Plate, state: PlateBelief, sku: str) -> list[tuple[Part, float]]:
        """Units of a lane whose weight and place are known, each with its share of the single ones that are taken."""
        known = [unit for unit in state.known if unit.sku == sku]
        others = max(state.counts.get(sku, 0) - len(known), 0) + self._p.known_doubt
        share = self._p.known_again / (self._p.known_again * len(known) + others)
        return [(replace(self._stray_part(unit, plate, state), from_lane=True), share) for unit in known]

    def _pushed_units(self, plate: Plate, state: PlateBelief, single: Part) -> list[tuple[Part, float]]:
        """A unit of a lane that was pushed along: it stands as far from its lane as the moments then changed by its
        weight. It may have been pushed more than once."""
        geometry, out = self._geometry[plate.id], []
        x_g = y_g = 0.0
        for by_x_g, by_y_g in reversed(state.pushed):
            x_g, y_g = x_g + by_x_g, y_g + by_y_g
            x_mm, y_mm = geometry.half_x_mm * x_g / single.mean_g, geometry.half_y_mm * y_g / single.mean_g
            (x0, x1), (y0, y1) = single.place.x, single.place.y
            place = Place((x0 + x_mm, x1 + x_mm), (y0 + y_mm, y1 + y_mm), self._p.stray_moved)
            share = self._p.pushed_again * state.moved / len(state.pushed)
            out.append((replace(single, place=place), share))
        return out

    def _unseen_parts(
        self, belief: Belief, sku: str, place: Place, state: PlateBelief, delta_g: float, *, filling: bool = False
    ) -> list[tuple[Part, float]]:
        item, unit = self._items[sku], belief.weights.unit(sku)
        place = Place(place.x, place.y, self._p.put_out_of_lane)
        if state.staff:
            counts = self._counts(item, delta_g, staff=True)
        else:
            counts = unseen_counts(round(delta_g / item.unit_weight_g), self._p, filling=filling)
        return [
            (Part(sku, count, 1, *unit.times(count), place, from_lane=sku in state.counts), chance)
            for count, chance in counts
        ]

    def _stray_part(self, stray: Bundle, plate: Plate, state: PlateBelief) -> Part:
        known, p = stray.place_mm or (0.0, 0.0), self._p
        weighed_mm = p.stray_sd_g / max(stray.weight_g, p.stray_sd_g)  # of half the plate
        sd_x, sd_y = (math.hypot(p.stray_sd_mm, weighed_mm * size / 2) for size in plate.size_mm)
        loose = p.stray_still + state.moved * (p.stray_moved - p.stray_still)
        place = Place((known[0], sd_x), (known[1], sd_y), loose if stray.place_mm else 1.0, sharp=True)
        return Part(stray.sku, stray.count, -1, stray.weight_g, self._remembered(stray), place, stray)

    def _bundle_parts(self, bundle: Bundle, plate: Plate, delta_g: float) -> list[tuple[Part, float]]:
        """The whole bundle, or some of its units: (part, share)."""
        place, at_home = self._home(bundle, plate), _lane_of(bundle, plate) is not None
        out = []
        for count in range(1, bundle.count + 1):
            if count == bundle.count:
                mean, variance = bundle.weight_g, self._remembered(bundle)
            else:
                each = bundle.weight_g / bundle.count
                sd = self._items[bundle.sku].unit_sd_g if bundle.sku else each / 10
                mean = each * count
                variance = sd**2 * count * (1 - count / bundle.count) + self._remembered(bundle)
            if abs(mean - delta_g) > _FAR_SDS * math.sqrt(variance) + _FAR_G + _FAR_SHARE * mean and delta_g:
                continue
            part = Part(bundle.sku, count, 1, mean, variance, place, bundle, from_lane=at_home)
            out.append((part, self._returned(count, bundle.count)))
            if bundle.sku is not None and count == bundle.count == 1 and delta_g:
                share, sd = self._p.leant_share, self._p.leant_share_sd
                leaning = replace(part, mean_g=mean * share, variance_g2=(mean * sd) ** 2 + variance, leans=True)
                out.append((leaning, self._p.put_leant if at_home else self._p.put_leant_away))
        return out

    def _returned(self, count: int, of: int) -> float:
        """Chance that so many units of a bundle come back at once: mostly one, seldom all, hardly ever some."""
        one, whole = self._p.returned_one, self._p.returned_whole
        if of == 1:
            return 1.0
        if of == 2:
            return (one if count == 1 else whole) / (one + whole)
        return one if count == 1 else whole if count == of else (1.0 - one - whole) / (of - 2)

    def _several(self, singles: list[tuple[list[Part], float]], habit: float) -> Iterator[Hypothesis]:
        p = self._p
        few = [(parts[: p.together_counts], share) for parts, share in singles]
        pairs = max(len(few) * (len(few) - 1) / 2, 1.0)
        counted = [[(part, self._count_chance(part)) for part in parts] for parts, _ in few]
        usual = habit * p.pick_two_products / pairs
        for a_parts, b_parts in combinations(counted, 2):
            for a, of_a in a_parts:
                for b, of_b in b_parts:
                    yield Hypothesis((a, b), log_chance(usual * of_a * of_b))
        triples = max(pairs * (len(few) - 2) / 3, 1.0)
        log_trio = log_chance(habit * p.pick_three_products / triples)
        for trio in combinations([parts[0] for parts, _ in few if parts], 3):
            yield Hypothesis(trio, log_trio)

    def _count_chance(self, part: Part) -> float:
        item = self._items.get(part.sku or "")
        chances = self._p.pieces if item is not None and item.by_weight else self._p.counts
        return chances[part.count - 1] if part.from_lane and part.count <= len(chances) else 1.0

    def _counts(self, item: Item, delta_g: float, *, staff: bool) -> Iterator[tuple[int, float]]:
        """Counts worth trying with their chance: always the first few, for large changes those near."""
        if staff:
            for count in range(1, self._p.staff_counts + 1):
                yield count, 1.0 / self._p.staff_counts
            return
        chances = self._p.pieces if item.by_weight else self._p.counts
        for count, chance in enumerate(chances, start=1):
            yield count, chance
        about = round(delta_g / item.unit_weight_g)
        for count in range(max(about - 1, len(chances) + 1), min(about + 1, _MOST_COUNTED) + 1):
            yield count, chances[-1] * 0.5 ** (count - len(chances))

    def _recency(self, bundle: Bundle, now_ns: int) -> float:
        """How readily a bundle is set down by its age: most is still in the hand that took it, the rest in a bag."""
        age_s, p = max(now_ns - bundle.t_ns, 0) * 1e-9, self._p
        later = max(math.exp(-age_s / p.put_memory_s), p.put_memory_floor)
        return p.put_soon * math.exp(-age_s / p.put_soon_s) + (1 - p.put_soon) * later

    def _out(self, belief: Belief, plate: Plate, now_ns: int) -> list[tuple[Bundle, float]]:
        """What was out of the shelf by then, and how readily it comes to a plate. In hindsight more may have been taken
        since, from other plates."""
        out = [bundle for bundle in belief.pool if bundle.t_ns <= now_ns]
        return [(bundle, self._recency(bundle, now_ns) * self._at_home(bundle, plate)) for bundle in out]

    def _at_home(self, bundle: Bundle, plate: Plate) -> float:
        """Goods go back to where they belong rather than to any other plate."""
        return self._p.put_away if _lane_of(bundle, plate) is None else 1.0

    def _remembered(self, bundle: Bundle) -> float:
        return bundle.variance_g2 + (self._p.remembered_sd * bundle.weight_g) ** 2


_PAIRED_BUNDLES = 6
_MOST_COUNTED = 60
_FAR_SDS = 8.0
_FAR_G = 20.0
_FAR_SHARE = 0.15  # what leans against the side weighs less


def _lane_of(bundle: Bundle, plate: Plate) -> Lane | None:
    """Where its units belong on a plate; None: not there."""
    return next((lane for lane in plate.lanes if lane.sku == bundle.sku), None)


def _in_lane(lane: Lane, plate: Plate, loose: float) -> Place:
    return Place(lane.x_mm, lane.y_mm or (0.0, plate.size_mm[1]), loose)


def _taken_together(first: Part, second: Part) -> bool:
    """Whether the whole of two bundles left the same plate in the same movement."""
    one, other = first.source, second.source
    if one is None or other is None or (first.count, second.count) != (one.count, other.count):
        return False
    return (one.plate, one.t_ns) == (other.plate, other.t_ns)


def _anywhere(plate: Plate) -> Place:
    return Place((0.0, plate.size_mm[0]), (0.0, plate.size_mm[1]), 0.0)
