"""A serial port: opened for this process alone, read as soon as bytes are there."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import termios
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import serial

BAUD = 500_000  # serial.md
WRITE_TIMEOUT_S = 0.5
READ_BYTES = 65_536
GONE, TAKEN, DENIED, UNUSABLE = "port-gone", "port-taken", "port-denied", "port-unusable"


class PortError(OSError):
    """A port that cannot be used; `fault` and `remedy` are what is told."""

    def __init__(self, fault: str, path: str, reason: str, remedy: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.fault = fault
        self.path = path
        self.reason = reason
        self.remedy = remedy


class Port(Protocol):
    """An open port."""

    def read(self, timeout_s: float) -> bytes:
        """What is there, waiting at most `timeout_s` for the first byte; PortError where the port is gone."""

    def write(self, data: bytes) -> None:
        """Send; PortError where the port is gone or takes nothing."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    fault: str
    reason: str
    remedy: str


_BY_ERRNO = {
    errno.ENOENT: _Trouble(GONE, "not there", "plug the board in, or correct the port's name in the settings"),
    errno.ENODEV: _Trouble(GONE, "gone", "plug the board in again"),
    errno.ENXIO: _Trouble(GONE, "gone", "plug the board in again"),
    errno.EIO: _Trouble(GONE, "gone", "plug the board in again; if it stays so, change the cable"),
    errno.EACCES: _Trouble(DENIED, "permission denied", "add the agent's user to the group dialout"),
    errno.EPERM: _Trouble(DENIED, "permission denied", "add the agent's user to the group dialout"),
    errno.EBUSY: _Trouble(TAKEN, "used by another program", "end the program that uses the port"),
    errno.EAGAIN: _Trouble(TAKEN, "used by another program", "end the program that uses the port"),
}


def port_error(path: str, error: Exception) -> PortError:
    """What the operating system said, as a fault with a remedy."""
    number = getattr(error, "errno", None)
    trouble = _BY_ERRNO.get(number) if number is not None else None
    if trouble is None:
        trouble = _Trouble(UNUSABLE, str(error), "check that this is the board's serial port")
    return PortError(trouble.fault, path, trouble.reason, trouble.remedy)


class SerialPort:
    """pyserial's port, read below its buffering: what has arrived is given at once."""

    def __init__(self, path: str) -> None:
        """Open it for this process alone.

        Raises:
            PortError
        """
        self._path = path
        try:
            self._serial = serial.Serial(path, BAUD, exclusive=True, timeout=0, write_timeout=WRITE_TIMEOUT_S)
        except (OSError, ValueError, termios.error) as error:
            raise port_error(path, _os_error(error)) from None
        self._descriptor: int = self._serial.fileno()
        os.set_blocking(self._descriptor, False)
        with contextlib.suppress(termios.error):  # a pty has no modem lines to hold
            _keep_lines(self._descriptor)

    def read(self, timeout_s: float) -> bytes:
        try:
            ready, _, _ = select.select([self._descriptor], [], [], timeout_s)
            if not ready:
                return b""
            data = os.read(self._descriptor, READ_BYTES)
        except (OSError, ValueError) as error:
            raise port_error(self._path, error) from None
        if not data:  # readable, yet nothing to read: the line has hung up
            raise port_error(self._path, OSError(errno.EIO, ""))
        return data

    def read_now(self) -> bytes:
        """What is there, without waiting; PortError where the port is gone."""
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:
            raise port_error(self._path, error) from None
        if not data:  # nothing to read, yet no waiting for it: the line has hung up
            raise port_error(self._path, OSError(errno.EIO, ""))
        return data

    def write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
        except (OSError, ValueError) as error:  # pyserial's errors are OSErrors
            raise port_error(self._path, _os_error(error)) from None

    def close(self) -> None:
        with contextlib.suppress(OSError, termios.error):  # whatever it says, we are done with it
            self._serial.close()


PortOpener = Callable[[str], Port]


def _keep_lines(descriptor: int) -> None:
    """Clear HUPCL: closing the port leaves DTR alone, so that a Nano is not reset by the next opening.

    VMIN of 1: to read nothing is an error of its own (EAGAIN), so that an empty answer means that the line hung up.
    """
    attributes = termios.tcgetattr(descriptor)
    attributes[2] &= ~termios.HUPCL
    attributes[6][termios.VMIN] = 1
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)


def _os_error(error: Exception) -> Exception:
    """pyserial wraps what the system said; the number is in its arguments or its cause."""
    if getattr(error, "errno", None) is not None:
        return error
    numbers = [part for part in error.args if isinstance(part, int)]
    if isinstance(error, termios.error) and numbers:
        return OSError(numbers[0], str(error))
    cause = error.__cause__ or error.__context__
    return cause if isinstance(cause, OSError) else error
