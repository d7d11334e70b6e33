"""The figures asked of the board, at full length, beside what they must be: `make bench-firmware`.

Exit 1 where one is missed. `--seconds 5` for a quick look.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.wire import frames, host
from agent.wire.frames import Hello, Reply, Status
from tests.firmware.delivery import Delivery, check
from tests.firmware.simboard import CHIPS, CYCLES_PER_US, Fault, SimBoard, build

SHARE_MUST = 0.995
TOLD_MUST_S = 1.5
BACK_MUST_S = 1.0
RESET_MUST_S = 0.6
HIGH_MUST_US = 5.0
LOAD_MUST = 0.35
FLASH_MUST = 8192
RAM_MUST = 1024


@dataclass(frozen=True)
class Row:
    what: str
    must: str
    measured: str
    good: bool


def steady(elf: Path, seconds: float, rate_hz: int, what: str, share_must: float) -> Row:
    """Eight chips of +-2 % for so long, at one rate."""
    with SimBoard(elf, seed=42, spread=0.02) as board:
        board.run(0.3)
        if rate_hz != frames.RATES_HZ[1]:
            board.write(host.set_rate(rate_hz))
            board.run(0.8)
        start_s = board.now_s
        board.run(seconds)
        ledger = check(board)
        least = min(ledger.share(channel, start_s) for channel in range(CHIPS))
        count = int(ledger.delivered.sum())
        wrong = len(ledger.wrong) + len(ledger.unsettled)
        return Row(
            what,
            f"0 wrong, 0 damaged, 0 gaps{f', >= {share_must:.1%} delivered' if share_must else ''}",
            f"{wrong} wrong of {count}, {board.damaged} damaged, {ledger.gaps} gaps, {least:.2%} delivered",
            ledger.sound() and board.damaged == 0 and least >= share_must,
        )


def _lost_while_whole(ledger: Delivery, channel: int, outages: list[tuple[int, float, float]]) -> list[float]:
    """Lost conversions of a channel outside of its own outage and the second after it."""
    own = [(broken_s, mended_s + BACK_MUST_S) for broken, broken_s, mended_s in outages if broken == channel]
    return [m for m in ledger.lost_s[channel] if not any(start_s <= m <= end_s for start_s, end_s in own)]


def faults(elf: Path, rate_hz: int) -> Iterator[Row]:
    """One line after the other breaks and is mended, on one board."""
    with SimBoard(elf, seed=7) as board:
        board.run(0.3)
        board.write(host.set_rate(rate_hz))
        board.run(1.0)
        start_s = board.now_s
        outages: list[tuple[int, float, float]] = []
        told_s: list[float] = []
        for channel, fault in enumerate((Fault.UNPLUGGED, Fault.STUCK_LOW, Fault.STUCK_HIGH)):
            broken_s = board.now_s
            board.set_fault(channel, fault)
            while not board.run_until_frame(Status, 2.0).faults >> channel & 1:
                pass
            told_s.append(board.now_s - broken_s)
            board.run(1.3)
            outages.append((channel, broken_s, board.now_s))
            board.set_fault(channel, Fault.GOOD)
            board.run(2.1)
        board.set_target(3, 0x7FFFFF)
        saturated_s = board.now_s
        board.run(1.5)
        ledger = check(board)
        back_s = [min(m for m in ledger.delivered_s[c] if m > mended_s) - mended_s for c, _, mended_s in outages]
        lost = sum(
            moment >= start_s for channel in range(CHIPS) for moment in _lost_while_whole(ledger, channel, outages)
        )
        saturated_share = ledger.share(3, saturated_s)
        yield Row(
            f"unplugged, stuck low, stuck high, saturated at {rate_hz} SPS",
            f"others lose 0, told in {TOLD_MUST_S} s, back in {BACK_MUST_S} s",
            f"{lost} lost, told in {max(told_s):.2f} s, back in {max(back_s):.2f} s",
            ledger.sound()
            and lost == 0
            and max(told_s) <= TOLD_MUST_S
            and max(back_s) <= BACK_MUST_S
            and saturated_share == 1.0,
        )


def hang() -> Row:
    """The main loop stops; how long until the board is reset."""
    with SimBoard(build("hang", sources=("hang_command.c",), flags="-Wl,--wrap=commands_handle")) as board:
        first: Hello = board.run_until_frame(Hello, 0.2)
        board.run(1.0)
        hung_s = board.now_s
        board.write(frames.seal(b"\xee"))
        hello: Hello = board.run_until_frame(Hello, 1.0)
        after_s = board.stats.reset_at / CYCLES_PER_US / 1e6 - hung_s
        return Row(
            "hang",
            f"reset in {RESET_MUST_S} s, HELLO: watchdog, boot + 1",
            f"reset in {after_s:.2f} s, HELLO: cause {hello.reset_cause}, boot + {hello.boot - first.boot}",
            after_s <= RESET_MUST_S and hello.reset_cause == 8 and hello.boot == first.boot + 1,
        )


def commands(elf: Path) -> Row:
    """Every command, good and bad, with damaged bytes between."""
    asked = [
        (host.set_gain(128), 0),
        (frames.seal(b"\x82\x21"), 2),
        (host.set_rate(80), 0),
        (frames.seal(b"\x85\x00"), 2),
        (host.set_board_id("b000000000000001"), 0),
        (frames.seal(b"\xf0\x01"), 1),
    ]
    with SimBoard(elf) as board:
        board.run(0.5)
        right = 0
        for k in range(60):
            wire, result = asked[k % len(asked)]
            board.write(bytes(range(1, 2 + k)) + b"\x00" + wire)
            right += board.run_until_frame(Reply, 0.1).result == result
            board.run(0.02)
        ledger = check(board)
        lost = sum(len(moments) for moments in ledger.lost_s)
        return Row(
            "every command, good and bad, damaged bytes between",
            "60 right answers, sampling unharmed",
            f"{right} right answers, {lost} conversions lost",
            right == 60 and lost == 0 and ledger.sound(),
        )


def costs(elf: Path) -> Row:
    """What the firmware takes of the chip."""
    with SimBoard(elf) as board:
        board.run(0.5)
        board.write(host.identify() + host.set_gain(64) + host.set_gain(128))
        board.run(5)
        stats = board.stats
        high_us = max(board.chip_stats(channel).longest_high for channel in range(CHIPS)) / CYCLES_PER_US
        ram = stats.static_bytes + stats.stack_bytes
        return Row(
            "PD_SCK high, CPU, flash, RAM",
            f"< {HIGH_MUST_US:g} us, < {LOAD_MUST:.0%}, < {FLASH_MUST} B, < {RAM_MUST} B",
            f"{high_us:.2f} us, {board.cpu_load:.1%}, {stats.flash_bytes} B, {ram} B",
            high_us < HIGH_MUST_US and board.cpu_load < LOAD_MUST and stats.flash_bytes < FLASH_MUST and ram < RAM_MUST,
        )


def rows(seconds: float) -> Iterator[Row]:
    elf = build()
    foreign = build("foreign", sources=("foreign_interrupt.c",))
    yield steady(elf, seconds, 80, f"{seconds:g} s, 8 channels, 80 SPS, +-2 %", SHARE_MUST)
    yield steady(elf, seconds, 10, f"{seconds:g} s, 8 channels, 10 SPS, +-2 %", SHARE_MUST)
    yield steady(foreign, seconds, 80, f"{seconds:g} s, foreign interrupt 100 us every 0.5 ms", 0.0)
    yield from faults(elf, 80)
    yield from faults(elf, 10)
    yield hang()
    yield commands(elf)
    yield costs(elf)


def main(write: Callable[[str], object] = sys.stdout.write) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="simulated seconds of the long rows")
    seconds = parser.parse_args().seconds
    good = True
    write(f"| {'what':52} | {'must':46} | {'measured':62} |\n|{'-' * 54}|{'-' * 48}|{'-' * 64}|\n")
    for row in rows(seconds):
        good = good and row.good
        write(f"| {row.what:52} | {row.must:46} | {row.measured:62} |{'' if row.good else ' MISSED'}\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
