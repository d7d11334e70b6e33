"""Writing what was measured of cells beside the agent's state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from agent.commands.errors import CommandError, UsageError
from agent.journal import CalibrationError, CellCalibration, merge_calibration
from agent.store import Cell


def merge(state: Path, cells: Iterable[tuple[Cell, float, float]]) -> None:
    """Cells with their zero (counts) and factor (counts a gram); what is there of other cells stays.

    Raises:
        UsageError: the file that is there is damaged.
        CommandError: it cannot be written.
    """
    made = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    measured = [
        CellCalibration(board=cell.board, channel=cell.channel, zero_counts=zero, counts_per_gram=factor, made=made)
        for cell, zero, factor in cells
    ]
    try:
        merge_calibration(state, measured)
    except CalibrationError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{state}: {(error.strerror or str(error)).lower()}; nothing is written") from None
