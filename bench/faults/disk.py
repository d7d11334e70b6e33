"""A disk that loses what was not synced, or is full: `disk.c` in front of the agent's system calls."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("disk.c")
SECTOR_BYTES = 512
NAME = "journal.sqlite"


def compiled(source: Path, folder: Path) -> Path:
    """A library for LD_PRELOAD."""
    library = folder / f"{source.stem}.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", str(source), "-o", str(library), "-ldl"], check=True)
    return library


class Disk:
    """Stands between an agent and its state folder. `environment` goes to the agent's process."""

    def __init__(self, folder: Path) -> None:
        self._synced = folder / "synced"
        self._synced.mkdir()
        self._full = folder / "disk-is-full"
        self.environment = {
            "LD_PRELOAD": str(compiled(SOURCE, folder)),
            "SHELF_DISK_NAME": NAME,
            "SHELF_DISK_SYNCED": str(self._synced),
            "SHELF_DISK_FULL": str(self._full),
        }

    def fill(self) -> None:
        """No more room."""
        self._full.touch()

    def free(self) -> None:
        """Room again."""
        self._full.unlink()

    def cut_power(self, state: Path, chance: random.Random) -> None:
        """What the disk holds after a power cut: what was synced, and of what was written since, any sectors."""
        (state / f"{NAME}-shm").unlink(missing_ok=True)
        for name in (NAME, f"{NAME}-wal"):
            path, kept = state / name, self._synced / name
            if not kept.exists():
                path.unlink(missing_ok=True)
                continue
            held, written = bytearray(kept.read_bytes()), path.read_bytes() if path.exists() else b""
            survive = chance.choice((0.0, 0.5, 0.9))
            held += bytes(max(0, len(written) - len(held))) if survive else b""
            for at in range(0, len(held), SECTOR_BYTES):
                if chance.random() < survive and at < len(written):
                    sector = written[at : at + SECTOR_BYTES]
                    held[at : at + len(sector)] = sector
            path.write_bytes(held)
            kept.write_bytes(held)  # from now on, this is what the disk holds
