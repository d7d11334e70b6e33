"""Broken lines and chips: told in time, overcome in time, and no matter for the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.wire import host
from agent.wire.frames import Samples, Status
from tests.firmware.delivery import Delivery, check
from tests.firmware.simboard import CHIPS, Fault, SimBoard

MUST_TELL_S = 1.5
MUST_BE_BACK_S = 1.0
MUST_SHARE = 0.995


def _others_lost_nothing(ledger: Delivery, channel: int, from_s: float) -> None:
    for other in range(CHIPS):
        if other != channel:
            assert ledger.share(other, from_s) >= MUST_SHARE, (other, ledger.lost_s[other])


def _told(board: SimBoard, since_s: float, wanted: Callable[[int], bool]) -> float:
    """How long after `since_s` a STATUS had the faults that are wanted."""
    while board.now_s < since_s + 3:
        if wanted(board.run_until_frame(Status, 2.0).faults):
            return board.now_s - since_s
    raise AssertionError("never told")


@pytest.mark.parametrize("fault", [Fault.UNPLUGGED, Fault.STUCK_LOW, Fault.STUCK_HIGH])
@pytest.mark.parametrize("rate_hz", [80, 10])
@pytest.mark.parametrize("silent_while_settling", [False, True])
def test_one_line_breaks_and_comes_back(
    board: SimBoard, fault: Fault, rate_hz: int, silent_while_settling: bool
) -> None:
    channel = {Fault.UNPLUGGED: 2, Fault.STUCK_LOW: 7, Fault.STUCK_HIGH: 0}[fault]
    board.set_silent_while_settling(silent_while_settling)
    board.run(0.2)
    board.write(host.set_rate(rate_hz))
    board.run(2.37)
    steady_s = board.now_s - 1.0
    assert check(board).share(channel, steady_s) == 1.0

    broken_s = board.now_s
    board.set_fault(channel, fault)
    assert _told(board, broken_s, lambda faults: faults == 1 << channel) <= MUST_TELL_S
    board.run(2.21)

    mended_s = board.now_s
    board.set_fault(channel, Fault.GOOD)
    assert _told(board, mended_s, lambda faults: faults == 0) <= MUST_BE_BACK_S + 0.05
    board.run(1.0)

    ledger = check(board)
    assert ledger.sound(), ledger
    assert board.damaged == 0
    back_s = min(moment for moment in ledger.delivered_s[channel] if moment > mended_s)
    assert back_s - mended_s <= MUST_BE_BACK_S
    assert ledger.share(channel, back_s) == 1.0
    _others_lost_nothing(ledger, channel, steady_s)


def test_a_saturated_chip_is_no_fault(board: SimBoard) -> None:
    board.run(0.5)
    board.set_target(4, 0x7FFFFF)
    board.run(2)
    ledger = check(board)
    assert ledger.sound()
    _others_lost_nothing(ledger, -1, 0.0)
    assert [frame.faults for frame in board.frames if isinstance(frame, Status)] == [0, 0]


@pytest.mark.parametrize("gap_ms", [1, 7, 14, 40, 90, 300])
@pytest.mark.parametrize("gain", [128, 64])
def test_a_loose_plug_never_delivers_what_has_not_settled(elf: Path, gap_ms: int, gain: int) -> None:
    with SimBoard(elf, seed=gap_ms) as board:
        board.run(0.1)
        board.write(host.set_gain(gain))
        board.run(0.4)
        for k in range(12):
            board.set_fault(3, Fault.UNPLUGGED)
            board.run(gap_ms / 1000)
            board.set_fault(3, Fault.GOOD)
            board.run(0.2 + k * 0.00123)
        ledger = check(board)
        assert not ledger.wrong
        # A chip that was off for less than a look's tolerance and starts again in step is not to be told from one that
        # was never off.
        restarts_in_step = 1 if gap_ms < 3 else 0
        assert len(ledger.unsettled) <= 4 * restarts_in_step, ledger.unsettled
        _others_lost_nothing(ledger, 3, 0.3)


def test_noise_on_a_line_without_a_chip_is_no_conversion(board: SimBoard) -> None:
    board.set_fault(5, Fault.UNPLUGGED)
    board.run(0.3)
    for k in range(400):
        board.noise(5, us=30 + 7 * (k % 60))
        board.run(0.003 + 0.000_37 * (k % 31))
    ledger = check(board)
    assert ledger.sound(), ledger
    assert ledger.delivered[5] == 0
    _others_lost_nothing(ledger, 5, 0.0)


@pytest.mark.parametrize("us", [120, 250, 450, 900, 1500])
def test_hum_of_the_mains_on_a_line_without_a_chip_is_no_conversion(board: SimBoard, us: int) -> None:
    """As regular as a chip, at a period that a chip could have."""
    board.set_fault(5, Fault.UNPLUGGED)
    board.run(0.3)
    for _ in range(100):
        board.noise(5, us)
        board.run(0.01)
    ledger = check(board)
    assert ledger.sound(), ledger
    assert ledger.delivered[5] == 0
    _others_lost_nothing(ledger, 5, 0.0)


def test_data_lines_are_pulled_up(board: SimBoard) -> None:
    """Or the line of a chip that is missing floats, and looks ready."""
    board.run(0.1)
    assert board.stats.pulled_up == 0xFF


def test_the_dead_are_tried_again_and_not_all_the_time(board: SimBoard) -> None:
    board.run(0.5)
    board.set_fault(1, Fault.STUCK_LOW)
    board.set_fault(4, Fault.STUCK_HIGH)
    board.run(20)
    in_100_ms_steps, every_8_s = board.chip_stats(1), board.chip_stats(4)
    assert 150 <= in_100_ms_steps.power_downs <= 205
    assert 3 <= every_8_s.power_downs <= 5


def test_noise_on_all_lines_of_a_working_board(board: SimBoard) -> None:
    board.run(0.3)
    for k in range(300):
        board.noise(k % CHIPS, us=20 + k % 50)
        board.run(0.0071)
    ledger = check(board)
    # A spike within a word reads as a zero bit, and no check of the protocol can tell; 50 us in 12.5 ms on one of
    # eight chips hit a word now and then. Nothing but that may happen: no chip is lost for longer than its settling.
    assert len(ledger.wrong) <= 300 * 0.02
    assert not ledger.unsettled
    assert not ledger.gaps
    board.run(0.5)
    quiet_s = board.now_s - 0.4
    assert min(check(board).share(channel, quiet_s) for channel in range(CHIPS)) == 1.0


@pytest.mark.parametrize("us", [40, 61, 120, 5_000])
@pytest.mark.parametrize("after_pulses", [0, 11, 23])
def test_a_pulse_that_was_high_too_long_costs_its_word_only(board: SimBoard, us: int, after_pulses: int) -> None:
    board.run(0.5)
    for channel in range(CHIPS):
        board.stall(channel, us, after_pulses=after_pulses, clock_high=True)
    board.run(0.5)
    stalled_s = board.now_s
    board.run(1.0)
    ledger = check(board)
    assert ledger.sound(), ledger
    assert [frame.late_reads for frame in board.frames if isinstance(frame, Status)][-1] == CHIPS
    if us >= 60 and after_pulses:
        assert sum(board.chip_stats(channel).power_downs_in_word for channel in range(CHIPS)) > 0
    assert min(ledger.share(channel, stalled_s) for channel in range(CHIPS)) == 1.0


def test_a_word_within_which_the_next_conversion_ended_is_thrown_away(elf: Path) -> None:
    """Something stops the board in the middle of a word, with the clock low, so that no chip powers down."""
    torn = 0
    for us in (3_000, 9_000, 11_900, 12_100, 12_300, 12_500, 20_000):
        with SimBoard(elf, seed=us) as board:
            board.run(0.5)
            board.stall(0, us, after_pulses=12, clock_high=False)
            board.run(0.8)
            ledger = check(board)
            assert ledger.sound(), (us, ledger)
            assert min(ledger.share(channel, board.now_s - 0.5) for channel in range(CHIPS)) == 1.0
            torn += board.chip_stats(0).torn
    assert torn >= 4


def test_a_lost_clock_pulse_is_noticed(board: SimBoard) -> None:
    right = 0x123456  # its last bit is low, so that DOUT is low where it must be high
    board.set_target(6, right)
    board.run(0.5)
    before = len(board.frames)
    board.lose_pulses(6, 1)
    board.run(0.7)
    samples = [frame for frame in board.frames[before:] if isinstance(frame, Samples)]
    present = [bool(frame.present[0] >> 6 & 1) for frame in samples]
    assert all(
        int(frame.counts[0, 6]) == (right if there else 0) for frame, there in zip(samples, present, strict=True)
    )
    assert 4 <= present.count(False) <= 8
    assert present[-1]
    assert [frame.late_reads for frame in board.frames if isinstance(frame, Status)][-1] == 1


def test_all_chips_go_and_come(board: SimBoard) -> None:
    board.run(0.5)
    for channel in range(CHIPS):
        board.set_fault(channel, Fault.UNPLUGGED)
    assert _told(board, board.now_s, lambda faults: faults == 0xFF) <= MUST_TELL_S
    board.run(9)
    assert not any(moment > 0.6 for moments in check(board).delivered_s for moment in moments)
    back_s = board.now_s
    for channel in range(CHIPS):
        board.set_fault(channel, Fault.GOOD)
    assert _told(board, back_s, lambda faults: faults == 0) <= MUST_BE_BACK_S
    board.run(0.3)
    assert check(board).sound()


def test_a_board_without_chips_talks_all_the_same(elf: Path) -> None:
    with SimBoard(elf) as board:
        for channel in range(CHIPS):
            board.set_fault(channel, Fault.UNPLUGGED)
        board.run(3.5)
        statuses = [frame for frame in board.frames if isinstance(frame, Status)]
        assert len(statuses) == 4  # one a second, and one for the news
        assert statuses[-1].faults == statuses[-2].faults == 0xFF
        assert board.stats.resets == 0


def test_a_chip_that_was_left_in_the_middle_of_a_word_by_a_reset(elf: Path) -> None:
    """The board's reset may come at any moment of a burst."""
    for k in range(12):
        with SimBoard(elf, seed=k) as board:
            board.run(0.6 + k * 0.000_511)
            board.press_reset()
            board.take_frames()
            before = len(board.frames)
            reset_s = board.now_s
            board.run(0.5)
            ledger = check(board, board.frames[before:], from_s=reset_s)
            assert ledger.sound(), ledger
            assert min(ledger.share(channel, reset_s + 0.1) for channel in range(CHIPS)) == 1.0
