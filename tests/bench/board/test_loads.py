"""The load as time goes on is the load of a recording, however it is cut into blocks."""

from __future__ import annotations

import numpy as np
import pytest

from bench.board.loads import OVERLAP_S, SEGMENT_S, BuildingStream, PlateLoad
from bench.physics.parameters import DEFAULT, GRID_HZ, GRID_S
from bench.physics.plate import Force, PlateHistory, PlateMechanics, point_force

DURATION_S = 20.0
INITIAL = np.array([5000.0, 1000.0, -2000.0, 0.0])


def forces() -> list[Force]:
    """A press, a pick and a put that follow each other, the last within the ring of the one before."""
    press = 200.0 * np.sin(np.linspace(0.0, np.pi, 150))
    pick = -350.0 * np.linspace(0.0, 1.0, 120)
    put = 700.0 * np.linspace(0.0, 1.0, 60)
    return [
        point_force("P1", 1.0, press, 30.0, 10.0),
        point_force("P1", 2.0, pick, 30.0, 10.0),
        point_force("P1", 2.6, put, -100.0, 50.0),
    ]


@pytest.fixture
def mechanics() -> PlateMechanics:
    return PlateMechanics.draw(DEFAULT.plate, 5000.0, np.random.default_rng(3))


@pytest.mark.parametrize("block", [1, 7, 20, 100, 4001])
def test_blocks_add_up_to_the_recorded_load(mechanics: PlateMechanics, block: int) -> None:
    history = PlateHistory(mechanics, INITIAL, DURATION_S)
    load = PlateLoad(mechanics, INITIAL)
    for force in forces():
        history.add(force)
        load.add(force)
        history.add_static(force, 0.001, 225.0)
        load.add_static(force, 0.001, 225.0)
    whole = history.total()
    parts = [load.take(first, min(block, len(whole) - first)) for first in range(0, len(whole), block)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)


def test_a_force_that_began_before_is_felt_from_now_on(mechanics: PlateMechanics) -> None:
    load = PlateLoad(mechanics, INITIAL)
    load.take(0, 3000)
    for force in forces():
        load.add(force)
    load.take(3000, 15000)
    assert load.take(18000, 1)[0, 0] == pytest.approx(5000.0 - 350.0 + 700.0, abs=1e-6)


def test_the_building_goes_on_without_a_jump(mechanics: PlateMechanics) -> None:
    stream = BuildingStream(DEFAULT.building, {"P1": (mechanics, 5000.0)}, np.random.default_rng(5))
    step = 20
    total = round((2 * SEGMENT_S + OVERLAP_S + 3) * GRID_HZ)
    weight = np.concatenate([stream.take(first, step)["P1"] for first in range(0, total, step)])
    assert np.isfinite(weight).all()
    seams = [round(k * SEGMENT_S * GRID_HZ) for k in (1, 2)]
    usual = np.abs(np.diff(weight)).max()
    for seam in seams:
        assert np.abs(np.diff(weight[seam - 5 : seam + 5])).max() <= usual
    assert weight[seams[0] :].std() > 0.0
    assert stream.kelvin(0.0) == 0.0
    assert abs(stream.kelvin(GRID_S)) < 0.01
