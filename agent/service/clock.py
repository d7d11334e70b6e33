"""The clocks of the machine, and whether its UTC is to be believed."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from typing import Literal, Protocol

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TIMESYNCD_MARK = Path("/run/systemd/timesync/synchronized")
TIME_SERVICES = (
    Path("/run/systemd/timesync"),
    Path("/run/chrony"),
    Path("/run/chronyd.pid"),
    Path("/run/ntpd.pid"),
    Path("/run/ntpd-rs"),
    Path("/run/openntpd.pid"),
)
"""What a running time service leaves below /run: where one is at work, its word is waited for."""
_TIME_ERROR = 5
_STA_UNSYNC = 0x0040


class Clock(Protocol):
    """The machine's clocks, in ns."""

    def mono_ns(self) -> int: ...
    def utc_ns(self) -> int: ...
    def boot_id(self) -> str: ...


class SystemClock:
    """The real ones. `boot_id` changes where the monotonic clock begins anew."""

    def mono_ns(self) -> int:
        return time.monotonic_ns()

    def utc_ns(self) -> int:
        return time.time_ns()

    def boot_id(self) -> str:
        try:
            return BOOT_ID.read_text(encoding="ascii").strip()
        except OSError:
            return ""


class Sync(Protocol):
    """Is UTC kept by a time service, or can it be believed without one?"""

    def synchronised(self) -> bool: ...


class _Timex(ctypes.Structure):
    """The head of the kernel's struct timex (adjtimex(2)); `rest` covers what is not read, on 32 and 64 bit."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


class SystemSync:
    """Asks the kernel and systemd-timesyncd.

    `auto`: where no time service is at work (a container, a PC whose host keeps the clock), the clock is believed.
    `ntp`: only a synchronised one is. `host`: it always is.
    """

    def __init__(self, mode: Literal["auto", "ntp", "host"]) -> None:
        self._mode = mode
        self._libc = ctypes.CDLL(None, use_errno=True)

    def synchronised(self) -> bool:
        if self._mode == "host" or TIMESYNCD_MARK.exists() or self._kernel():
            return True
        return self._mode == "auto" and not any(path.exists() for path in TIME_SERVICES)

    def _kernel(self) -> bool:
        """chrony, ntpd and timesyncd all keep the kernel's flag; setting the clock by hand clears it."""
        timex = _Timex()
        state = int(self._libc.adjtimex(ctypes.byref(timex)))
        return state not in (-1, _TIME_ERROR) and not timex.status & _STA_UNSYNC
