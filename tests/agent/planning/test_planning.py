"""What cannot be told apart: known by heart where arithmetic is easy, held against the running model elsewhere."""

from __future__ import annotations

import math
import random
from statistics import NormalDist

import pytest

from agent.inference import Hypothesis, InferenceParameters, Part
from agent.inference.change import Change
from agent.inference.geometry import Geometry
from agent.inference.likelihood import log_goods
from agent.inference.parts import Place
from agent.planning import Confusion, Planner, PlanParameters, better_swap
from agent.planning.movements import PlateModel
from agent.planning.overlap import bound, overlap
from agent.store import Store, parse_store
from agent.weighing import PlateScale

CORNERS = ((20.0, 20.0), (430.0, 20.0), (20.0, 280.0), (430.0, 280.0))
Lanes = list[tuple[str, float, float]]


def shop(
    goods: dict[str, tuple[float, float]],
    plates: list[Lanes],
    cells: int = 4,
    factor: float = 429.0,
    loose: tuple[str, ...] = (),
    max_g: float = 20_000.0,
) -> Store:
    """`goods`: sku to mean and standard deviation of a unit; `plates`: lanes (sku, from, to) of each."""
    text = 'schema = "store/1"\n[store]\nid = "demo"\ncurrency = "EUR"\n'
    for sku, (mean, sd) in goods.items():
        sold = "weight" if sku in loose else "unit"
        text += f'[[item]]\nsku = "{sku}"\nname = "{sku}"\nprice = "1.00"\nsold_by = "{sold}"\n'
        text += f"unit_weight_g = {mean}\nunit_sd_g = {sd}\n"
    for k, lanes in enumerate(plates):
        text += f'[[plate]]\nid = "P{k + 1}"\nsize_mm = [450.0, 300.0]\nmax_g = {max_g}\n'
        for c in range(cells):
            x, y = CORNERS[c] if cells > 1 else (225.0, 150.0)
            text += f'[[plate.cell]]\nboard = "b{k:015x}"\nchannel = {c}\nx_mm = {x}\ny_mm = {y}\n'
            text += f"zero_counts = 0\ncounts_per_gram = {factor}\n"
        for sku, low, high in lanes:
            text += f'[[plate.lane]]\nsku = "{sku}"\nx_mm = [{low}, {high}]\nstock = 10\n'
    return parse_store(text.encode(), "shop.toml")


def found(store: Store, **parameters: float) -> list[Confusion]:
    return Planner(store.items, PlanParameters(**parameters)).confusions(store)  # type: ignore[arg-type]


def of(rows: list[Confusion], kind: str, one: str, other: str) -> Confusion | None:
    pair = {((one, 1),), ((other, 1),)}
    return next((row for row in rows if row.kind == kind and {row.one, row.other} == pair), None)


HALVES: Lanes = [("a", 0.0, 225.0), ("b", 225.0, 450.0)]


def test_on_one_cell_the_error_is_that_of_two_normals() -> None:
    store = shop({"a": (350.0, 2.0), "b": (354.0, 2.0)}, [HALVES], cells=1)
    row = of(found(store), "take", "a", "b")
    assert row is not None
    noise = (135.0 / 429.0) ** 2 * (1 / (80 * 0.35) + 1 / 80) + (0.0003 * 352) ** 2
    assert row.error == pytest.approx(NormalDist().cdf(-2.0 / math.sqrt(4 + noise)), rel=0.03)
    assert row.share == pytest.approx(0.9 * 0.8 * row.error, rel=0.03)  # of all takes: one product, one unit


def test_twins_on_one_cell_cannot_be_told_apart_at_all() -> None:
    row = of(found(shop({"a": (350.0, 2.0), "b": (350.0, 2.0)}, [HALVES], cells=1)), "take", "a", "b")
    assert row is not None
    assert row.error == pytest.approx(0.5, abs=1e-3)


def test_four_cells_tell_twins_by_their_place() -> None:
    goods = {"a": (350.0, 2.0), "b": (350.0, 2.0)}
    apart = of(found(shop(goods, [[("a", 0.0, 150.0), ("b", 300.0, 450.0)]]), least_error=1e-4), "take", "a", "b")
    beside = of(found(shop(goods, [HALVES]), least_error=1e-4), "take", "a", "b")
    assert apart is not None
    assert beside is not None
    # one in fifty was pushed out of its lane before, and half of those are taken for the other
    assert apart.error == pytest.approx(0.02 / 2, rel=0.05)
    assert 0.01 < beside.error < 0.03


def test_the_error_is_that_of_the_model_that_judges() -> None:
    """Drawn from the plan's densities and judged by the likelihood that runs: as many errors as the plan says."""
    goods = {"a": (350.0, 5.0), "b": (356.0, 4.0)}
    store = shop(goods, [[("a", 0.0, 200.0), ("b", 200.0, 450.0)]])
    plate, p = store.plates["P1"], InferenceParameters()
    planned = of(found(store, least_error=1e-4), "take", "a", "b")
    assert planned is not None
    scale = PlateScale(plate)
    geometry = Geometry.of(plate, scale.x0_mm, scale.y0_mm, scale.half_x_mm, scale.half_y_mm, 3)
    noise = PlateModel(plate, store.items, PlanParameters(), p).noise_g2
    hypotheses = [
        Hypothesis((Part(sku, 1, -1, mean, sd**2, Place(lane.x_mm, (0.0, 300.0), p.out_of_lane)),), 0.0)
        for (sku, (mean, sd)), lane in zip(goods.items(), plate.lanes, strict=True)
    ]
    rng = random.Random(7)
    wrong, n = 0, 6_000
    for k in range(n):
        true = k % 2
        part = hypotheses[true].parts[0]
        loose = [rng.random() < p.out_of_lane for _ in "xy"]
        x = rng.uniform(0, 450) if loose[0] else rng.uniform(*part.place.x)
        y = rng.uniform(0, 300)
        x, y = rng.gauss(x, p.place_sd_mm), rng.gauss(y, p.place_sd_mm)
        weight = -rng.gauss(part.mean_g, math.sqrt(part.variance_g2 + noise + (p.change_sd * part.mean_g) ** 2))
        moments = (weight * (x - 225) / 205, weight * (y - 150) / 130)
        change = Change((weight, *moments), (noise + (p.change_sd * weight) ** 2,) * 3)
        scores = [log_goods(change, hypothesis, geometry, p) for hypothesis in hypotheses]
        wrong += scores[true] < scores[1 - true]
    assert wrong / n == pytest.approx(planned.error, abs=4 * math.sqrt(planned.error / n) + 0.002)


def test_counts_are_confused_where_weights_meet() -> None:
    rows = found(shop({"a": (100.0, 1.0), "b": (150.0, 1.0)}, [HALVES], cells=1))
    met = [row for row in rows if {row.one, row.other} == {(("a", 3),), (("b", 2),)}]
    assert len(met) == 1
    assert met[0].error > 0.4
    assert met[0].share is not None
    assert met[0].share < 0.9 * 0.045  # three at once are seldom, and so is the error


def test_two_at_once_are_confused_with_one_of_their_summed_weight() -> None:
    goods = {"a": (100.0, 1.0), "b": (150.0, 1.0), "c": (250.0, 1.0)}
    lanes: Lanes = [("a", 0.0, 150.0), ("b", 150.0, 300.0), ("c", 300.0, 450.0)]
    couple = {(("a", 1), ("b", 1)), (("c", 1),)}
    one_cell = [row for row in found(shop(goods, [lanes], cells=1)) if {row.one, row.other} == couple]
    four_cells = [row for row in found(shop(goods, [lanes])) if {row.one, row.other} == couple]
    assert one_cell[0].error > 0.3
    assert not four_cells  # their common centre of pressure lies elsewhere


def test_units_that_vary_too_much_cannot_be_counted() -> None:
    store = shop({"a": (100.0, 30.0), "b": (2_000.0, 1.0)}, [HALVES])
    rows = [row for row in found(store) if row.skus == {"a"}]
    assert {(row.one[0][1], row.other[0][1]) for row in rows if row.other} == {(1, 2), (2, 3)}
    loose = shop({"a": (100.0, 30.0), "b": (2_000.0, 1.0)}, [HALVES], loose=("a",))
    assert not [row for row in found(loose) if row.skus == {"a"}]  # sold by weight, the count is no matter


def test_what_is_too_light_is_confused_with_nothing() -> None:
    rows = found(shop({"a": (1.0, 0.1), "b": (500.0, 1.0)}, [HALVES], factor=20.0))
    nothing = [row for row in rows if () in (row.one, row.other)]
    assert [row.skus for row in nothing] == [{"a"}]
    assert nothing[0].error > 0.1
    assert not [
        row for row in found(shop({"a": (20.0, 0.1), "b": (500.0, 1.0)}, [HALVES])) if () in (row.one, row.other)
    ]


def test_put_back_they_are_known_by_what_each_weighed() -> None:
    """Both units were weighed when they were taken, so only those that happen to weigh alike are confused."""
    store = shop({"a": (350.0, 3.0), "b": (350.0, 3.0)}, [HALVES], cells=1)
    rows = found(store)
    taken, put = of(rows, "take", "a", "b"), of(rows, "put", "a", "b")
    assert taken is not None
    assert put is not None
    assert put.share is None
    assert put.error < taken.error / 3
    sharper = of(found(shop({"a": (350.0, 6.0), "b": (350.0, 6.0)}, [HALVES], cells=1)), "put", "a", "b")
    assert sharper is not None
    assert sharper.error < put.error


def test_goods_of_neighbouring_plates_are_confused_when_put_on_one_of_them() -> None:
    goods = {"a": (350.0, 0.3), "b": (350.0, 0.3), "c": (900.0, 1.0), "d": (1_300.0, 1.0)}
    whole = [[(sku, 0.0, 450.0)] for sku in ("a", "b", "c", "d")]
    rows = found(shop(goods, whole))
    assert {row.plate for row in rows if row.skus == {"a", "b"}} == {"P1", "P2"}
    far = [[(sku, 0.0, 450.0)] for sku in ("a", "c", "d", "b")]
    assert not [row for row in found(shop(goods, far)) if row.skus == {"a", "b"}]


def test_ten_conversions_a_second_tell_less_than_eighty() -> None:
    store = shop({"a": (20.0, 0.05), "b": (20.9, 0.05)}, [HALVES], cells=1, factor=100.0)
    fast, slow = (of(found(store, rate_hz=rate, least_error=1e-4), "take", "a", "b") for rate in (80, 10))
    assert fast is not None
    assert slow is not None
    assert slow.error > fast.error * 1.2


def test_the_worst_come_first_and_none_below_the_least() -> None:
    goods = {"a": (100.0, 1.0), "b": (101.0, 1.0), "c": (300.0, 1.0), "d": (304.0, 1.0)}
    lanes: Lanes = [(sku, 100.0 * k, 100.0 * k + 100) for k, sku in enumerate(goods)]
    errors = [row.error for row in found(shop(goods, [lanes], cells=1))]
    assert errors == sorted(errors, reverse=True)
    assert min(errors) >= 0.01
    assert all(row.error >= 0.3 for row in found(shop(goods, [lanes], cells=1), least_error=0.3))


def test_the_quick_bound_is_never_below_the_error() -> None:
    goods = {"a": (100.0, 2.0), "b": (103.0, 1.0), "c": (206.0, 4.0)}
    store = shop(goods, [[("a", 0.0, 150.0), ("b", 150.0, 300.0), ("c", 300.0, 400.0), ("a", 400.0, 450.0)]])
    p = PlanParameters()
    movements = PlateModel(store.plates["P1"], store.items, p, InferenceParameters()).takes()
    for one in movements:
        for other in movements:
            assert overlap(one, other, p).error <= bound(one, other) + 1e-3
        assert overlap(one, one, p).error == pytest.approx(0.5, abs=0.01)


def test_a_better_placing_parts_the_twins() -> None:
    goods = {"a": (350.0, 2.0), "b": (350.0, 2.0), "c": (900.0, 2.0), "d": (1_300.0, 2.0)}
    plates: list[Lanes] = [HALVES, [("c", 0.0, 225.0), ("d", 225.0, 450.0)]]
    store = shop(goods, plates, cells=1)
    planner = Planner(store.items)
    row = of(planner.confusions(store), "take", "a", "b")
    assert row is not None
    swap = better_swap(planner, store.plates_of("a1"), store.items, row)
    assert swap is not None
    assert swap.one.plate != swap.other.plate
    assert {swap.one.sku, swap.other.sku} & {"a", "b"}
    assert swap.error == 0.0
    # carried out, it does what it promised
    lanes = {(k, n): lane for k, plate in enumerate(plates) for n, lane in enumerate(plate)}
    for spot, sku in ((swap.one, swap.other.sku), (swap.other, swap.one.sku)):
        place = (int(spot.plate[1:]) - 1, spot.lane)
        lanes[place] = (sku, *lanes[place][1:])
    after = found(shop(goods, [[lanes[k, n] for n in range(2)] for k in range(2)], cells=1))
    assert of(after, "take", "a", "b") is None
    assert max((each.error for each in after), default=0.0) <= row.error / 2


def test_a_placing_is_none_that_confuses_others_as_badly_or_overloads_a_plate() -> None:
    goods = {"a": (350.0, 2.0), "b": (350.0, 2.0), "c": (350.0, 2.0), "d": (350.0, 2.0)}
    plates: list[Lanes] = [HALVES, [("c", 0.0, 225.0), ("d", 225.0, 450.0)]]
    alike = shop(goods, plates, cells=1)
    planner = Planner(alike.items)
    for row in planner.confusions(alike):
        assert better_swap(planner, alike.plates_of("a1"), alike.items, row) is None
    heavy = shop(goods | {"c": (1_500.0, 2.0), "d": (1_600.0, 2.0)}, plates, cells=1, max_g=32_000.0)
    planner = Planner(heavy.items)
    light = heavy.plates["P1"].model_copy(update={"max_g": 8_000.0})
    twins = of(planner.confusions(heavy), "take", "a", "b")
    assert twins is not None
    assert better_swap(planner, heavy.plates_of("a1"), heavy.items, twins) is not None
    assert better_swap(planner, (light, heavy.plates["P2"]), heavy.items, twins) is None
