"""A board's counter on the host's line: late deliveries, a quartz that is off, wraps, restarts, silence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.timebase import BoardClock
from agent.timebase.board_clock import WRAP_US

S = 1_000_000_000
MS = 1_000_000
RATE_HZ = 80
Ints = NDArray[np.int64]


class Board:
    """A board whose clock runs `rate_error` too fast, with deliveries that are late by `delays_ns`."""

    def __init__(self, rate_error: float = 0.0, start_us: int = 0, start_ns: int = 50 * S) -> None:
        self.rate_error, self.start_us, self.start_ns = rate_error, start_us, start_ns

    def sampled(self, true_ns: Ints, delays_ns: Ints) -> tuple[Ints, Ints]:
        """(t_board_us wrapped, arrival_ns) of samples taken at `true_ns`."""
        elapsed_us = ((true_ns - self.start_ns) * (1 + self.rate_error) / 1_000).astype(np.int64)
        arrival_ns = np.maximum.accumulate(true_ns + delays_ns)
        return (elapsed_us + self.start_us) % WRAP_US, arrival_ns


def instants(seconds: float, start_ns: int = 50 * S) -> Ints:
    return start_ns + (np.arange(int(seconds * RATE_HZ)) * (S / RATE_HZ)).astype(np.int64)


def late(n: int, seed: int = 1, typical_ms: float = 4.0) -> Ints:
    """Delays of a busy USB host: some milliseconds, now and then a hundred; never early."""
    rng = np.random.default_rng(seed)
    delays = rng.exponential(typical_ms * MS, n)
    delays[rng.random(n) < 0.01] += 100 * MS
    return delays.astype(np.int64)


def mapped(clock: BoardClock, t_us: Ints, arrival_ns: Ints, block: int = 16) -> Ints:
    return np.concatenate(
        [clock.to_mono(t_us[k : k + block], arrival_ns[k : k + block]) for k in range(0, len(t_us), block)]
    )


@pytest.mark.parametrize("rate_error", [0.0, 0.005, -0.005, 2e-5])
def test_the_mapping_follows_the_quickest_deliveries(rate_error: float) -> None:
    true_ns = instants(120)
    t_us, arrival_ns = Board(rate_error).sampled(true_ns, late(len(true_ns)))
    error_ms = (mapped(BoardClock(), t_us, arrival_ns) - true_ns) / MS
    settled = error_ms[30 * RATE_HZ :]
    assert np.abs(settled).max() < 5.0
    assert np.ptp(settled) < 6.0
    assert np.abs(error_ms).max() < 110.0  # the first delivery may be the latest of all


def test_a_late_delivery_does_not_move_the_mapping() -> None:
    true_ns = instants(60)
    delays = np.full(len(true_ns), MS)
    delays[40 * RATE_HZ : 40 * RATE_HZ + 12] = 300 * MS
    t_us, arrival_ns = Board().sampled(true_ns, delays)
    error_ms = (mapped(BoardClock(), t_us, arrival_ns) - true_ns) / MS
    assert np.abs(error_ms[35 * RATE_HZ :] - 1.0).max() < 1.0


@settings(max_examples=25, deadline=None)
@given(
    rate_error=st.floats(-0.005, 0.005),
    start_us=st.integers(0, WRAP_US - 1),
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(1, 1_599), max_size=30, unique=True),
)
def test_time_never_runs_backwards_and_no_cut_shows(
    rate_error: float, start_us: int, seed: int, cuts: list[int]
) -> None:
    true_ns = instants(20)
    t_us, arrival_ns = Board(rate_error, start_us).sampled(true_ns, late(len(true_ns), seed))
    whole = BoardClock().to_mono(t_us, arrival_ns)
    assert (np.diff(whole) > 0).all()
    clock = BoardClock()
    edges = [0, *sorted(cuts), len(t_us)]
    pieces = [clock.to_mono(t_us[a:b], arrival_ns[a:b]) for a, b in pairwise(edges)]
    assert np.array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("before_wrap_s", [0.0, 3.00625, 7.0])
def test_the_counter_wraps_unnoticed(before_wrap_s: float) -> None:
    true_ns = instants(12)
    board = Board(start_us=WRAP_US - round(before_wrap_s * 1e6))
    t_us, arrival_ns = board.sampled(true_ns, np.full(len(true_ns), MS))
    assert (np.diff(t_us) < 0).any() == (before_wrap_s > 0)
    out = mapped(BoardClock(), t_us, arrival_ns)
    assert np.abs(out - true_ns - MS).max() < MS


@pytest.mark.parametrize("silent_s", [30.0, 2_000.0, 3_000.0, 4_294.967, 3 * 4_294.967 + 60.0, 20 * 4_294.967 - 1.0])
def test_a_silence_of_any_length_is_bridged(silent_s: float) -> None:
    """A cable that was out for hours: the counter wrapped several times meanwhile."""
    first = instants(20)
    second = instants(20, int(first[-1]) + int(silent_s * S))
    true_ns = np.concatenate((first, second))
    t_us, arrival_ns = Board().sampled(true_ns, np.full(len(true_ns), MS))
    out = mapped(BoardClock(), t_us, arrival_ns)
    assert (np.diff(out) > 0).all()
    assert np.abs(out - true_ns - MS).max() < 2 * MS


def test_a_silence_with_a_clock_that_is_off_is_bridged() -> None:
    first = instants(30)
    second = instants(60, int(first[-1]) + 9_000 * S)
    true_ns = np.concatenate((first, second))
    t_us, arrival_ns = Board(0.005).sampled(true_ns, late(len(true_ns)))
    error_ms = (mapped(BoardClock(), t_us, arrival_ns) - true_ns) / MS
    assert np.abs(error_ms[-30 * RATE_HZ :]).max() < 10.0


def test_after_a_restart_the_counter_says_nothing_of_the_past() -> None:
    clock = BoardClock()
    first = instants(20)
    t_us, arrival_ns = Board(start_us=4_000_000_000).sampled(first, np.full(len(first), MS))
    before = mapped(clock, t_us, arrival_ns)
    clock.restart()
    second = instants(20, int(first[-1]) + 2 * S)
    t_us, arrival_ns = Board(start_us=700, start_ns=int(second[0])).sampled(second, np.full(len(second), MS))
    after = mapped(clock, t_us, arrival_ns)
    assert after[0] > before[-1]
    assert np.abs(after - second - MS).max() < MS


def test_a_restart_that_comes_too_early_does_not_turn_time_back() -> None:
    clock = BoardClock()
    first = instants(5)
    t_us, arrival_ns = Board().sampled(first, np.full(len(first), 200 * MS))
    before = mapped(clock, t_us, arrival_ns)
    clock.restart()
    second = instants(1, int(first[-1]) + 50 * MS)
    after = clock.to_mono(*Board(start_ns=int(second[0])).sampled(second, np.zeros(len(second), np.int64)))
    assert after[0] > before[-1]
    assert (np.diff(after) > 0).all()


def test_nothing_in_nothing_out() -> None:
    empty = np.empty(0, np.int64)
    assert len(BoardClock().to_mono(empty, empty)) == 0


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    rate_error=st.sampled_from([0.0, 0.004, -2e-5]),
    step_s=st.sampled_from([0.0, 1.5, -1.5, 700.0]),
    block=st.sampled_from([1, 17, 400]),
)
def test_minutes_at_once_are_mapped_as_block_by_block(seed: int, rate_error: float, step_s: float, block: int) -> None:
    """Also where the clocks come apart by a step in between, so that the envelope begins anew."""
    true_ns = instants(200)
    t_us, arrival_ns = Board(rate_error).sampled(true_ns, late(len(true_ns), seed))
    arrival_ns[100 * RATE_HZ :] += round(step_s * S)
    arrival_ns = np.maximum.accumulate(arrival_ns)
    at_once = BoardClock().to_mono(t_us, arrival_ns)
    assert at_once.tolist() == mapped(BoardClock(), t_us, arrival_ns, block).tolist()
