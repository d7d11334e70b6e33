"""What a plate does to a force."""

import numpy as np
import pytest

from bench.physics.parameters import DEFAULT, GRID_S
from bench.physics.plate import Force, PlateHistory, PlateMechanics, oscillator, point_force

QUIET_S = 9.0


def mechanics(frequency_hz: float = 12.0, damping: float = 0.03, bracket: float = 1.0) -> PlateMechanics:
    return PlateMechanics(
        resonance_hz=(frequency_hz,) * 3,
        damping=(damping,) * 3,
        cell_hz=50.0,
        cell_damping=0.04,
        cell_share=0.0,
        bracket_share=bracket,
        mass_g=2000.0,
        reference_g=0.0,
        twist=0.3,
        neighbour_share=0.0,
        crosstalk_share=0.0,
    )


def step_force(grams: float, x_mm: float, y_mm: float, start_s: float = 1.0) -> Force:
    return point_force("P1", start_s, np.full(100, grams), x_mm, y_mm)


def test_a_settled_plate_carries_exactly_what_was_put_on_it() -> None:
    history = PlateHistory(mechanics(), np.array([1000.0, 0.0, 0.0, 0.0]), 12.0)
    history.add(step_force(350.0, -100.0, 40.0))
    total = history.total()
    assert total[0] == pytest.approx([1000.0, 0.0, 0.0, 0.0])
    settled = total[round((1.0 + QUIET_S) / GRID_S) :]
    assert np.abs(settled - [1350.0, -35000.0, 14000.0, -1.4e6]).max() < 1e-3 * 1.4e6
    assert settled[:, 0] == pytest.approx(1350.0, abs=0.5)


@pytest.mark.parametrize("frequency_hz", [8.0, 15.0, 30.0])
def test_a_step_rings_at_the_resonance_and_decays_with_the_damping(frequency_hz: float) -> None:
    damping = 0.03
    plate = mechanics(frequency_hz, damping)
    force = step_force(500.0, 0.0, 0.0)
    ring = plate.respond(force.components, 0.0)[:, 0] - 500.0
    crossings = np.flatnonzero(np.diff(np.sign(ring[20:1500])))
    measured_hz = (len(crossings) - 1) / 2 / ((crossings[-1] - crossings[0]) * GRID_S)
    assert measured_hz == pytest.approx(frequency_hz, rel=0.03)
    period = round(1 / frequency_hz / GRID_S)
    first, later = np.abs(ring[:period]).max(), np.abs(ring[5 * period : 6 * period]).max()
    assert later / first == pytest.approx(np.exp(-5 * 2 * np.pi * damping), rel=0.15)


def test_more_goods_make_a_plate_slower() -> None:
    plate = mechanics(20.0)
    assert plate.frequency_hz(0, 0.0) == pytest.approx(20.0)
    assert plate.frequency_hz(0, 6000.0) == pytest.approx(10.0)


def test_a_force_that_goes_away_leaves_nothing() -> None:
    history = PlateHistory(mechanics(), np.zeros(4), 14.0)
    bump = np.concatenate([np.full(200, 800.0), [0.0]])
    history.add(point_force("P1", 1.0, bump, 50.0, 0.0))
    assert np.abs(history.total()[round(12.0 / GRID_S) :, 0]).max() < 0.5


def test_a_slow_force_does_not_ring() -> None:
    ramp = 300.0 * (1 - np.cos(np.pi * np.arange(4000) / 4000)) / 2
    out = mechanics(15.0).respond(point_force("P1", 0.0, ramp, 0.0, 0.0).components, 0.0)[:, 0]
    assert np.abs(out[:4000] - ramp).max() < 2.0


def test_the_impulse_response_has_a_unit_sum() -> None:
    assert oscillator(10.0, 0.02, 8000).sum() == pytest.approx(1.0)
    assert mechanics(bracket=0.3).kernel(0, 0.0, 6000).sum() == pytest.approx(1.0)


def test_drawn_plates_keep_within_their_ranges() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        plate = PlateMechanics.draw(DEFAULT.plate, 5000.0, rng)
        assert 8.0 <= plate.resonance_hz[0] <= 30.0
        assert all(0.02 <= d <= 0.05 for d in plate.damping)
