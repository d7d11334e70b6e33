"""HX711s read by Linux's own driver (CONFIG_HX711): `iio:DIR,DIR`, a folder of sysfs a channel. Behaves as a port.

Each read of `in_voltage0_raw` waits for a conversion within the kernel, which gives up by itself; so a thread a chip.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agent.sources.assembler import Assembler
from agent.sources.opener import IIO_PREFIX
from agent.sources.port import GONE, PortError, port_error
from agent.wire import identify

RAW_FILE = "in_voltage0_raw"
OFFSET = 0x800000  # the driver's codes are offset binary
MAX_CHANNELS = 8
RATE_HZ = 10  # what the modules' strap says; the driver does not tell
LEAST_PERIOD_S = 0.008  # no chip converts faster than 95 a second
FAILED_WAIT_S = 0.1
JOIN_S = 1.5  # the driver waits for a chip for at most a second
WAITING = 4096


class IioPort:
    """A `Port` whose board is the kernel's driver."""

    def __init__(self, path: str, now_s: Callable[[], float] = time.monotonic) -> None:
        """Raises PortError where a folder holds no voltage."""
        self._path, self._now_s = path, now_s
        self._files = [Path(folder) / RAW_FILE for folder in path.removeprefix(IIO_PREFIX).split(",") if folder]
        for file in self._files:
            try:
                file.open(encoding="ascii").close()
            except OSError as error:
                raise port_error(str(file), error) from None
        if not 1 <= len(self._files) <= MAX_CHANNELS:
            remedy = f"write iio:DIR,DIR with 1 to {MAX_CHANNELS} folders below /sys/bus/iio/devices"
            raise PortError(GONE, path, f"{len(self._files)} folders", remedy)
        self._assembler = Assembler(len(self._files), RATE_HZ, int(now_s()), self._now_us())
        self._came: queue.Queue[tuple[int, int, int]] = queue.Queue(WAITING)
        self._answer = b""
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._convert, args=(channel, file), name=f"iio {channel}", daemon=True)
            for channel, file in enumerate(self._files)
        ]
        for thread in self._threads:
            thread.start()

    def read(self, timeout_s: float) -> bytes:
        """Frames, waiting at most `timeout_s`."""
        out, self._answer = self._answer, b""
        try:
            out += self._assembler.add(*self._came.get(timeout=0.0001 if out else timeout_s))
            while True:
                out += self._assembler.add(*self._came.get_nowait())
        except queue.Empty:
            return out + self._assembler.advance(self._now_us())

    def write(self, data: bytes) -> None:
        """IDENTIFY is answered; gain and rate are the driver's."""
        if identify() in data:
            self._answer += self._assembler.identify()

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(JOIN_S)

    def _now_us(self) -> int:
        return round(self._now_s() * 1e6)

    def _convert(self, channel: int, file: Path) -> None:
        """One chip, until the port is closed. A chip that the driver cannot read stays absent."""
        while not self._stop.is_set():
            begin_s = self._now_s()
            try:
                code = int(file.read_text(encoding="ascii"))
            except (OSError, ValueError):
                self._assembler.unsound += 1
                self._stop.wait(FAILED_WAIT_S)
                continue
            if 0 <= code < 2 * OFFSET:
                try:
                    self._came.put_nowait((channel, self._now_us(), code - OFFSET))
                except queue.Full:
                    self._assembler.unsound += 1
            self._stop.wait(max(0.0, LEAST_PERIOD_S - (self._now_s() - begin_s)))
