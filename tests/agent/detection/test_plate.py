"""Rest, contacts and the plateaus between them, on signals whose truth is known."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from agent.detection import Level
from tests.agent.detection.drive import SIGMA_G, S, Seen, Signal, detector, drive

PICK_S = 0.15
INSTANT_S = 0.015


def picked(rate_hz: float = 80.0, seed: int = 1, delta_g: float = -350.0, modes: int = 1) -> Signal:
    signal = Signal(rate_hz, seed, modes=modes).hold(2_000.0, 5.0)
    return signal.move(2_000.0, 2_000.0 + delta_g, PICK_S).hold(2_000.0 + delta_g, 3.0)


def error_sigmas(level: Level, true_g: float) -> float:
    return abs(float(level.mean[0]) - true_g) / math.sqrt(float(level.variance[0]))


@pytest.mark.parametrize("modes", [1, 3])
@pytest.mark.parametrize("rate_hz", [10.0, 80.0, 93.0])
def test_one_pick_is_one_contact_between_two_plateaus(rate_hz: float, modes: int) -> None:
    seen = drive(detector(modes), picked(rate_hz, modes=modes))
    moved = [each for each in seen if abs(each.delta_g) > 5]
    assert len(moved) == 1
    only = moved[0]
    assert only.delta_g == pytest.approx(-350.0, abs=2.0)
    assert only.instant_s == pytest.approx(5.0 + PICK_S / 2, abs=max(INSTANT_S, 0.6 / rate_hz))
    assert 4.9 < only.contact.opened_ns / S < 5.0 + PICK_S
    assert only.settled_s < 5.0 + PICK_S + 0.35 + max(0.1, 2.5 / rate_hz)
    assert only.contact.peak_g == pytest.approx(350.0, abs=5.0)
    if modes == 3:
        assert only.after.mean - only.before.mean == pytest.approx([-350.0, -105.0, 70.0], abs=2.0)


def test_the_level_of_a_plateau_is_as_sure_as_it_says() -> None:
    """Over many pictures of the noise the true level lies within four of the stated deviations, and not far within."""
    errors = []
    for seed in range(40):
        for each in drive(detector(), picked(seed=seed)):
            errors += [error_sigmas(each.before, 2_000.0), error_sigmas(each.after, 1_650.0)]
    assert len(errors) >= 80
    assert max(errors) < 4.0
    assert np.sqrt(np.mean(np.square(errors))) > 0.3  # nor does it claim to know nothing


def test_noise_alone_tells_no_change() -> None:
    plate = detector()
    seen = drive(plate, Signal(seed=5).hold(2_000.0, 120.0))
    assert all(
        abs(each.delta_g) < 6 * math.sqrt(float((each.before.variance + each.after.variance)[0])) for each in seen
    )
    assert len(seen) <= 3  # now and then a conversion looks like a touch
    assert plate.contact is None
    assert plate.level is not None
    assert error_sigmas(plate.level, 2_000.0) < 4.0


@pytest.mark.parametrize("sigma_g", [0.2, 3.0])
def test_the_noise_of_rest_is_learnt_and_rules_what_is_a_touch(sigma_g: float) -> None:
    plate = detector(sigma_g=1.0)
    drive(plate, Signal(sigma_g=sigma_g).hold(500.0, 60.0))
    assert plate.noise.measured
    assert plate.noise.sigma_g[0] == pytest.approx(sigma_g, rel=0.15)
    assert plate.noise.rate_hz == pytest.approx(80.0, rel=0.02)
    light = Signal(sigma_g=sigma_g).hold(500.0, 20.0).move(500.0, 492.0, 0.1).hold(492.0, 4.0)
    moved = [each for each in drive(detector(sigma_g=sigma_g), light) if abs(each.delta_g) > 6]
    assert len(moved) == 1


def test_slow_drift_is_rest() -> None:
    """Creep of several grams over minutes: the plateau follows, nothing is told."""
    plate = detector()
    seen = drive(plate, Signal().hold(3_000.0, 5.0).move(3_000.0, 3_003.0, 180.0))
    assert all(abs(each.delta_g) < 1.5 for each in seen)
    assert plate.level is not None
    assert float(plate.level.mean[0]) == pytest.approx(3_003.0, abs=0.6)


def test_plateaus_within_a_contact_are_kept_in_order() -> None:
    """Two quick picks, with the hand in between: three levels that stood."""
    signal = Signal().hold(2_000.0, 5.0).move(2_000.0, 1_650.0, 0.1).hold(1_650.0, 0.3)
    signal.move(1_650.0, 1_300.0, 0.1).hold(1_300.0, 2.0)
    seen = drive(detector(), signal)
    assert seen[-1].after.mean[0] == pytest.approx(1_300.0, abs=1.0)
    assert [round(float(level.mean[0]), -1) for level in (seen[-1].before, *seen[-1].plateaus)] == [2_000.0, 1_650.0]
    assert seen[-1].instants_s[0] == pytest.approx(5.05, abs=INSTANT_S)
    assert seen[-1].instants_s[-1] == pytest.approx(5.45, abs=INSTANT_S)


def slow(*weights_g: float, rest_s: float = 8.0, settled_g: float) -> Signal:
    """Conversions at 10 SPS as the chip's filter gives them, after rest on 2,000 g and before rest on `settled_g`."""
    signal = Signal(rate_hz=10.0, sigma_g=0.1).hold(2_000.0, rest_s)
    signal.pieces.append(np.array(weights_g))
    return signal.hold(settled_g, 2.0)


def test_of_two_quick_movements_at_10_sps_the_plateau_between_is_known_from_two_conversions() -> None:
    """Two units of 350 g, half a second apart: the filter comes to its end between them for two conversions only."""
    signal = slow(1_940.0, 1_760.0, 1_654.0, 1_651.0, 1_590.0, 1_410.0, 1_304.0, settled_g=1_300.0)
    seen = drive(detector(sigma_g=0.1), signal)
    fleeting = [level for level in seen[-1].plateaus if level.soft]
    assert len(fleeting) == 1
    assert error_sigmas(fleeting[0], 1_650.0) < 3.0
    assert math.sqrt(float(fleeting[0].variance[0])) < 20.0  # known well enough to tell one unit from two
    assert fleeting[0].samples == 2


@pytest.mark.parametrize(
    ("weights_g", "settled_g"),
    [
        pytest.param((2_100.0, 2_300.0, 2_352.0, 2_349.0, 2_200.0, 2_050.0), 2_000.0, id="a press turns back"),
        pytest.param((1_940.0, 1_650.0, 1_650.0, 1_410.0, 1_304.0), 1_300.0, id="held where one was absent"),
        pytest.param((1_940.0, 1_760.0, 1_580.0, 1_430.0, 1_330.0), 1_300.0, id="one way without a stop"),
    ],
)
def test_what_is_no_plateau_at_10_sps_is_none(weights_g: tuple[float, ...], settled_g: float) -> None:
    signal = slow(*weights_g, settled_g=settled_g)
    t_ns, z = signal.rows()
    same = np.flatnonzero(np.diff(np.concatenate(signal.pieces)[80:-20]) == 0) + 80
    z[same + 1] = z[same]  # as the cell's filter holds the last where a conversion is absent
    seen = drive(detector(sigma_g=0.1), signal, rows=(t_ns, z))
    assert round(seen[-1].delta_g) == settled_g - 2_000.0 or settled_g == 2_000.0
    assert [level.mean[0] for each in seen for level in each.plateaus if level.samples == 2] == []


def test_a_trembling_hand_is_no_plateau_or_tells_that_it_trembles() -> None:
    signal = Signal().hold(2_000.0, 5.0).move(2_000.0, 2_400.0, 0.1).tremble(2_400.0, 16.0, 2.0)
    signal.move(2_400.0, 2_000.0, 0.1).hold(2_000.0, 2.0)
    seen = drive(detector(), signal)
    assert [round(float(each.after.mean[0])) for each in seen] == [2_000]
    for level in seen[-1].plateaus:
        assert level.soft or level.ring_g > 10 or (level.tremor_g or 0.0) > 3 * level.stillness_g


def test_a_weak_tremor_is_told_apart_from_a_thing_that_rests() -> None:
    """A hand that holds on with 2 % of its force moving: quiet enough for a plateau, not for a thing."""
    held = Signal().hold(2_000.0, 5.0).move(2_000.0, 2_100.0, 0.1).tremble(2_100.0, 2.0, 1.5)
    stood = Signal().hold(2_000.0, 5.0).move(2_000.0, 2_100.0, 0.1).hold(2_100.0, 1.5)

    def excess(signal: Signal) -> float:
        shares = []
        for each in drive(detector(), signal, settle_after_s=1.0):
            shares += [
                (level.tremor_g or 0.0) / level.stillness_g
                for level in (*each.plateaus, each.after)
                if level.stillness_g and level.seconds > 0.4 and level.mean[0] > 2_050
            ]
        return max(shares, default=math.inf)

    assert excess(stood) < 3.0
    assert excess(held) > 1.5 * excess(stood)


@pytest.mark.parametrize("frequency_hz", [9.0, 14.0, 24.0])
def test_a_level_is_read_through_the_ring(frequency_hz: float) -> None:
    plate = detector()
    signal = Signal().hold(2_000.0, 5.0).move(2_000.0, 1_650.0, 0.1).ring(1_650.0, 40.0, frequency_hz, 3.0, 0.03)
    seen: list[Seen] = drive(plate, signal)
    first = next(each for each in seen if abs(each.delta_g) > 300)
    assert sum(each.delta_g for each in seen) == pytest.approx(-350.0, abs=2.0)
    assert first.settled_s < 5.1 + 1.0  # the ring itself lasts for longer
    assert error_sigmas(first.after, 1_650.0) < 5.0
    assert math.sqrt(float(first.after.variance[0])) < 5.0
    assert first.instant_s == pytest.approx(5.05, abs=0.05)


def test_the_frequency_of_the_ring_is_learnt_and_outlives_a_restart() -> None:
    plate = detector()
    signal = Signal().hold(2_000.0, 5.0)
    weight = 2_000.0
    for _ in range(6):
        weight -= 200.0
        hz = 16.0 * math.sqrt(3_000.0 / (2_200.0 + weight))  # a plate of 2.2 kg on its springs
        signal.move(weight + 200.0, weight, 0.1).ring(weight, 50.0, hz, 4.0, 0.025)
    drive(plate, signal)
    assert plate.rings[0].at(800.0) == pytest.approx(16.0, rel=0.03)
    assert plate.rings[0].at(2_000.0) == pytest.approx(16.0 * math.sqrt(3_000.0 / 4_200.0), rel=0.06)
    state = json.loads(json.dumps(plate.snapshot()))
    again = detector()
    again.restore(state)
    assert again.rings[0].frequency_hz == plate.rings[0].frequency_hz
    assert again.noise.sigma_g == pytest.approx(plate.noise.sigma_g)
    assert again.snapshot() == plate.snapshot()


def test_a_snapshot_of_another_plate_is_ignored_or_taken_as_far_as_it_goes() -> None:
    three = detector(modes=3)
    drive(three, picked(modes=3))
    one = detector()
    before = one.noise.sigma_g.tolist()
    one.restore(json.loads(json.dumps(three.snapshot())))
    assert one.noise.sigma_g.tolist() == before
    assert drive(one, picked())[-1].after.mean[0] == pytest.approx(1_650.0, abs=2.0)


def test_nothing_is_believed_while_a_cell_is_at_its_end() -> None:
    signal = Signal().hold(2_000.0, 5.0).move(2_000.0, 19_000.0, 0.1).hold(19_000.0, 1.5)
    signal.move(19_000.0, 2_000.0, 0.1).hold(2_000.0, 2.0)
    at_end = np.concatenate(signal.pieces) > 18_000
    seen = drive(detector(), signal, saturated=at_end)
    assert all(abs(each.delta_g) < 3 for each in seen)
    assert all(level.mean[0] < 18_000 for each in seen for level in each.plateaus)


def test_the_first_plateau_of_all_is_compared_with_nothing() -> None:
    plate = detector()
    assert plate.contact is not None
    assert plate.contact.before is None
    assert plate.level is None
    assert drive(plate, Signal().hold(700.0, 3.0)) == []
    assert plate.level is not None
    assert float(plate.level.mean[0]) == pytest.approx(700.0, abs=1.0)


def test_a_tare_moves_the_level_and_opens_no_contact() -> None:
    plate = detector()
    drive(plate, Signal().hold(700.0, 5.0))
    level = plate.level
    assert level is not None
    plate.shift(-level.mean)
    assert plate.level is not None
    assert float(plate.level.mean[0]) == pytest.approx(0.0, abs=0.3)
    t_ns, z = Signal(seed=9).hold(0.0, 6.0).rows()
    n = int(np.searchsorted(t_ns, 5 * S))
    block = slice(n, n + 20)
    assert plate.rest(t_ns[block], z[block], np.zeros(20, np.bool_)) == 20
    assert plate.contact is None


def test_after_an_interruption_the_plate_is_compared_with_the_level_before() -> None:
    plate = detector()
    drive(plate, Signal().hold(2_000.0, 5.0))
    plate.interrupt()
    assert plate.contact is not None
    assert plate.contact.before is not None
    assert float(plate.contact.before.mean[0]) == pytest.approx(2_000.0, abs=3 * SIGMA_G)


def test_a_neighbours_ring_teaches_nothing() -> None:
    """A ring that leaves the weight as it was may come through the shelf from the plate beside this one."""
    plate = detector()
    drive(plate, Signal().hold(2_000.0, 5.0).ring(2_000.0, 12.0, 9.0, 4.0, 0.025))
    assert [ring.frequency_hz for ring in plate.rings] == [None] * len(plate.rings)


def test_a_plateau_that_rings_ends_before_the_next_hand_comes() -> None:
    """A hand that comes softly is little beside a wide ring: what it does was taken for the ring's."""
    signal = Signal().hold(2_000.0, 5.0).move(2_000.0, 2_500.0, 0.1).ring(2_500.0, 120.0, 12.0, 0.8, 0.03)
    signal.pieces[-1][-4:] += (4.0, 8.0, 14.0, 22.0)
    signal.move(2_520.0, 3_000.0, 0.1).ring(3_000.0, 60.0, 11.0, 2.0, 0.03)
    (between,) = drive(detector(), signal, settle_after_s=1.0)[0].plateaus
    assert 5.6 < between.end_ns * 1e-9 < 5.9
    assert between.seconds > 0.5
    assert float(between.mean[0]) == pytest.approx(2_500.0, abs=1.0)
    assert between.tremor_g is not None
    assert between.tremor_g < 2 * between.stillness_g


@pytest.mark.parametrize("heard", [0.0, 1.0])
def test_what_the_weight_hears_of_a_moments_ring_is_no_tremor(heard: float) -> None:
    """Cells convert apart: a moment's ring that fades more slowly is heard in the weight when its own has gone."""
    signal = Signal(modes=3).hold(2_000.0, 5.0).move(2_000.0, 2_500.0, 0.1).ring(2_500.0, 150.0, 14.0, 1.2, 0.05)
    t_ns, z = signal.rows()
    own = Signal(modes=3).hold(0.0, 5.1).ring(0.0, 400.0, 15.1, 1.2, 0.02)
    ring = np.concatenate(own.pieces)
    z[:, 1] = np.concatenate([np.full(len(ring) - 96, 600.0), np.full(96, 750.0)]) + ring
    z[:, 1] += np.random.default_rng(5).normal(0.0, 0.6, len(ring))
    z[:, 0] += heard * 0.06 * ring
    plate = detector(modes=3)
    levels = [each.after for each in drive(plate, signal, settle_after_s=1.0, rows=(t_ns, z))]
    assert levels
    for level in levels:
        assert level.tremor_g is not None
        assert level.tremor_g < 1.8 * level.stillness_g


def test_a_knock_does_not_begin_a_plateau_that_rings_anew() -> None:
    signal = Signal().hold(2_000.0, 5.0).move(2_000.0, 2_500.0, 0.1).ring(2_500.0, 120.0, 12.0, 2.0, 0.03)
    signal.pieces[-1][56:61] += (400.0, 900.0, 0.0, -900.0, -400.0)
    first = drive(detector(), signal, settle_after_s=0.8)[0]
    (before_it,) = first.contact.plateaus
    assert before_it.end_ns * 1e-9 < 5.1 + 56 / 80 < first.after.begin_ns * 1e-9
    assert first.contact.standing_s > first.after.seconds + 0.4
