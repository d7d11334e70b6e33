"""Conversions to SAMPLEs, as the serial contract says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.physics.parameters import DEFAULT
from bench.recordings.framing import assemble
from bench.recordings.measuring import Conversions
from bench.recordings.stream import board_stream
from bench.wire import CobsError, Damage, unframe

NOMINAL_HZ = 80
PERIOD_S = 1 / NOMINAL_HZ


def conversions(rates_hz: list[float], seconds: float = 5.0, until_s: dict[int, float] | None = None) -> Conversions:
    out = Conversions(temperature_k=np.zeros(int(seconds) + 2))
    for channel, rate in enumerate(rates_hz):
        times = np.arange(0.3 * (channel + 1) / rate, min(seconds, (until_s or {}).get(channel, seconds)), 1 / rate)
        out.times_s.append(times)
        out.counts.append(np.arange(len(times)) + 1000 * channel)
        out.late_s.append(np.zeros(0))
    return out


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(60.0, 100.0), min_size=1, max_size=8))
def test_no_conversion_is_lost_or_told_twice_and_none_waits_too_long(rates_hz: list[float]) -> None:
    board = conversions(rates_hz, 2.0)
    samples = assemble(board, NOMINAL_HZ)
    for channel, counts in enumerate(board.counts):
        there = (samples.present >> channel) & 1 == 1
        assert samples.counts[there, channel].tolist() == counts.tolist()
        assert np.all(samples.counts[~there, channel] == 0)
    assert np.all(samples.sent_s - samples.first_s <= 1.5 * PERIOD_S + 1e-9)
    assert np.all(np.diff(samples.sent_s) >= 0)
    assert np.all(samples.present > 0)


def test_a_frame_goes_out_when_every_channel_has_delivered() -> None:
    samples = assemble(conversions([80.0, 80.0, 80.0]), NOMINAL_HZ)
    assert np.all(samples.present[1:-1] == 0b111)


def test_a_fast_chip_sends_the_frame_at_its_second_conversion() -> None:
    samples = assemble(conversions([95.0, 76.0]), NOMINAL_HZ)
    lonely = samples.present == 0b01
    assert 0.1 < lonely.mean() < 0.3
    assert not np.any(samples.present == 0b10)


def test_a_silent_channel_is_waited_for_only_a_while() -> None:
    samples = assemble(conversions([80.0, 80.0], 4.0, {1: 1.0}), NOMINAL_HZ)
    waited = samples.sent_s - samples.first_s
    after = samples.first_s > 1.0
    assert np.any(waited[after] > 0.5 * PERIOD_S)
    assert np.all(waited[samples.first_s > 1.0 + 9 * PERIOD_S] < 1e-9)


@pytest.mark.parametrize("damage", [Damage(), Damage(0.05, 0.02)])
def test_a_stream_holds_hello_status_and_samples_in_time(damage: Damage) -> None:
    chunks = board_stream(
        "b000000000000001",
        conversions([80.0] * 4, 12.0),
        NOMINAL_HZ,
        DEFAULT.building,
        damage,
        np.random.default_rng(1),
    )
    gaps = np.diff([chunk.arrived_s for chunk in chunks])
    assert np.all(gaps > 0.010)
    assert np.all(gaps < 0.045)
    bodies, bad = [], 0
    for block in b"".join(chunk.data for chunk in chunks).split(b"\x00")[:-1]:
        try:
            bodies.append(unframe(block))
        except CobsError:
            bad += 1
    kinds = [body[0] for body in bodies]
    assert (bad > 10) == (damage.wrong_share > 0)
    assert kinds.count(1) >= 3 - bad
    assert 12 - bad <= kinds.count(3) <= 12
    seqs = [int.from_bytes(body[1:3], "little") for body in bodies if body[0] == 2]
    assert seqs == sorted(seqs)
    if not bad:
        assert seqs == list(range(len(seqs)))
        stamps = np.unwrap([int.from_bytes(b[3:7], "little") for b in bodies if b[0] == 2], period=2.0**32)
        assert (stamps[-1] - stamps[0]) / 1e6 == pytest.approx(12.0, rel=0.01)


def test_a_silent_cell_is_a_fault_after_a_second() -> None:
    board = conversions([80.0, 80.0], 8.0, {1: 3.0})
    chunks = board_stream("b000000000000001", board, NOMINAL_HZ, DEFAULT.building, Damage(), np.random.default_rng(1))
    blocks = b"".join(chunk.data for chunk in chunks).split(b"\x00")[:-1]
    faults = [body[-1] for block in blocks if (body := unframe(block))[0] == 3]
    assert faults[:3] == [0, 0, 0]
    assert faults[-3:] == [2, 2, 2]
