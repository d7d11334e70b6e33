"""The virtual board says and does what the serial contract asks, read by the agent's own codec."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from agent.wire import Frame, FrameStream, Hello, Reply, Samples, Status
from bench.board.board import LONGEST_BACKLOG, VirtualBoard
from bench.board.chips import Conversion
from bench.wire import frame

ID = bytes.fromhex("b000000000000001")
PERIOD_S = 0.0125
STEP_S = 0.02


@dataclass
class Pins:
    """Chips that note what they are told."""

    told: list[tuple[str, int]] = field(default_factory=list)

    def set_rate(self, rate_hz: int) -> None:
        self.told.append(("rate", rate_hz))

    def set_gain(self, gain: int) -> None:
        self.told.append(("gain", gain))


class Bench:
    """A board with eight even chips, whose time a test lets pass."""

    def __init__(self) -> None:
        self.pins = Pins()
        self.board = VirtualBoard(ID, 8, 80, self.pins, boot=7)
        self.stream = FrameStream()
        self.stream.feed(b"\0")  # joined
        self.now_s = 0.0
        self.silent: set[int] = set()
        self._next_s = PERIOD_S

    def run(self, seconds: float) -> list[Frame]:
        out: list[Frame] = []
        end_s = self.now_s + seconds
        while self.now_s < end_s - 1e-9:
            self.now_s += STEP_S
            conversions = []
            while self._next_s <= self.now_s:
                for channel in set(range(8)) - self.silent:
                    conversions.append(Conversion(self._next_s + channel * 1e-4, channel, 1000 * channel + 1))
                self._next_s += PERIOD_S
            self.board.advance(self.now_s, conversions, 21.5)
            out += self.stream.feed(self.board.sent(self.now_s))
        return out

    def say(self, *body: int) -> None:
        self.board.receive(frame(bytes(body)), self.now_s)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def hellos(frames: list[Frame]) -> list[Hello]:
    return [frame for frame in frames if isinstance(frame, Hello)]


def statuses(frames: list[Frame]) -> list[Status]:
    return [frame for frame in frames if isinstance(frame, Status)]


def replies(frames: list[Frame]) -> list[tuple[int, int]]:
    return [(frame.command, frame.result) for frame in frames if isinstance(frame, Reply)]


def sequence(frames: list[Frame]) -> list[int]:
    return [int(seq) for frame in frames if isinstance(frame, Samples) for seq in frame.seq]


def test_its_own_rhythm(bench: Bench) -> None:
    frames = bench.run(11.0)
    assert isinstance(frames[0], Hello)
    assert len(hellos(frames)) == 3  # at boot, after 5 s, after 10 s
    hello = hellos(frames)[0]
    assert (hello.board_id, hello.channels, hello.gain, hello.rate_hz, hello.boot) == (ID.hex(), 8, 128, 80, 7)
    assert [status.uptime_s for status in statuses(frames)] == list(range(1, 11))
    assert statuses(frames)[0].temperature_c == pytest.approx(21.5)
    assert sequence(frames) == list(range(len(sequence(frames))))
    assert len(sequence(frames)) >= 870
    block = next(frame for frame in frames if isinstance(frame, Samples))
    assert block.counts[0].tolist() == [1000 * channel + 1 for channel in range(8)]
    assert bench.stream.counters.bad == 0


def test_nothing_is_sent_before_the_chips_have_settled(bench: Bench) -> None:
    frames = bench.run(1.0)
    first = next(frame for frame in frames if isinstance(frame, Samples))
    assert int(first.t_board_us[0]) == pytest.approx(5 * PERIOD_S * 1e6, abs=2000)  # four are dropped


def test_identify_is_answered_with_hello(bench: Bench) -> None:
    bench.run(1.0)
    bench.say(0x81)
    assert len(hellos(bench.run(0.1))) == 1


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ((0x82, 64), 0),
        ((0x82, 128), 0),
        ((0x82, 32), 2),
        ((0x85, 10), 0),
        ((0x85, 80), 0),
        ((0x85, 40), 2),
        ((0x99, 1), 1),
        ((0x83, 1, 2, 3, 4, 5, 6, 7, 8), 0),
    ],
)
def test_commands_are_answered(bench: Bench, body: tuple[int, ...], result: int) -> None:
    bench.run(1.0)
    bench.say(*body)
    assert replies(bench.run(0.2)) == [(body[0], result)]


@pytest.mark.parametrize("body", [(0x01, 1), (0x82,), (0x82, 64, 1), (0x83, 1)])
def test_what_is_no_command_is_counted_and_not_answered(bench: Bench, body: tuple[int, ...]) -> None:
    bench.run(1.0)
    bench.say(*body)
    frames = bench.run(1.2)
    assert replies(frames) == []
    assert statuses(frames)[-1].rx_errors == 1


def test_damaged_bytes_between_commands_do_no_harm(bench: Bench) -> None:
    bench.run(1.0)
    bench.board.receive(b"\x13\x37\0" + frame(bytes([0x82, 64]))[:-2] + b"\0" + frame(bytes([0x85, 10])), bench.now_s)
    frames = bench.run(1.2)
    assert replies(frames) == [(0x85, 0)]
    assert statuses(frames)[-1].rx_errors == 2
    assert bench.pins.told == [("rate", 10)]


@pytest.mark.parametrize(("body", "told"), [((0x82, 64), ("gain", 64)), ((0x85, 10), ("rate", 10))])
def test_a_change_of_gain_or_rate_settles_and_says_hello(
    bench: Bench, body: tuple[int, ...], told: tuple[str, int]
) -> None:
    before = sequence(bench.run(1.0))
    bench.say(*body)
    frames = bench.run(1.0)
    assert bench.pins.told == [told]
    hello = hellos(frames)[0]
    assert told in (("gain", hello.gain), ("rate", hello.rate_hz))
    assert sequence(frames)[0] == before[-1] + 1  # the board's seq goes on
    after = frames[frames.index(hello) :]
    samples = next(frame for frame in after if isinstance(frame, Samples))
    assert int(samples.t_board_us[0]) >= 1.0e6 + 4 * PERIOD_S * 1e6 - 1e3


def test_reset_is_a_new_boot_by_the_watchdog(bench: Bench) -> None:
    bench.say(0x82, 64)
    bench.run(2.0)
    bench.say(0x84)
    frames = bench.run(2.0)
    assert replies(frames) == []
    hello = hellos(frames)[0]
    assert (hello.boot, hello.reset_cause, hello.gain) == (8, 8, 128)
    assert sequence(frames)[0] == 0
    assert statuses(frames)[0].uptime_s == 1


def test_a_new_id_is_kept_over_a_reset(bench: Bench) -> None:
    bench.say(0x83, *range(1, 9))
    bench.say(0x84)
    assert hellos(bench.run(1.0))[0].board_id == "0102030405060708"


def test_a_silent_channel_is_absent_then_a_fault_then_waited_for_no_more(bench: Bench) -> None:
    bench.run(2.0)
    bench.silent = {3}
    frames = bench.run(3.0)
    assert statuses(frames)[-1].faults == 1 << 3
    last = [frame for frame in frames if isinstance(frame, Samples)][-1]
    assert int(last.present[-1]) == 0xFF & ~(1 << 3)
    bench.silent = set()
    assert statuses(bench.run(2.0))[-1].faults == 0


def test_a_late_read_is_counted_not_sent(bench: Bench) -> None:
    bench.run(1.0)
    bench.board.advance(bench.now_s, [Conversion(bench.now_s, 0, None)], 21.5)
    assert statuses(bench.run(1.2))[-1].late_reads == 1


def test_what_nobody_fetches_is_dropped_and_counted(bench: Bench) -> None:
    for _ in range(LONGEST_BACKLOG + 20):
        bench.say(0x81)
    assert bench.board.tx_dropped >= 20


def test_frames_leave_no_faster_than_the_line_carries(bench: Bench) -> None:
    for _ in range(100):
        bench.say(0x81)
    bench.board.sent(0.0)
    assert len(bench.board.sent(0.010)) <= 500  # 10 ms at 50 bytes a ms
