"""The calibration that the tools write beside the agent's state; it overrides the store file by (board, channel)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.store import Store

FILE_NAME = "calibration.json"


class CalibrationError(ValueError):
    """A calibration file that is refused; the text is one line."""


class CellCalibration(BaseModel):
    """What was measured of one cell."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    board: str
    channel: int = Field(ge=0, le=7)
    zero_counts: float = Field(allow_inf_nan=False)
    counts_per_gram: float = Field(allow_inf_nan=False)
    made: str = ""

    @property
    def key(self) -> tuple[str, int]:
        return self.board, self.channel


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    calibration: Literal[1] = 1
    cells: tuple[CellCalibration, ...] = ()


def load_calibration(state: Path) -> dict[tuple[str, int], CellCalibration]:
    """What the tools have written; empty where they have not.

    Raises:
        CalibrationError: unreadable, damaged, or a cell with no counts for a gram.
    """
    path = state / FILE_NAME
    try:
        file = _File.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise CalibrationError(f"{path}: {why}; let this user read it, or remove it and calibrate anew") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "".join(f"{part}." for part in first["loc"])[:-1] + ": " if first["loc"] else ""
        told = first["msg"][:1].lower() + first["msg"][1:]
        raise CalibrationError(f"{path}: {where}{told}; remove the file and calibrate anew") from None
    for cell in file.cells:
        if cell.counts_per_gram == 0.0:
            raise CalibrationError(f"{path}: board {cell.board} channel {cell.channel}: counts_per_gram is 0")
    return {cell.key: cell for cell in file.cells}


def save_calibration(state: Path, cells: Iterable[CellCalibration]) -> None:
    """Write it whole: the file is the old one or the new one, whatever stops in between.

    Raises:
        OSError
    """
    state.mkdir(parents=True, exist_ok=True)
    ordered = sorted(cells, key=lambda cell: cell.key)
    text = json.dumps(_File(cells=tuple(ordered)).model_dump(), indent=1)
    beside = state / f"{FILE_NAME}.part"
    with beside.open("w", encoding="utf-8") as file:
        if os.geteuid() == 0:  # an installer's sudo: the agent's user must be able to read it all the same
            os.fchown(file.fileno(), state.stat().st_uid, state.stat().st_gid)
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(state / FILE_NAME)
    folder = os.open(state, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def merge_calibration(state: Path, cells: Iterable[CellCalibration]) -> None:
    """Write these cells; what the file has of others stays.

    Raises:
        CalibrationError: the file that is there is damaged.
        OSError: nothing is written.
    """
    known = load_calibration(state)
    save_calibration(state, (known | {cell.key: cell for cell in cells}).values())


def calibrated(store: Store, overrides: Mapping[tuple[str, int], CellCalibration]) -> Store:
    """The store with the measured numbers in its cells."""
    plates = {}
    for name, plate in store.plates.items():
        cells = tuple(
            cell.model_copy(update={"zero_counts": own.zero_counts, "counts_per_gram": own.counts_per_gram})
            if (own := overrides.get((cell.board, cell.channel)))
            else cell
            for cell in plate.cells
        )
        plates[name] = plate.model_copy(update={"cells": cells})
    return store.model_copy(update={"plates": plates})
