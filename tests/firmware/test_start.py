"""Starts, restarts, and what the board tells of itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from agent.wire import frames, host
from agent.wire.frames import Hello, Reply, Samples, Status
from tests.firmware.delivery import check
from tests.firmware.simboard import CHIPS, Fault, SimBoard, build

POWER_ON, EXTERNAL, BROWN_OUT, WATCHDOG = 1, 2, 4, 8
HANG = frames.seal(b"\xee")
MUST_RESET_S = 0.6
BOOT_CELLS = slice(16, 16 + 32 * 3)


@pytest.fixture
def hanging_board(toolchain: None) -> Iterator[SimBoard]:
    """A board that knows a command by which it hangs."""
    with SimBoard(build("hang", sources=("hang_command.c",), flags="-Wl,--wrap=commands_handle")) as board:
        yield board


def test_hello_comes_first_and_every_five_seconds(board: SimBoard) -> None:
    board.run(11)
    assert isinstance(board.frames[0], Hello)
    assert board.frames[0].reset_cause == POWER_ON
    assert board.frames[0].boot == 1
    assert sum(isinstance(frame, Hello) for frame in board.frames) == 3


def test_no_conversion_is_sent_before_the_chips_have_settled(board: SimBoard) -> None:
    first: Samples = board.run_until_frame(Samples, 0.2)
    assert board.now_s > 4 / 82
    assert first.present[0] == 0xFF
    board.run(0.2)
    assert not check(board).unsettled


def test_status_comes_every_second_and_counts_them(board: SimBoard) -> None:
    came_s = []
    for second in range(1, 16):
        status: Status = board.run_until_frame(Status, 1.1)
        assert status == Status(second, None, status.supply_mv, 0, 0, 0, 0)
        came_s.append(board.now_s)
    assert all(later - sooner == pytest.approx(1.0, abs=0.005) for sooner, later in pairwise(came_s))


@pytest.mark.parametrize("supply_mv", [4300, 5000, 5250])
def test_supply(board: SimBoard, supply_mv: int) -> None:
    board.set_analog(supply_mv=supply_mv, ntc_mv=supply_mv)
    assert board.run_until_frame(Status, 1.2).supply_mv == pytest.approx(supply_mv, rel=0.01)


@pytest.mark.parametrize("temperature_c", [-18.5, 4.0, 21.5, 40.0])
def test_temperature_does_not_depend_on_the_supply(board: SimBoard, temperature_c: float) -> None:
    ohm = 10_000 * math.exp(3950 * (1 / (temperature_c + 273.15) - 1 / 298.15))
    board.set_analog(supply_mv=4800, ntc_mv=round(4800 * ohm / (ohm + 10_000)))
    measured_c = board.run_until_frame(Status, 1.2).temperature_c
    assert measured_c == pytest.approx(temperature_c, abs=0.5)


def test_a_sensor_that_comes_off_is_told(board: SimBoard) -> None:
    board.set_analog(ntc_mv=2500)
    assert board.run_until_frame(Status, 1.2).temperature_c == pytest.approx(25, abs=0.5)
    board.set_analog(ntc_mv=5000)
    assert board.run_until_frame(Status, 1.2).temperature_c is None


def test_reset_button_is_told_and_counted(board: SimBoard) -> None:
    first: Hello = board.run_until_frame(Hello, 0.1)
    board.run(0.5)
    board.press_reset()
    again: Hello = board.run_until_frame(Hello, 0.1)
    assert again.reset_cause == EXTERNAL
    assert again.boot == first.boot + 1
    assert board.run_until_frame(Samples, 0.2).seq[0] == 0


@pytest.mark.parametrize("cause", [POWER_ON, EXTERNAL, BROWN_OUT, WATCHDOG, POWER_ON | BROWN_OUT])
def test_the_cause_is_taken_from_optiboot(elf: Path, cause: int) -> None:
    with SimBoard(elf) as board:
        board.start_from_optiboot(cause)
        assert board.run_until_frame(Hello, 0.1).reset_cause == cause


def test_what_a_register_held_by_chance_is_no_cause(elf: Path) -> None:
    with SimBoard(elf) as board:
        board.start_from_optiboot(0x5A)
        assert board.run_until_frame(Hello, 0.1).reset_cause == 0


def test_a_hanging_board_restarts_itself(hanging_board: SimBoard) -> None:
    board = hanging_board
    first: Hello = board.run_until_frame(Hello, 0.1)
    board.run(1.0)
    hung_s = board.now_s
    board.write(HANG)
    hello: Hello = board.run_until_frame(Hello, 1.0)
    assert board.stats.resets == 1
    assert board.stats.reset_at / 16e6 - hung_s <= MUST_RESET_S
    assert board.now_s - hung_s <= MUST_RESET_S + 0.05
    assert hello.reset_cause == WATCHDOG
    assert hello.boot == first.boot + 1
    before = len(board.frames)
    board.run(1.0)
    ledger = check(board, board.frames[before:], from_s=hung_s)
    assert ledger.sound(), ledger
    assert min(ledger.share(channel, board.now_s - 0.9) for channel in range(CHIPS)) == 1.0


def test_a_board_that_hangs_over_and_over_comes_back_each_time(hanging_board: SimBoard) -> None:
    board = hanging_board
    boots = [board.run_until_frame(Hello, 0.1).boot]
    for _ in range(3):
        board.run(0.1)
        board.write(HANG)
        boots.append(board.run_until_frame(Hello, 1.0).boot)
    assert boots == [1, 2, 3, 4]


def test_the_test_command_is_not_in_the_product(board: SimBoard) -> None:
    board.run(0.2)
    board.write(HANG)
    assert board.run_until_frame(Reply, 0.1) == Reply(0xEE, 1)


def test_boot_numbers_go_on_and_wear_the_cells_evenly(elf: Path) -> None:
    boots, writes = [], [0] * 1024
    cells = bytes([0xFF]) * 1024
    for _ in range(40):
        with SimBoard(elf) as board:
            board.eeprom = cells
            boots.append(board.run_until_frame(Hello, 0.1).boot)
            writes = [n + (a != b) for n, a, b in zip(writes, cells, board.eeprom, strict=True)]
            cells = board.eeprom
    assert boots == list(range(1, 41))
    assert max(writes) <= 2  # of 32 slots each, gone round once and a bit


def test_boot_numbers_wrap(elf: Path) -> None:
    boots = []
    cells = bytearray([0xFF]) * 1024
    cells[16 + 9 : 16 + 12] = bytes([0xFE, 0xFF, 0xFE ^ 0xFF ^ 0xA5])
    for _ in range(4):
        with SimBoard(elf) as board:
            board.eeprom = bytes(cells)
            boots.append(board.run_until_frame(Hello, 0.1).boot)
            cells = bytearray(board.eeprom)
    assert boots == [0xFFFF, 0, 1, 2]


def test_a_boot_number_is_never_told_twice_whenever_the_power_goes(elf: Path) -> None:
    cells = bytes([0xFF]) * 1024
    told: list[int] = []
    for millisecond in [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 20, 20]:
        with SimBoard(elf) as board:
            board.eeprom = cells
            board.run(millisecond / 1000)
            told += [frame.boot for frame in board.frames if isinstance(frame, Hello)]
            cells = board.eeprom
    assert len(told) == len(set(told)) >= 3
    assert told == sorted(told)


def _light(board: SimBoard, seconds: float) -> list[tuple[int, float]]:
    """Runs of (level, seconds), without the first and the last, which are cut."""
    runs: list[list[float]] = []
    for _ in range(round(seconds / 0.01)):
        board.run(0.01)
        level = board.stats.light
        if runs and runs[-1][0] == level:
            runs[-1][1] += 0.01
        else:
            runs.append([level, 0.01])
    return [(int(level), round(length, 1)) for level, length in runs[1:-1]]


def test_light_flickers_without_an_id(board: SimBoard) -> None:
    board.run(0.5)
    assert set(_light(board, 2)) == {(0, 0.1), (1, 0.1)}


def test_light_beats_while_all_is_well_and_names_the_faulty_channel(board: SimBoard) -> None:
    board.run(0.2)
    board.write(host.set_board_id("b000000000000001"))
    board.run(1.0)
    assert set(_light(board, 7)) == {(0, 1.0), (1, 1.0)}
    board.set_fault(2, Fault.UNPLUGGED)
    board.set_fault(6, Fault.UNPLUGGED)
    board.run(4)
    runs = _light(board, 8)
    pause = next(k for k, (level, length) in enumerate(runs) if level == 0 and length > 1)
    assert runs[pause + 1 : pause + 7] == [(1, 0.2), (0, 0.2), (1, 0.2), (0, 0.2), (1, 0.2), (0, 1.4)]
