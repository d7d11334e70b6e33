"""A pseudo-terminal in place of the USB bridge. Never waits: what nobody reads is lost, as on a real one."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import tty
from pathlib import Path

READ_BYTES = 4096


class PortPathError(OSError):
    """A path for a port that cannot be used; the text says why."""


class PtyPort:
    """The master side; `path` is what the agent is to open: the pty itself, or a link to it."""

    def __init__(self, link: Path | None = None) -> None:
        """`link`: a name for the port that stays the same over restarts.

        Raises:
            PortPathError: something else stands there, or its folder cannot be written.
        """
        self._master, slave = pty.openpty()
        try:
            tty.setraw(slave)
            name = os.ttyname(slave)
            self._link = self._linked(link, name) if link is not None else None
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(slave)  # from now on a hang-up tells that nobody has it open
        os.set_blocking(self._master, False)
        self.path = str(self._link or name)

    @property
    def in_use(self) -> bool:
        """Whether somebody has it open."""
        state = select.poll()
        state.register(self._master, 0)
        return not any(events & select.POLLHUP for _, events in state.poll(0))

    def read(self) -> bytes:
        """What the host has written since."""
        try:
            return os.read(self._master, READ_BYTES)
        except OSError:
            return b""  # nothing there, or nobody

    def write(self, data: bytes) -> bool:
        """Send; False where some of it is lost because the host does not read."""
        try:
            return os.write(self._master, data) == len(data)
        except OSError:
            return False

    def close(self) -> None:
        """Hang up, and take the link away. Once is enough."""
        if self._master < 0:
            return
        os.close(self._master)
        self._master = -1
        if self._link is not None:
            with contextlib.suppress(OSError):  # somebody has put another there
                self._link.unlink()

    @staticmethod
    def _linked(link: Path, name: str) -> Path:
        try:
            if link.is_symlink():
                link.unlink()
            link.symlink_to(name)
        except OSError as error:
            raise PortPathError(f"{link}: {(error.strerror or str(error)).lower()}; name another folder") from None
        return link.absolute()
