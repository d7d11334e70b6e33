"""Plates whose cells go bad: what is told meanwhile is never surer than three cells allow, and they come back."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.messages import Fault, Movement
from agent.messages.events import CHANGE, PICK, PUT
from agent.pipeline import Chunk, Pipeline, Told
from agent.pipeline.cells import DEGRADED_SHARE
from agent.store import Store, parse_store
from bench.wire import sample_frames
from tests.agent.pipeline.feeding import BOARD, S, fed, hello, status

GOODS = {"cola": (350.0, 1.5, 75.0), "jar": (520.0, 2.0, 225.0), "bag": (150.0, 0.8, 375.0)}  # grams, sd, x of the lane
RATE_HZ = 80
PER_GRAM = 420.0
TWIST = 0.5


def store(cells: int = 4) -> Store:
    text = 'schema = "store/1"\n[store]\nid = "demo"\ncurrency = "EUR"\n'
    for sku, (grams, sd, _) in GOODS.items():
        text += f'[[item]]\nsku = "{sku}"\nname = "{sku}"\nprice = "1.50"\nsold_by = "unit"\n'
        text += f"unit_weight_g = {grams}\nunit_sd_g = {sd}\n"
    text += '[[plate]]\nid = "P1"\nsize_mm = [450.0, 300.0]\nmax_g = 20000.0\n'
    corners = [(20.0, 20.0), (430.0, 20.0), (20.0, 280.0), (430.0, 280.0)]
    for channel, (x, y) in enumerate(corners[:cells] if cells == 4 else [(225.0, 150.0)]):
        text += f'[[plate.cell]]\nboard = "{BOARD}"\nchannel = {channel}\nx_mm = {x}\ny_mm = {y}\n'
        text += f"zero_counts = 1000\ncounts_per_gram = {PER_GRAM}\n"
    for sku, (_, _, x) in GOODS.items():
        text += f'[[plate.lane]]\nsku = "{sku}"\nx_mm = [{x - 75}, {x + 75}]\nstock = 10\n'
    return parse_store(text.encode(), "shop.toml")


class Plate:
    """A board with one plate of goods; `fault` says what ails which channel."""

    def __init__(self, cells: int = 4, seed: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        self.cells = cells
        self.t_ns, self._us, self._seq = 1_000 * S, 5_000_000, 0
        self.grams = sum((10 * grams * self.shares(x, 150.0) for grams, _, x in GOODS.values()), np.zeros(cells))
        self.fault: tuple[int, str] | None = None
        self.also_dead: int | None = None
        self._stuck = 0

    def shares(self, x_mm: float, y_mm: float) -> NDArray[np.float64]:
        if self.cells == 1:
            return np.ones(1)
        xi, eta = (x_mm - 225.0) / 205.0, (y_mm - 150.0) / 130.0
        sx, sy = np.array([-1.0, 1.0, -1.0, 1.0]), np.array([-1.0, -1.0, 1.0, 1.0])
        result: NDArray[np.float64] = (1 + sx * xi + sy * eta + TWIST * sx * sy * xi * eta) / 4
        return result

    def introduce(self) -> list[Chunk]:
        return [Chunk("port0", self.t_ns, b"\0" + hello(channels=self.cells))]

    def tell_status(self, faults: int) -> list[Chunk]:
        return [Chunk("port0", self.t_ns, status(faults))]

    def move(self, sku: str, qty: int, seconds: float = 2.5) -> list[Chunk]:
        grams, sd, x = GOODS[sku]
        place = self.shares(x + self.rng.uniform(-40, 40), self.rng.uniform(70, 230))
        return self.rest(seconds, qty * self.rng.normal(grams, sd) * place)

    def rest(self, seconds: float, moved_g: NDArray[np.float64] | None = None) -> list[Chunk]:
        n = round(seconds * RATE_HZ)
        share = np.clip(np.arange(n) / (0.18 * RATE_HZ), 0, 1)
        gone = np.zeros(self.cells) if moved_g is None else moved_g
        grams = self.grams + np.outer(share * share * (3 - 2 * share), gone)
        self.grams = self.grams + gone
        counts = np.round(1_000 + PER_GRAM * grams + self.rng.normal(0, 45, grams.shape)).astype(np.int64)
        present = np.full(n, (1 << self.cells) - 1)
        if self.fault is not None:
            channel, kind = self.fault
            if kind == "dead":
                present &= ~(1 << channel)
            wrong = {"dead": 0, "zero": 0, "stuck": self._stuck, "saturated": 0x7FFFFF}
            wild = self.rng.integers(-0x700000, 0x700000, n)
            counts[:, channel] = wild if kind == "wild" else wrong[kind]
            if self.also_dead is not None:
                present &= ~(1 << self.also_dead)
        else:
            self._stuck = int(counts[-1, 0])
        t_us = self._us + (np.arange(1, n + 1) * 1e6 / RATE_HZ).astype(np.int64)
        frames = sample_frames((self._seq + np.arange(n)) & 0xFFFF, t_us, present, counts)
        chunks = []
        for k in range(0, n, 2):
            data = b"".join(row.tobytes() for row in frames[k : k + 2])
            chunks.append(Chunk("port0", self.t_ns + round((k + 2) * S / RATE_HZ), data))
        self.t_ns += round(n * S / RATE_HZ)
        self._us, self._seq = int(t_us[-1]), self._seq + n
        return chunks


def movements(told: Sequence[Told]) -> list[tuple[str, dict[str, int], Movement]]:
    return [
        (event.type, {item.sku: item.qty for item in event.data.items}, event.data)
        for event in told
        if isinstance(event.data, Movement)
    ]


def faults(told: Sequence[Told]) -> list[tuple[str, str, int | None]]:
    return [
        (event.type.rpartition(".")[2], event.data.fault, event.data.channel)
        for event in told
        if isinstance(event.data, Fault)
    ]


def begun(plate: Plate, store: Store) -> Pipeline:
    """A pipeline that has seen a few goods move, so that the twist is learnt."""
    pipeline = Pipeline(store, "a1", "e")
    chunks = plate.introduce() + plate.rest(4.0)
    for sku in ("cola", "jar", "bag", "jar"):
        chunks += plate.move(sku, -1)
    assert [items for _, items, _ in movements(fed(pipeline, chunks, finish=False))] == [
        {"cola": 1}, {"jar": 1}, {"bag": 1}, {"jar": 1},
    ]  # fmt: skip
    return pipeline


@pytest.mark.parametrize("kind", ["dead", "zero", "stuck", "saturated", "wild"])
def test_three_cells_weigh_on_and_say_how_well(kind: str) -> None:
    plate, shop = Plate(), store()
    pipeline = begun(plate, shop)
    plate.fault = (0, kind)
    chunks = plate.rest(2.5) + plate.move("cola", -1) + plate.move("jar", -1) + plate.move("cola", 1)
    told = movements(fed(pipeline, chunks, finish=False))
    assert [(kind, items) for kind, items, _ in told] == [(PICK, {"cola": 1}), (PICK, {"jar": 1}), (PUT, {"cola": 1})]
    for _, _, data in told:
        assert data.confidence <= DEGRADED_SHARE and "cell-degraded" in data.quality
        assert data.sigma_g > 1.0
        assert abs(abs(data.delta_g) - GOODS[data.items[0].sku][0]) < 3 * data.sigma_g + 6
    assert pipeline.readings()[0].quality == ("cell-degraded",)
    plate.fault = None
    told_after = fed(pipeline, plate.rest(4.0) + plate.move("bag", -1), finish=False)
    ((kind_after, items, data),) = movements(told_after)
    assert (kind_after, items) == (PICK, {"bag": 1})
    assert data.quality == () and data.confidence > 0.95
    assert pipeline.readings()[0].weight_g == pytest.approx(plate.grams.sum(), abs=1.0)


@pytest.mark.parametrize(
    ("kind", "name"), [("zero", "cell-stuck"), ("saturated", "cell-saturated"), ("wild", "cell-wild")]
)
def test_each_is_a_fault_with_a_remedy_and_its_end(kind: str, name: str) -> None:
    plate, shop = Plate(), store()
    pipeline = begun(plate, shop)
    plate.fault = (2, kind)
    told = fed(pipeline, plate.rest(4.0), finish=False)
    assert faults(told) == [("fault", name, 2)]
    (fault,) = [event.data for event in told if isinstance(event.data, Fault)]
    assert fault.plates == ("P1",) and fault.remedy
    plate.fault = None
    assert faults(fed(pipeline, plate.rest(6.0), finish=False)) == [("recovered", name, 2)]


def test_a_cell_that_dies_within_a_contact_spoils_no_event() -> None:
    shop = store()
    for number in range(8):
        plate = Plate(seed=number)
        pipeline = begun(plate, shop)
        place = plate.shares(225.0, 100.0 + 10 * number)
        chunks = plate.rest(0.02 * (number + 1), -260.0 * place)  # half way
        plate.fault = (number % 4, "stuck" if number % 4 == 0 else "zero")
        chunks += plate.rest(3.0, -260.0 * place)
        for _, items, data in movements(fed(pipeline, chunks, finish=False)):
            assert items == {"jar": 1} or data.confidence < 0.95


def test_what_came_or_went_unseen_shows_when_the_cell_is_back() -> None:
    plate, shop = Plate(), store()
    pipeline = begun(plate, shop)
    plate.fault = (0, "dead")
    unseen = np.array([-349.0, 0.0, 0.0, 0.0])  # right above the dead cell
    told = fed(pipeline, plate.rest(3.0) + plate.rest(3.0, unseen), finish=False)
    assert movements(told) == []
    plate.fault = None
    ((kind, _, data),) = movements(fed(pipeline, plate.rest(4.0), finish=False))
    assert kind == CHANGE
    assert data.delta_g == pytest.approx(-349.0, abs=2.0)
    assert data.confidence <= DEGRADED_SHARE and set(data.quality) >= {"cell-degraded", "gap"}


def test_a_plate_of_one_cell_is_not_measured_meanwhile_and_tells_a_change_afterwards() -> None:
    plate, shop = Plate(cells=1), store(cells=1)
    pipeline = Pipeline(shop, "a1", "e")
    fed(pipeline, plate.introduce() + plate.rest(5.0), finish=False)
    assert pipeline.progress().blind == () and pipeline.readings()[0].weight_g is not None
    off_ns = plate.t_ns
    plate.fault = (0, "zero")
    assert movements(fed(pipeline, plate.rest(2.0) + plate.move("jar", -1), finish=False)) == []
    (blind,) = pipeline.progress().blind
    assert blind.plate == "P1" and blind.t_mono_ns == pytest.approx(off_ns, abs=S // 10)
    assert pipeline.readings()[0].weight_g is None
    plate.fault = None
    ((kind, items, data),) = movements(fed(pipeline, plate.rest(4.0), finish=False))
    assert (kind, items) == (CHANGE, {"jar": 1})
    assert data.confidence < 0.95 and "gap" in data.quality
    assert pipeline.progress().blind == ()


def test_a_plate_with_two_cells_out_is_not_measured() -> None:
    plate, shop = Plate(), store()
    pipeline = begun(plate, shop)
    plate.fault = (0, "dead")
    fed(pipeline, plate.rest(2.0), finish=False)
    assert pipeline.progress().blind == ()
    plate.also_dead = 1
    fed(pipeline, plate.rest(2.0), finish=False)
    assert [since.plate for since in pipeline.progress().blind] == ["P1"]
    plate.also_dead = None
    told = fed(pipeline, plate.rest(3.0) + plate.move("jar", -1), finish=False)
    assert pipeline.progress().blind == ()
    assert [items for _, items, _ in movements(told)] == [{"jar": 1}]


def test_a_restart_with_a_dead_cell_goes_on_with_three() -> None:
    plate, shop = Plate(), store()
    pipeline = begun(plate, shop)
    plate.fault = (3, "dead")
    fed(pipeline, plate.rest(2.5) + plate.move("cola", -1), finish=False)
    saved = json.loads(json.dumps(pipeline.snapshot()))
    again = Pipeline(shop, "a1", "e2", saved)
    told = movements(fed(again, plate.introduce() + plate.rest(3.0) + plate.move("jar", -1), finish=False))
    assert [(kind, items) for kind, items, _ in told] == [(PICK, {"jar": 1})]
    assert told[0][2].confidence <= DEGRADED_SHARE


def begun_on_three(plate: Plate, shop: Store) -> Pipeline:
    """A pipeline that knows the twist, and whose first corner is out."""
    pipeline = begun(plate, shop)
    plate.fault = (0, "dead")
    assert movements(fed(pipeline, plate.rest(4.0), finish=False)) == []
    return pipeline


def test_two_products_taken_at_once_twist_three_corners_as_two_loads() -> None:
    plate, shop = Plate(), store()
    pipeline = begun_on_three(plate, shop)
    taken = 520.0 * plate.shares(225.0, 60.0) + 150.0 * plate.shares(405.0, 240.0)
    ((kind, items, data),) = movements(fed(pipeline, plate.rest(4.0, -taken), finish=False))
    assert (kind, items) == (PICK, {"jar": 1, "bag": 1})
    assert data.delta_g == pytest.approx(-670.0, abs=8.0)  # as one load it would be some 70 g less


def test_a_push_along_a_plate_of_three_corners_moves_nothing() -> None:
    plate, shop = Plate(), store()
    pipeline = begun_on_three(plate, shop)
    pushed = 520.0 * (plate.shares(210.0, 250.0) - plate.shares(260.0, 70.0))
    told = fed(pipeline, plate.rest(4.0, pushed) + plate.move("bag", -1), finish=False)
    assert [items for _, items, _ in movements(told)] == [{"bag": 1}]


def test_what_surely_moves_teaches_the_twist_of_a_plate_that_lost_a_corner_before() -> None:
    plate, shop = Plate(), store()
    pipeline = Pipeline(shop, "a1", "e")
    fed(pipeline, plate.introduce() + plate.rest(4.0), finish=False)
    plate.fault = (0, "dead")
    chunks = plate.rest(4.0)
    for _ in range(3):
        chunks += plate.rest(3.0, -150.0 * plate.shares(400.0, 240.0))
    told = movements(fed(pipeline, chunks, finish=False))
    assert [items for _, items, _ in told] == [{"bag": 1}] * 3
    assert told[-1][2].sigma_g < told[0][2].sigma_g / 3
    assert told[-1][2].delta_g == pytest.approx(-150.0, abs=4.0)


def test_a_silent_chip_is_told_as_its_board_says() -> None:
    plate, shop = Plate(), store()
    pipeline = begun(plate, shop)
    plate.fault = (1, "dead")
    told = fed(pipeline, plate.rest(1.0) + plate.tell_status(0b10) + plate.rest(1.0), finish=False)
    assert faults(told) == [("fault", "cell-silent", 1)]


def test_more_than_the_plate_may_carry_is_an_overload() -> None:
    plate, shop = Plate(), store()
    pipeline = begun(plate, shop)
    lean = 14_000.0 * plate.shares(225.0, 150.0)
    told = fed(pipeline, plate.rest(3.0, lean) + plate.rest(3.0, -lean), finish=False)
    assert [(kind, name) for kind, name, _ in faults(told)] == [("fault", "overload"), ("recovered", "overload")]


def test_a_tare_is_refused_while_a_cell_does_not_measure() -> None:
    plate, shop = Plate(), store()
    pipeline = begun(plate, shop)
    plate.fault = (1, "zero")
    fed(pipeline, plate.rest(2.0), finish=False)
    assert "does not measure" in pipeline.tare("P1", lambda _: None)
