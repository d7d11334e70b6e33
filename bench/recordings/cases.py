"""A case: one recording with its store file, truth and presence, as files in a folder of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.families.registry import BuiltScript, build_script
from bench.families.world import Fault, Script
from bench.physics.parameters import ADC_FULL_SCALE_COUNTS
from bench.recordings.container import START_NS, write_recording
from bench.recordings.measuring import Measured, simulate
from bench.recordings.stream import board_stream
from bench.shop.storefile import store_toml

RECORDING, STORE, TRUTH, PRESENCE = "recording.mcap", "store.toml", "truth.json", "presence.json"


@dataclass(frozen=True)
class CaseId:
    """Which case: family, seed and conditions."""

    family: str
    seed: int
    room: str = "default"
    plates: str = "four"
    rate_hz: int = 80

    @property
    def folder(self) -> str:
        """Its folder's name: family and seed, then what is not the default."""
        parts = [self.family, str(self.seed)]
        parts += [self.room] if self.room != "default" else []
        parts += [self.plates] if self.plates != "four" else []
        parts += [str(self.rate_hz)] if self.rate_hz != 80 else []
        return "-".join(parts)


@dataclass(frozen=True)
class Case:
    """A simulated case."""

    id: CaseId
    built: BuiltScript
    measured: Measured


def simulate_case(case: CaseId, least_s: float = 0.0) -> Case:
    """Script and physics of a case; the same for the same id, always. Rest follows until `least_s`."""
    built = build_script(case.family, case.seed, case.room, case.plates, case.rate_hz)
    script = replace(built.script, duration_s=max(built.script.duration_s, least_s))
    built = replace(built, script=script)
    measured = simulate(built.shop, script.past, script.forces, built.room, script.duration_s, built.physics_rng)
    for fault in script.faults:
        _break(measured, fault)
    return Case(case, built, measured)


def write_case(case: Case, root: Path) -> Path:
    """Write a case's four files below `root`; returns its folder. The folder is complete when truth.json stands."""
    folder = root / case.id.folder
    folder.mkdir(parents=True, exist_ok=True)
    built = case.built
    text = store_toml(built.shop)
    streams = {
        board: board_stream(
            board, conversions, built.shop.rate_hz, built.room.building, built.script.damage, built.line_rng
        )
        for board, conversions in case.measured.boards.items()
    }
    (folder / STORE).write_text(text, encoding="utf-8")
    write_recording(folder / RECORDING, streams, text)
    presence = [[t, who, plate] for t, who, plate in built.script.presence]
    (folder / PRESENCE).write_text(json.dumps(presence), encoding="utf-8")
    (folder / TRUTH).write_text(json.dumps(truth(case), indent=1), encoding="utf-8")
    return folder


def make_case(case: CaseId, root: Path, again: bool = False) -> Path:
    """A case's folder, made where it does not stand already."""
    folder = root / case.folder
    if not again and (folder / TRUTH).exists():
        return folder
    return write_case(simulate_case(case), root)


def truth(case: Case) -> dict[str, object]:
    """What truth.json holds: the events, conditions, contacts, and what an oracle may know of goods and cells."""
    script: Script = case.built.script
    return {
        "name": case.id.family,
        "seed": case.id.seed,
        "start_ns": START_NS,
        "duration": script.duration_s,
        "events": [vars(event) for event in script.events],
        "baskets": script.baskets,
        "weights": script.weights,
        "room": case.id.room,
        "plates": case.id.plates,
        "rate_hz": case.id.rate_hz,
        "touches": [vars(touch) for touch in script.touches],
        "moves": [vars(move) for move in script.moves],
        "mechanics": {plate: vars(mechanics) for plate, mechanics in case.measured.mechanics.items()},
        "cells": [
            {"board": board, "channel": channel, **vars(cell)} for (board, channel), cell in case.measured.cells.items()
        ],
        "faults": [vars(fault) for fault in script.faults],
    }


def _break(measured: Measured, fault: Fault) -> None:
    board = measured.boards[fault.board]
    times, counts = board.times_s[fault.channel], board.counts[fault.channel]
    if fault.kind == "silent":
        kept = times < fault.at_s
        board.times_s[fault.channel], board.counts[fault.channel] = times[kept], counts[kept]
    else:
        board.counts[fault.channel] = np.where(times < fault.at_s, counts, ADC_FULL_SCALE_COUNTS - 1)
