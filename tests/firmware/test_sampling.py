"""Every conversion arrives, and not one that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agent.wire import host
from agent.wire.frames import Hello, Reply, Samples, Status
from tests.firmware.delivery import check
from tests.firmware.simboard import CHIPS, SimBoard, build

MUST_SHARE = 0.995


def _assert_all_delivered(board: SimBoard, from_s: float = 0.0) -> None:
    ledger = check(board)
    assert ledger.sound(), ledger
    assert board.damaged == 0
    shares = [ledger.share(channel, from_s) for channel in range(CHIPS)]
    assert min(shares) >= MUST_SHARE, shares
    for channel in range(CHIPS):
        assert board.chip_stats(channel).torn == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_eight_free_running_chips_lose_nothing(elf: Path, seed: int) -> None:
    with SimBoard(elf, seed=seed, spread=0.03) as board:
        board.run(4)
        _assert_all_delivered(board)
        ledger = check(board)
        assert ledger.delivered.min() > 4 * 80 * 0.97 - 10


def test_ten_samples_a_second(board: SimBoard) -> None:
    board.run(0.2)
    board.write(host.set_rate(10))
    board.run(0.005)
    set_s = board.now_s
    board.run(12)
    _assert_all_delivered(board, from_s=set_s + 0.7)
    assert 100 < len([f for f in board.frames if isinstance(f, Samples)]) - 15 < 135
    assert board.stats.rate == 0


def test_the_slowest_and_the_fastest_chips_that_were_ever_measured_on_one_board(board: SimBoard) -> None:
    for channel in range(CHIPS):
        board.set_rates(channel, *((75.0, 9.0) if channel % 2 else (95.0, 12.0)))
    board.run(3)
    _assert_all_delivered(board, from_s=0.2)


def test_chips_that_hide_while_they_settle(board: SimBoard) -> None:
    board.set_silent_while_settling(True)
    board.run(3)
    ledger = check(board)
    assert ledger.sound()
    assert min(ledger.share(channel, from_s=0.2) for channel in range(CHIPS)) >= MUST_SHARE


def test_modules_strapped_to_ten_while_the_board_believes_in_eighty(board: SimBoard) -> None:
    board.set_rate_wired(False)
    board.run(8)
    _assert_all_delivered(board)
    assert all(frame.faults == 0 for frame in board.frames if isinstance(frame, Status) and frame.uptime_s > 1)


def test_change_of_gain_drops_what_has_not_settled(board: SimBoard) -> None:
    board.run(0.5)
    for gain in (64, 128, 64):
        board.write(host.set_gain(gain))
        assert board.run_until_frame(Reply, 0.01).result == 0
        assert board.run_until_frame(Hello, 0.01).gain == gain
        before = len(board.frames)
        board.run(0.5)
        assert any(isinstance(frame, Samples) for frame in board.frames[before:])
    ledger = check(board)
    assert ledger.sound(), ledger
    delivered_now = board.conversions[-CHIPS:]
    assert set(delivered_now["gain"]) == {64}
    # Of each change: the conversion under way, and one of those that the chip no longer marks as unsettled.
    assert max(len(lost) for lost in ledger.lost_s) <= 3 * 2


def test_a_foreign_interrupt_of_100_us_every_500(toolchain: None) -> None:
    elf = build("foreign", sources=("foreign_interrupt.c",))
    with SimBoard(elf) as board:
        board.run(5)
        _assert_all_delivered(board)
        longest_us = max(board.chip_stats(channel).longest_high for channel in range(CHIPS)) / 16
        assert longest_us < 5
        status = [frame for frame in board.frames if isinstance(frame, Status)][-1]
        assert status.late_reads == 0
        assert board.cpu_load > 0.35  # it did run


def test_clock_lines_are_never_high_for_long(board: SimBoard) -> None:
    board.run(2)
    for channel in range(CHIPS):
        stats = board.chip_stats(channel)
        assert 0.2 <= stats.longest_high / 16 < 5  # us; the chip needs 0.2
        assert stats.power_downs == 1  # at the start, lest a reset have cut a burst short
        assert stats.power_downs_in_word == 0
        assert stats.clocked_too_often == 0
        assert stats.overwritten == 0


def test_extremes_go_through_as_they_are(board: SimBoard) -> None:
    extremes = [0x7FFFFF, -0x800000, -1, 0, 1, -2, 0x555555, 0x7FFFFE]
    for channel, counts in enumerate(extremes):
        board.set_target(channel, counts)
    board.run(1)
    full = [frame for frame in board.frames if isinstance(frame, Samples) and frame.present[0] == 0xFF]
    assert len(full) > 60
    assert all(frame.counts[0].tolist() == extremes for frame in full)


def test_a_sample_waits_for_every_live_chip_and_not_for_long(board: SimBoard) -> None:
    board.run(2)
    samples = [frame for frame in board.frames if isinstance(frame, Samples)]
    full = sum(int(frame.present[0]) == 0xFF for frame in samples)
    assert full / len(samples) > 0.5  # chips of different rates slip past each other
    apart_us = np.diff([int(frame.t_board_us[0]) for frame in samples])
    assert apart_us.max() < 2 * 12_500


@pytest.mark.parametrize(
    ("symbol", "value"),
    [("overflown_us", (0xFFFFFFFF - 1_500_000).to_bytes(4, "little")), ("sample", (0xFFFF - 60).to_bytes(2, "little"))],
)
def test_clock_and_seq_wrap_unnoticed(board: SimBoard, symbol: str, value: bytes) -> None:
    board.run(0.5)
    board.set_variable(symbol, value)
    board.run(0.5)
    before = len(board.frames)
    start_s = board.now_s
    board.run(3)
    samples = [frame for frame in board.frames[before:] if isinstance(frame, Samples)]
    wrapped: Callable[[Samples], int] = (
        (lambda frame: int(frame.t_board_us[0])) if symbol == "overflown_us" else (lambda frame: int(frame.seq[0]))
    )
    assert wrapped(samples[-1]) < wrapped(samples[0])
    ledger = check(board, samples, from_s=start_s - 0.03)
    assert ledger.sound(), ledger
    assert min(ledger.share(channel, start_s) for channel in range(CHIPS)) >= MUST_SHARE


def test_a_board_with_three_chips(toolchain: None) -> None:
    with SimBoard(build("three", channels=3)) as board:
        board.run(2)
        hello = next(frame for frame in board.frames if isinstance(frame, Hello))
        assert hello.channels == 3
        samples = [frame for frame in board.frames if isinstance(frame, Samples)]
        assert {frame.channels for frame in samples} == {3}
        ledger = check(board)
        assert ledger.sound()
        assert min(ledger.share(channel) for channel in range(3)) >= MUST_SHARE
        assert [frame.faults for frame in board.frames if isinstance(frame, Status)] == [0]
