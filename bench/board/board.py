"""A board's own life, as the serial contract tells it: conversions and a host's bytes in, frames out. No port, no clock
of the machine: time comes in with every call."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from bench.board.chips import Conversion
from bench.board.sampler import Sample, Sampler
from bench.recordings.stream import BYTE_S, HELLO_EVERY_S, SETTLING_CONVERSIONS, STATUS_EVERY_S
from bench.wire import CommandReader, Hello, HostCommand, Reply, Status, frame, sample_body
from bench.wire.commands import IDENTIFY, RESET, SET_BOARD_ID, SET_GAIN, SET_RATE
from bench.wire.frames import POWER_ON

DONE, UNKNOWN_COMMAND, BAD_ARGUMENT = 0, 1, 2
WATCHDOG = 8  # reset_cause bit 3: a commanded reset goes through the watchdog
COMMAND_BIT = 0x80  # what has it not is a board's own frame come back, and is not answered
GAINS, RATES_HZ = (128, 64), (80, 10)
RESET_TAKES_S = 0.05
SILENT_S = 1.0  # a channel without a sound conversion for so long is a fault
SUPPLY_MV = 5000
LONGEST_BACKLOG = 2048  # frames: some 20 s; a board's own buffer holds far less


class Chips(Protocol):
    """The pins of a board's chips."""

    def set_rate(self, rate_hz: int) -> None: ...
    def set_gain(self, gain: int) -> None: ...


@dataclass(frozen=True)
class Timed:
    """A frame and when its first byte goes out (s)."""

    t: float
    data: bytes


class VirtualBoard:
    """The state of one board. Times are seconds of the store's clock; the board's own runs `clock` times as fast."""

    def __init__(
        self, board_id: bytes, channels: int, rate_hz: int, chips: Chips, *, clock: float = 1.0, boot: int = 1
    ) -> None:
        self.board_id, self.channels, self.rate_hz, self.gain = board_id, channels, rate_hz, GAINS[0]
        self._chips, self._clock, self._boot = chips, clock, boot
        self._power_on_hz = rate_hz
        self._rx_errors_before = 0
        self._out: deque[Timed] = deque()
        self.tx_dropped = 0
        self._start(0.0, POWER_ON)

    def receive(self, data: bytes, t: float) -> None:
        """Bytes from the host."""
        for command in self._reader.feed(data):
            self._obey(command, t)

    def advance(self, until_s: float, conversions: list[Conversion], celsius: float) -> None:
        """Time goes on; conversions since the last call in order of time, and what the thermistor shows."""
        for conversion in conversions:
            self._beat(conversion.t, celsius)
            self._hear(conversion)
        self._beat(until_s, celsius)
        for sample in self._sampler.pass_time(until_s):
            self._send_sample(sample)

    def sent(self, t: float) -> bytes:
        """What has left the UART by `t` and was not yet taken; a frame may be cut anywhere."""
        parts = []
        while self._out:
            head = self._out[0]
            fits = min(len(head.data), int((t - head.t) / BYTE_S))
            if fits <= 0:
                break
            parts.append(head.data[:fits])
            if fits < len(head.data):
                self._out[0] = Timed(head.t + fits * BYTE_S, head.data[fits:])
                break
            self._out.popleft()
        return b"".join(parts)

    # --- life ------------------------------------------------------------------------------------------------------

    def _start(self, t: float, cause: int) -> None:
        self._began_s, self._cause = t, cause
        self._seq = self._late_reads = 0
        self._reader = CommandReader()
        self._next_hello_s, self._next_status_s = t, t + STATUS_EVERY_S
        self._heard_s = [t] * self.channels
        self._settle(t)

    def _settle(self, t: float) -> None:
        """No conversion is sent before the chips have settled."""
        self._unsettled = [SETTLING_CONVERSIONS] * self.channels
        self._sampler = Sampler(self.channels, self.rate_hz, t)
        self._settling_from_s = t

    def _beat(self, t: float, celsius: float) -> None:
        while min(self._next_hello_s, self._next_status_s) <= t:
            if self._next_hello_s <= self._next_status_s:
                at, self._next_hello_s = self._next_hello_s, self._next_hello_s + HELLO_EVERY_S
                self._hello(at)
            else:
                at, self._next_status_s = self._next_status_s, self._next_status_s + STATUS_EVERY_S
                self._status(at, celsius)

    def _hear(self, conversion: Conversion) -> None:
        if conversion.t < self._settling_from_s:
            return  # the board was still off
        if conversion.counts is None:
            self._late_reads += 1
            return
        if self._unsettled[conversion.channel]:
            self._unsettled[conversion.channel] -= 1
            return
        self._heard_s[conversion.channel] = conversion.t
        for sample in self._sampler.take(conversion.t, conversion.channel, conversion.counts):
            self._send_sample(sample)

    # --- frames ----------------------------------------------------------------------------------------------------

    def _send(self, t: float, data: bytes) -> bool:
        if len(self._out) >= LONGEST_BACKLOG:
            self.tx_dropped += 1
            return False
        if self._out:  # one UART: a frame waits for the one before it
            last = self._out[-1]
            t = max(t, last.t + len(last.data) * BYTE_S)
        self._out.append(Timed(t, data))
        return True

    def _send_sample(self, sample: Sample) -> None:
        t_board_us = int((sample.first_s - self._began_s) * self._clock * 1e6)
        body = sample_body(self._seq, t_board_us, sample.present, sample.counts)
        self._seq += 1  # counts what had to be dropped, too
        self._send(sample.sent_s, frame(body))

    def _hello(self, t: float) -> None:
        hello = Hello(
            self.board_id, self.channels, self.rate_hz, gain=self.gain, reset_cause=self._cause, boot=self._boot
        )
        self._send(t, hello.encode())

    def _status(self, t: float, celsius: float) -> None:
        silent = [t - heard_s > SILENT_S for heard_s in self._heard_s]
        status = Status(
            uptime_s=int((t - self._began_s) * self._clock),
            temperature=round(100 * celsius),
            supply_mv=SUPPLY_MV,
            late_reads=self._late_reads,
            tx_dropped=self.tx_dropped,
            rx_errors=self._reader.errors,
            faults=sum(1 << channel for channel, is_silent in enumerate(silent) if is_silent),
        )
        self._send(t, status.encode())

    # --- commands --------------------------------------------------------------------------------------------------

    def _obey(self, command: HostCommand, t: float) -> None:
        if not command.known:
            self._reader.errors += 1
            if command.command & COMMAND_BIT:
                self._reply(command, UNKNOWN_COMMAND, t)
        elif not command.sound:
            self._reader.errors += 1
        elif command.command == IDENTIFY:
            self._hello(t)
        elif command.command == RESET:
            self._out.clear()
            self._boot += 1
            self.gain, self.rate_hz = GAINS[0], self._power_on_hz
            self._chips.set_gain(self.gain)
            self._chips.set_rate(self.rate_hz)
            self._start(t + RESET_TAKES_S, WATCHDOG)
        elif command.command == SET_BOARD_ID:
            self.board_id = command.argument
            self._reply(command, DONE, t)
        else:
            self._set(command, t)

    def _set(self, command: HostCommand, t: float) -> None:
        value = command.argument[0]
        gain = command.command == SET_GAIN
        assert gain or command.command == SET_RATE
        if value not in (GAINS if gain else RATES_HZ):
            self._reply(command, BAD_ARGUMENT, t)
            return
        if gain:
            self.gain = value
            self._chips.set_gain(value)
        else:
            self.rate_hz = value
            self._chips.set_rate(value)
        self._settle(t)
        self._reply(command, DONE, t)
        self._hello(t)

    def _reply(self, command: HostCommand, result: int, t: float) -> None:
        self._send(t, Reply(command.command, result).encode())
