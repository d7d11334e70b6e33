"""Cells that do not measure are found from their conversions, and found well again; sound ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.weighing import CellHealth
from tests.agent.weighing.test_corners import scale

FOUR = [(20.0, 20.0), (380.0, 20.0), (20.0, 280.0), (380.0, 280.0)]
S = 1_000_000_000


class Line:
    """Conversions of a plate's cells, fed to its health in blocks of any size."""

    def __init__(self, cells: int = 4, rate_hz: int = 80, seed: int = 1, block: int = 7) -> None:
        self.health = CellHealth(scale(FOUR[:cells]))
        self.rng = np.random.default_rng(seed)
        self.cells, self.rate_hz, self.block = cells, rate_hz, block
        self.t_ns = 0
        self.level = np.full(cells, 300_000.0)
        self.causes: list[tuple[float, tuple[str, ...]]] = []

    def rows(self, seconds: float) -> NDArray[np.float64]:
        n = round(seconds * self.rate_hz)
        return self.level + self.rng.normal(0, 30, (n, self.cells))

    def feed(self, rows: NDArray[np.float64], present: NDArray[np.bool_] | None = None, **more: object) -> None:
        counts = np.round(rows).astype(np.int32)
        here = np.ones(counts.shape, np.bool_) if present is None else present
        t_ns = self.t_ns + np.arange(1, len(rows) + 1) * S // self.rate_hz
        for k in range(0, len(rows), self.block):
            part = slice(k, k + self.block)
            resting = bool(more.get("resting", True))
            no_load = more.get("no_load")
            assert no_load is None or isinstance(no_load, np.ndarray)
            if self.health.look(t_ns[part], counts[part], here[part], resting=resting, no_load=no_load):
                self.causes.append((int(t_ns[part][-1]) / S, tuple(self.health.cause)))
        self.t_ns = int(t_ns[-1])


@pytest.mark.parametrize("rate_hz", [80, 10])
@pytest.mark.parametrize("block", [1, 2, 20])
def test_sound_cells_are_left_alone(rate_hz: int, block: int) -> None:
    line = Line(rate_hz=rate_hz, block=block)
    for _ in range(10):
        line.feed(line.rows(3.0))
        line.level = line.level - line.rng.uniform(1e4, 1e5, 4)
    assert line.causes == [] and line.health.drifting == [False] * 4


@pytest.mark.parametrize(("rate_hz", "within_s"), [(80, 0.15), (10, 1.2)])
def test_a_cell_that_repeats_itself_is_stuck_until_it_moves_again(rate_hz: int, within_s: float) -> None:
    line = Line(rate_hz=rate_hz, block=2)
    line.feed(line.rows(5.0))
    began_s = line.t_ns / S
    rows = line.rows(2.0)
    rows[:, 2] = rows[0, 2]
    line.feed(rows[: rate_hz // 10 + 3])
    assert line.health.suspect or line.causes  # before it is sure, nothing is decided on it
    line.feed(rows[rate_hz // 10 + 3 :])
    ((t_s, causes),) = line.causes
    assert causes == ("", "", "cell-stuck", "")
    assert t_s - began_s < within_s
    assert line.health.since_ns[2] / S == pytest.approx(began_s, abs=2.1 / rate_hz)
    line.feed(line.rows(3.0))
    assert line.causes[-1][1] == ("", "", "", "") and len(line.causes) == 2


def test_a_source_that_often_repeats_itself_by_nature_is_not_stuck() -> None:
    line = Line(block=2)
    for _ in range(30):
        line.feed(np.round(line.rows(1.0) / 50) * 50)  # a coarse converter: every other conversion is the last one
    assert line.causes == []


def test_absent_conversions_silence_a_cell_and_single_ones_do_not() -> None:
    line = Line(block=1)
    line.feed(line.rows(3.0))
    rows = line.rows(1.0)
    present = np.ones(rows.shape, np.bool_)
    present[::3, 1] = False  # a chip slower than its neighbours
    line.feed(rows, present)
    assert line.causes == []
    present[:, 1] = False
    line.feed(rows, present)
    assert [causes for _, causes in line.causes] == [("", "cell-silent", "", "")]
    assert line.causes[0][0] == pytest.approx(4.0 + line.health.parameters.silent_s, abs=0.03)
    assert line.health.since_ns[1] == pytest.approx(4.0 * S, abs=0.03 * S)
    line.feed(line.rows(2.0))
    assert line.causes[-1][1] == ("", "", "", "")


@pytest.mark.parametrize("rate_hz", [80, 10])
def test_a_cell_that_rows_lack_for_a_fraction_of_a_second_is_sound_but_suspect_meanwhile(rate_hz: int) -> None:
    line = Line(block=1, rate_hz=rate_hz)
    for _ in range(20):
        rows = line.rows(1.5)
        present = np.ones(rows.shape, np.bool_)
        gone = round(0.4 * rate_hz)
        present[-gone:, 2] = False
        line.feed(rows, present)
        assert line.health.suspect
        line.feed(line.rows(0.5))
        assert not line.health.suspect
    assert line.causes == []


def test_a_cell_that_was_silent_is_sound_a_second_after_it_is_back_however_rows_stumble_then() -> None:
    line = Line(block=1)
    line.feed(line.rows(3.0))
    rows = line.rows(2.0)
    present = np.ones(rows.shape, np.bool_)
    present[:, 1] = False
    line.feed(rows, present)
    began_s = line.t_ns / S
    rows = line.rows(2.0)
    present = np.ones(rows.shape, np.bool_)
    for k in range(20, 150, 25):
        present[k : k + 8, 1] = False
    line.feed(rows, present)
    assert [causes for _, causes in line.causes] == [("", "cell-silent", "", ""), ("",) * 4]
    assert line.causes[-1][0] < began_s + 1.2


def test_a_cell_without_any_conversion_from_the_start_is_silent() -> None:
    line = Line(block=2)
    rows = line.rows(0.6)
    present = np.ones(rows.shape, np.bool_)
    present[:, 3] = False
    line.feed(rows, present)
    assert line.health.cause == ["", "", "", "cell-silent"]


def test_a_saturated_cell_is_broken_where_nothing_loads_it_and_overloaded_where_something_does() -> None:
    line = Line(block=2)
    line.feed(line.rows(3.0))
    rows = line.rows(3.0)
    rows[:, 0] = 0x7FFFFF
    line.feed(rows, resting=False)
    assert line.causes == [] and line.health.saturated_s(line.t_ns) == pytest.approx(3.0, abs=0.1)
    line.feed(rows[:40], resting=False, no_load=np.array([True, False, False, False]))
    assert line.health.cause[0] == "cell-saturated"


def test_a_cell_that_leaps_about_alone_is_wild_and_isolated_leaps_are_not() -> None:
    line = Line(block=2)
    rows = line.rows(20.0)
    wild = line.rng.random(len(rows)) < 0.01
    rows[wild, 1] += line.rng.uniform(-4e6, 4e6, int(wild.sum()))
    line.feed(rows)
    assert line.causes == []
    rows = line.rows(3.0)
    rows[:, 1] = line.rng.uniform(-7e6, 7e6, len(rows))
    line.feed(rows, resting=False)
    assert line.health.cause == ["", "cell-wild", "", ""]
    line.feed(line.rows(5.0))
    assert line.health.cause == [""] * 4


def test_a_ring_of_the_whole_plate_is_not_wild() -> None:
    line = Line(block=2)
    rows = line.rows(3.0)
    ring = 400_000 * np.exp(-np.arange(len(rows)) / 120) * np.cos(2 * np.pi * 30 / 80 * np.arange(len(rows)))
    line.feed(rows + ring[:, None] * np.array([1.0, 0.8, 0.6, 0.5]), resting=False)
    assert line.causes == []


def test_a_cell_that_creeps_alone_drifts_whatever_hands_do_meanwhile() -> None:
    line = Line(block=2)
    line.feed(line.rows(3.0))
    rows = line.rows(5.0)
    rows[:, 3] += 4_000.0 * np.arange(len(rows)) / 80  # 10 g a second
    rows[200:] -= np.array([20_000, 60_000, 30_000, 90_000])  # and somebody takes 500 g
    line.feed(rows, resting=False)
    assert line.health.cause == ["", "", "", "cell-drifting"]


def test_what_one_cell_alone_drifts_at_rest_is_told_in_the_end() -> None:
    line = Line(block=20)
    for _ in range(120):
        line.level[2] += 150.0  # 0.4 g a second, each far below what opens a contact
        line.feed(line.rows(1.0))
    assert line.health.drifting == [False, False, True, False] and line.causes == []


def test_warmth_that_moves_all_cells_is_not_a_cells_fault() -> None:
    line = Line(block=20)
    for _ in range(120):
        line.level += 150.0
        line.feed(line.rows(1.0))
    assert line.health.drifting == [False] * 4


def test_a_plate_of_one_cell_knows_a_wild_one_by_itself() -> None:
    line = Line(cells=1, block=2)
    line.feed(line.rows(3.0))
    rows = line.rows(4.0)
    rows[:, 0] = line.rng.uniform(-7e6, 7e6, len(rows))
    line.feed(rows, resting=False)
    assert line.health.cause == ["cell-wild"]
