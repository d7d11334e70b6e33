"""The compiled firmware with eight simulated HX711, driven from Python through firmware/build/libshelfsim.so.

`SimBoard` passes time only in `run`; `RealTimeBoard` runs one in step with the wall clock on a pty.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.wire.frames import Frame, FrameError, decode_body, unseal

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "firmware"
BUILD = FIRMWARE / "build"
IMAGES = Path(__file__).parent / "images"
CHIPS = 8
CYCLES_PER_US = 16
RAM_IN_ELF = 0x800000  # where avr-nm puts addresses of variables

CONVERSION = np.dtype(
    [
        ("cycle", np.uint64),
        ("index", np.uint32),
        ("counts", np.int32),
        ("channel", np.uint8),
        ("gain", np.uint8),
        ("settled", np.bool_),
        ("offered", np.bool_),
    ],
    align=True,
)


class Fault(IntEnum):
    """Of a chip's wires; `wire_fault_t` of chip.h."""

    GOOD = 0
    UNPLUGGED = 1
    STUCK_LOW = 2
    STUCK_HIGH = 3


class ChipStats(ctypes.Structure):
    """`chip_stats_t` of chip.h."""

    _fields_ = [
        ("longest_high", ctypes.c_uint64),
        ("power_downs", ctypes.c_uint32),
        ("power_downs_in_word", ctypes.c_uint32),
        ("torn", ctypes.c_uint32),
        ("clocked_while_not_ready", ctypes.c_uint32),
        ("clocked_too_often", ctypes.c_uint32),
        ("overwritten", ctypes.c_uint32),
    ]


class SimStats(ctypes.Structure):
    """`sim_stats_t` of sim.h."""

    _fields_ = [
        ("cycles", ctypes.c_uint64),
        ("asleep", ctypes.c_uint64),
        ("resets", ctypes.c_uint32),
        ("reset_at", ctypes.c_uint64),
        ("uart_overrun", ctypes.c_uint32),
        ("stack_bytes", ctypes.c_uint32),
        ("static_bytes", ctypes.c_uint32),
        ("flash_bytes", ctypes.c_uint32),
        ("light", ctypes.c_uint8),
        ("rate", ctypes.c_uint8),
        ("pulled_up", ctypes.c_uint8),
        ("crashed", ctypes.c_uint8),
    ]


_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "sim_new": (ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_double]),
    "sim_free": (None, []),
    "sim_run": (ctypes.c_bool, [ctypes.c_uint64]),
    "sim_cycles": (ctypes.c_uint64, []),
    "sim_uart_read": (ctypes.c_size_t, [ctypes.c_char_p, ctypes.c_size_t]),
    "sim_uart_write": (None, [ctypes.c_char_p, ctypes.c_size_t]),
    "sim_conversions": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_size_t]),
    "sim_set_fault": (None, [ctypes.c_uint, ctypes.c_int]),
    "sim_set_target": (None, [ctypes.c_uint, ctypes.c_int32]),
    "sim_set_rates": (None, [ctypes.c_uint, ctypes.c_double, ctypes.c_double]),
    "sim_set_silent_while_settling": (None, [ctypes.c_bool]),
    "sim_set_rate_wired": (None, [ctypes.c_bool]),
    "sim_lose_pulses": (None, [ctypes.c_uint, ctypes.c_uint]),
    "sim_noise": (None, [ctypes.c_uint, ctypes.c_uint64]),
    "sim_stall": (None, [ctypes.c_uint, ctypes.c_uint64, ctypes.c_uint, ctypes.c_bool]),
    "sim_chip_stats": (None, [ctypes.c_uint, ctypes.POINTER(ChipStats)]),
    "sim_reset": (None, []),
    "sim_start_from_optiboot": (None, [ctypes.c_uint8]),
    "sim_set_analog": (None, [ctypes.c_uint32, ctypes.c_uint32]),
    "sim_ram_set": (None, [ctypes.c_uint16, ctypes.c_char_p, ctypes.c_size_t]),
    "sim_eeprom_get": (None, [ctypes.c_uint16, ctypes.c_char_p, ctypes.c_size_t]),
    "sim_eeprom_set": (None, [ctypes.c_uint16, ctypes.c_char_p, ctypes.c_size_t]),
    "sim_get_stats": (None, [ctypes.POINTER(SimStats)]),
    "sim_pty_open": (ctypes.c_char_p, []),
    "sim_pty_pump": (ctypes.c_bool, []),
}


@contextmanager
def building() -> Iterator[None]:
    """One at a time: tests run in several processes."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(name: str = "", *, sources: tuple[str, ...] = (), flags: str = "", channels: int = CHIPS) -> Path:
    """Builds a firmware image and gives its ELF: the board's own, or as `name` one with what a test links beside it."""
    folder = BUILD / name if name else BUILD
    arguments = [f"BUILD={folder}", f"CHANNELS={channels}"]
    if sources:
        arguments.append(f"TEST_SOURCES={' '.join(str(IMAGES / source) for source in sources)}")
    if flags:
        arguments.append(f"TEST_FLAGS={flags}")
    with building():
        subprocess.run(["make", "-s", "-C", FIRMWARE, *arguments], check=True, stdout=subprocess.DEVNULL)
    return folder / "shelf.elf"


@functools.cache
def build_sim() -> ctypes.CDLL:
    """Builds the simulator and loads it."""
    with building():
        subprocess.run(["make", "-s", "-C", FIRMWARE, "sim"], check=True, stdout=subprocess.DEVNULL)
    library = ctypes.CDLL(str(BUILD / "libshelfsim.so"))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments if name == "sim_new" else [ctypes.c_void_p, *arguments]
    return library


class SimBoard:
    """One board on the bench. `spread` of the chips' oscillators: 0.02 is +-2 %."""

    def __init__(self, elf: Path, *, seed: int = 1, spread: float = 0.02) -> None:
        self._library = build_sim()
        self._elf = elf
        self._sim = self._library.sim_new(str(elf).encode(), seed, spread)
        if not self._sim:
            raise ValueError(f"{elf} is no firmware for this CPU")
        self._rest = b""
        self.damaged = 0
        self.frames: list[Frame] = []
        self._heard = 0
        self._conversions: list[NDArray[np.void]] = []

    def __enter__(self) -> SimBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self._library.sim_free(self._sim)
        self._sim = None

    def _call(self, name: str, *arguments: object) -> Any:
        return getattr(self._library, name)(self._sim, *arguments)

    def advance(self, seconds: float) -> None:
        """Lets time pass, and leaves what the board sent where it is."""
        if not self._call("sim_run", round(seconds * 1e6)):
            raise RuntimeError("the firmware crashed")

    def run(self, seconds: float) -> list[Frame]:
        """Lets time pass; gives the frames that came meanwhile (all of them are in `frames` too)."""
        self.advance(seconds)
        frames = self.take_frames()
        self._heard = len(self.frames)
        return frames

    def run_until_frame(self, kind: type[Frame], within_s: float) -> Any:
        """The next frame of this kind after the one asked for last; AssertionError where none comes in time."""
        end_s = self.now_s + within_s
        while True:
            while self._heard < len(self.frames):
                self._heard += 1
                if isinstance(self.frames[self._heard - 1], kind):
                    return self.frames[self._heard - 1]
            if self.now_s >= end_s:
                raise AssertionError(f"no {kind.__name__} within {within_s} s")
            self.advance(0.001)
            self.take_frames()

    def take_frames(self) -> list[Frame]:
        """Decodes what the board sent; what cannot be decoded is counted in `damaged`."""
        chunk = ctypes.create_string_buffer(1 << 16)
        while count := self._call("sim_uart_read", chunk, len(chunk)):
            self._rest += chunk.raw[:count]
        *stuffed, self._rest = self._rest.split(b"\x00")
        frames: list[Frame] = []
        for one in filter(None, stuffed):
            try:
                frames.append(decode_body(unseal(one)))
            except FrameError:
                self.damaged += 1
        self.frames += frames
        return frames

    def write(self, wire: bytes) -> None:
        """Bytes for the board, at 500 000 baud from now on."""
        self._call("sim_uart_write", wire, len(wire))

    @property
    def conversions(self) -> NDArray[np.void]:
        """Every conversion of every chip so far, as CONVERSION, in order of time."""
        block = np.empty(1 << 14, CONVERSION)
        while count := self._call("sim_conversions", block.ctypes.data, len(block)):
            self._conversions.append(block[:count].copy())
        return np.concatenate(self._conversions) if self._conversions else block[:0]

    @property
    def now_s(self) -> float:
        return int(self._call("sim_cycles")) / CYCLES_PER_US / 1e6

    @property
    def stats(self) -> SimStats:
        stats = SimStats()
        self._call("sim_get_stats", ctypes.byref(stats))
        return stats

    def chip_stats(self, channel: int) -> ChipStats:
        stats = ChipStats()
        self._call("sim_chip_stats", channel, ctypes.byref(stats))
        return stats

    @property
    def cpu_load(self) -> float:
        stats = self.stats
        return 1 - stats.asleep / stats.cycles

    def set_fault(self, channel: int, fault: Fault) -> None:
        self._call("sim_set_fault", channel, int(fault))

    def set_target(self, channel: int, counts: int) -> None:
        """Counts at gain 128 that this chip converts from now on, in place of numbered ones."""
        self._call("sim_set_target", channel, counts)

    def set_rates(self, channel: int, fast_hz: float, slow_hz: float) -> None:
        """Rates of one chip's oscillator; from its next conversion on."""
        self._call("sim_set_rates", channel, fast_hz, slow_hz)

    def set_silent_while_settling(self, silent: bool) -> None:
        self._call("sim_set_silent_while_settling", silent)

    def set_rate_wired(self, wired: bool) -> None:
        self._call("sim_set_rate_wired", wired)

    def lose_pulses(self, channel: int, pulses: int) -> None:
        self._call("sim_lose_pulses", channel, pulses)

    def noise(self, channel: int, us: int) -> None:
        """Pulls a data line low for a while."""
        self._call("sim_noise", channel, us)

    def stall(self, channel: int, us: int, *, after_pulses: int = 0, clock_high: bool) -> None:
        """Something stops the CPU for `us` when this channel's clock has gone high (or low), after so many pulses."""
        self._call("sim_stall", channel, us, after_pulses, clock_high)

    def press_reset(self) -> None:
        self._call("sim_reset")

    def start_from_optiboot(self, reset_flags: int) -> None:
        self._call("sim_start_from_optiboot", reset_flags)

    def set_analog(self, *, supply_mv: int = 5000, ntc_mv: int = 5000) -> None:
        self._call("sim_set_analog", supply_mv, ntc_mv)

    @property
    def eeprom(self) -> bytes:
        cells = ctypes.create_string_buffer(1024)
        self._call("sim_eeprom_get", 0, cells, len(cells))
        return cells.raw

    @eeprom.setter
    def eeprom(self, cells: bytes) -> None:
        self._call("sim_eeprom_set", 0, cells, len(cells))

    def set_variable(self, symbol: str, value: bytes) -> None:
        """Overwrites the start of one of the firmware's variables."""
        for line in subprocess.check_output(["avr-nm", self._elf], text=True).splitlines():
            address, _, name = line.split(maxsplit=2)
            if name == symbol:
                self._call("sim_ram_set", int(address, 16) - RAM_IN_ELF, value, len(value))
                return
        raise LookupError(f"{self._elf} has no variable {symbol}")

    def open_pty(self) -> str:
        """Puts the link on a pty; gives the path to open."""
        return str(self._call("sim_pty_open").decode())

    def pump_pty(self) -> bool:
        """Moves bytes between board and pty; whether somebody has it open."""
        return bool(self._call("sim_pty_pump"))


class RealTimeBoard:
    """A board in step with the wall clock on a pty at `port`, for as long as the `with` lasts.

    `hold` stops its time while the test does something to the board. Where the machine is too slow for a while, the
    board lags and catches up.
    """

    STEP_S = 0.002

    def __init__(self, board: SimBoard, before_step: Callable[[float], None] | None = None) -> None:
        """`before_step` is called with the instant (monotonic, s) that the board has come to, in the board's thread."""
        self._board = board
        self._before_step = before_step
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="simulated board", daemon=True)
        self.port = board.open_pty()

    def __enter__(self) -> RealTimeBoard:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=10)
        if self._failure:
            raise self._failure

    @contextmanager
    def hold(self) -> Iterator[SimBoard]:
        with self._lock:
            yield self._board

    def _run(self) -> None:
        try:
            start_s = time.monotonic() - self._board.now_s
            while not self._stop.is_set():
                with self._lock:
                    board_s = start_s + self._board.now_s
                    if board_s < time.monotonic():
                        if self._before_step:
                            self._before_step(board_s)
                        self._board.advance(self.STEP_S)
                        self._board.pump_pty()
                        continue
                self._stop.wait(self.STEP_S)
        except BaseException as failure:  # noqa: BLE001 - raised again in __exit__, in the test's own thread
            self._failure = failure
