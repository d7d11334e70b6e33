"""Firmware and simulator, built once for all tests of the firmware."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firmware.simboard import SimBoard, build

NEEDED = ("avr-gcc", "avr-nm", "cc", "make")


@pytest.fixture(scope="session")
def toolchain() -> None:
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    if missing and not os.environ.get("CI"):
        pytest.skip(f"{', '.join(missing)} missing; `make test-packages` installs what the firmware's tests need")


@pytest.fixture(scope="session")
def elf(toolchain: None) -> Path:
    """The firmware as it is flashed."""
    return build()


@pytest.fixture
def board(elf: Path) -> Iterator[SimBoard]:
    with SimBoard(elf) as board:
        yield board
