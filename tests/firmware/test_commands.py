"""What the host says to the running board, sound and damaged, and what is unharmed by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.wire import frames, host
from agent.wire.frames import Hello, Reply, Status
from tests.firmware.delivery import check
from tests.firmware.simboard import CHIPS, SimBoard

DONE, UNKNOWN_COMMAND, BAD_ARGUMENT = 0, 1, 2
BOARD_ID = "b0a1b2c3d4e5f607"
ANSWER_WITHIN_S = 0.01


def _ask(board: SimBoard, wire: bytes, within_s: float = ANSWER_WITHIN_S) -> Reply:
    board.write(wire)
    reply: Reply = board.run_until_frame(Reply, within_s)
    return reply


def _rx_errors(board: SimBoard) -> int:
    status: Status = board.run_until_frame(Status, 1.2)
    return status.rx_errors


def _assert_sampling_unharmed(board: SimBoard, from_s: float = 0.0) -> None:
    ledger = check(board)
    assert ledger.sound(), ledger
    assert board.damaged == 0
    assert [ledger.lost_s[channel] for channel in range(CHIPS) if ledger.share(channel, from_s) < 1.0] == []


def test_identify_is_answered_by_hello(board: SimBoard) -> None:
    board.run(0.2)
    board.write(host.identify())
    hello: Hello = board.run_until_frame(Hello, ANSWER_WITHIN_S)
    assert (hello.firmware, hello.channels, hello.gain, hello.rate_hz) == ((1, 0, 0), CHIPS, 128, 80)


def test_the_first_command_needs_no_delimiter_before_it(board: SimBoard) -> None:
    board.run(0.05)
    board.write(host.identify())
    board.run_until_frame(Hello, ANSWER_WITHIN_S)


@pytest.mark.parametrize("gain", [128, 64])
def test_gain(board: SimBoard, gain: int) -> None:
    board.run(0.2)
    assert _ask(board, host.set_gain(gain)) == Reply(frames.SET_GAIN, DONE)
    assert board.run_until_frame(Hello, ANSWER_WITHIN_S).gain == gain


@pytest.mark.parametrize("rate_hz", [80, 10])
def test_rate(board: SimBoard, rate_hz: int) -> None:
    board.run(0.2)
    assert _ask(board, host.set_rate(rate_hz)) == Reply(frames.SET_RATE, DONE)
    assert board.run_until_frame(Hello, ANSWER_WITHIN_S).rate_hz == rate_hz
    assert board.stats.rate == (rate_hz == 80)


@pytest.mark.parametrize("kind", [frames.SET_GAIN, frames.SET_RATE])
def test_bad_arguments_change_nothing(board: SimBoard, kind: int) -> None:
    board.run(0.5)
    good = frames.GAINS if kind == frames.SET_GAIN else frames.RATES_HZ
    for argument in (0, 1, 32, 63, 65, 79, 127, 255):
        if argument not in good:
            assert _ask(board, frames.seal(bytes([kind, argument]))) == Reply(kind, BAD_ARGUMENT)
    board.write(host.identify())
    hello: Hello = board.run_until_frame(Hello, ANSWER_WITHIN_S)
    assert (hello.gain, hello.rate_hz) == (128, 80)
    board.run(0.5)
    _assert_sampling_unharmed(board)


def test_settings_that_are_in_force_already_disturb_nobody(board: SimBoard) -> None:
    board.run(0.5)
    assert _ask(board, host.set_gain(128)).result == DONE
    assert _ask(board, host.set_rate(80)).result == DONE
    board.run(0.5)
    _assert_sampling_unharmed(board)


def test_settings_do_not_outlive_a_restart_and_the_id_does(board: SimBoard) -> None:
    board.run(0.2)
    assert _ask(board, host.set_gain(64)).result == DONE
    assert _ask(board, host.set_rate(10)).result == DONE
    assert _ask(board, host.set_board_id(BOARD_ID), 0.1).result == DONE
    board.run(0.1)
    board.press_reset()
    hello: Hello = board.run_until_frame(Hello, 0.1)
    assert (hello.board_id, hello.gain, hello.rate_hz) == (BOARD_ID, 128, 80)


def test_the_id_is_kept_without_power_and_sampling_goes_on_while_it_is_written(elf: Path, board: SimBoard) -> None:
    board.run(0.5)
    assert _ask(board, host.set_board_id(BOARD_ID), 0.1) == Reply(frames.SET_BOARD_ID, DONE)
    board.run(0.5)
    _assert_sampling_unharmed(board)
    with SimBoard(elf) as next_day:
        next_day.eeprom = board.eeprom
        hello: Hello = next_day.run_until_frame(Hello, 0.1)
        assert (hello.board_id, hello.boot) == (BOARD_ID, 2)


def test_a_board_without_an_id_says_so(board: SimBoard) -> None:
    hello: Hello = board.run_until_frame(Hello, 0.1)
    assert hello.board_id == "ff" * 8
    assert hello.unset


def test_an_id_that_was_being_written_when_the_power_went_is_none_or_whole(elf: Path, board: SimBoard) -> None:
    board.run(0.2)
    other = "1122334455667788"
    assert _ask(board, host.set_board_id(BOARD_ID), 0.1).result == DONE
    board.write(host.set_board_id(other))
    seen = set()
    for _ in range(45):
        board.run(0.001)
        with SimBoard(elf) as next_day:
            next_day.eeprom = board.eeprom
            seen.add(next_day.run_until_frame(Hello, 0.1).board_id)
    assert "ff" * 8 in seen
    assert seen <= {BOARD_ID, "ff" * 8, other}
    assert [frame.result for frame in board.frames if isinstance(frame, Reply)] == [DONE, DONE]


def test_commands_behind_one_another_are_all_answered_in_order(board: SimBoard) -> None:
    board.run(0.2)
    board.write(
        host.set_board_id(BOARD_ID)
        + host.set_gain(64)
        + frames.seal(b"\x99")
        + host.set_rate(11 - 1)
        + frames.seal(b"\x82\x01")
        + host.set_gain(128)
    )
    answers = [board.run_until_frame(Reply, 0.2) for _ in range(6)]
    assert [(reply.command, reply.result) for reply in answers] == [
        (frames.SET_BOARD_ID, DONE),
        (frames.SET_GAIN, DONE),
        (0x99, UNKNOWN_COMMAND),
        (frames.SET_RATE, DONE),
        (frames.SET_GAIN, BAD_ARGUMENT),
        (frames.SET_GAIN, DONE),
    ]


def test_reset_restarts_the_board(board: SimBoard) -> None:
    first: Hello = board.run_until_frame(Hello, 0.1)
    board.run(0.3)
    board.write(host.reset())
    # The watchdog does it, after 16 ms; simavr does not take note of the shorter time and needs the 500 ms of before.
    hello: Hello = board.run_until_frame(Hello, 0.6)
    assert hello.boot == first.boot + 1
    assert hello.reset_cause == 8
    assert board.stats.resets == 1
    assert not [frame for frame in board.frames if isinstance(frame, Reply)]


def test_frames_that_are_none_of_the_contract_are_counted_and_dropped(board: SimBoard) -> None:
    board.run(0.5)
    before = _rx_errors(board)
    damaged = bytearray(host.set_gain(64))
    damaged[2] ^= 0x10
    board.write(b"\x00" + bytes(damaged))
    board.write(frames.seal(b"\x82"))  # SET_GAIN without a gain
    board.write(frames.seal(b"\x83" + bytes(7)))  # an id too short
    board.write(frames.seal(b"\x84\x00"))  # RESET with an argument
    board.write(frames.seal(b"\x02" + bytes(31)))  # our own SAMPLE, as a loop in the cable brings it back
    board.write(b"\x05\x82\x00\x00\x00\x00")  # cut short, and empty frames, which count nothing
    board.write(frames.seal(b"\xfe"))  # a command of another protocol is answered besides
    assert _rx_errors(board) == before + 7
    assert [frame for frame in board.frames if isinstance(frame, Reply)] == [Reply(0xFE, UNKNOWN_COMMAND)]
    board.write(host.identify())
    assert board.run_until_frame(Hello, ANSWER_WITHIN_S).gain == 128
    _assert_sampling_unharmed(board)


def test_damaged_bytes_between_commands(board: SimBoard) -> None:
    board.run(0.5)
    for k in range(20):
        board.write(bytes((17 * k + i) % 255 + 1 for i in range(k)) + b"\x00")
        board.write(host.identify())
        board.run_until_frame(Hello, ANSWER_WITHIN_S)
    assert _rx_errors(board) >= 15
    _assert_sampling_unharmed(board)


def test_a_host_that_never_stops_talking_harms_nothing(board: SimBoard) -> None:
    """1.5 s of noise at the full rate of the line, endless frames and damaged ones."""
    board.run(0.5)
    board.write((b"\x55" * 300 + b"\x00" + b"\x03\x82\x80\x01\x00" * 40) * 150)
    board.run(1.7)
    errors = _rx_errors(board)
    assert errors > 150
    _assert_sampling_unharmed(board)
    assert board.stats.resets == 0
    assert board.stats.uart_overrun == 0
    assert board.stats.static_bytes + board.stats.stack_bytes < 1024


def test_a_flood_of_questions_costs_answers_and_not_conversions(board: SimBoard) -> None:
    board.run(0.5)
    board.write(host.identify() * 5000)
    board.run(1.0)
    status: Status = board.run_until_frame(Status, 1.2)
    ledger = check(board)
    assert not ledger.wrong
    assert not ledger.unsettled
    assert board.damaged == 0
    assert board.stats.resets == 0
    # The answers fill the line; what does not fit is counted, and shows as gaps.
    assert status.tx_dropped >= ledger.gaps
