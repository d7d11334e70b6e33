"""Writing what was measured of cells beside the agent's state."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from pathlib import Path

from agent.commands.errors import CommandError, UsageError
from agent.journal import CalibrationError, CellCalibration, merge_calibration
from agent.journal.calibration import FILE_NAME as CALIBRATION
from agent.journal.database import FILE_NAME as JOURNAL
from agent.store import Cell

_PROBE_BYTES = 16 * 1024  # more than the calibration of an agent takes


def require_writable(state: Path) -> None:
    """Said before a person does what could not be kept.

    Raises:
        UsageError: the folder cannot be made, or nothing can be written in it.
    """
    probe = state / f"{CALIBRATION}.part"
    try:
        state.mkdir(parents=True, exist_ok=True)
        with probe.open("wb") as file:
            file.write(bytes(_PROBE_BYTES))
            os.fsync(file.fileno())
        probe.unlink()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(f"{state}: {why}; name a folder that can be written with --state") from None


def forget_cells(state: Path, plate: str) -> None:
    """The plate has other cells: what the saved belief knows in counts of the old ones says nothing of these, so the
    next start compares grams.

    Raises:
        CommandError, UsageError: the state cannot be used, as by an agent that runs.
    """
    from agent.commands.common import opened_journal
    from agent.pipeline import without_cells

    if not (state / JOURNAL).is_file():
        return
    with opened_journal(state) as journal:
        belief = journal.load_belief()
        if belief is not None:
            journal.save_belief(without_cells(belief, plate))


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
