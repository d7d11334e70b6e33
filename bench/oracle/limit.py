"""The oracle: true instants, ideal plateaus, true priors, perfect memory of what stands where."""

from __future__ import annotations

import tomllib
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.oracle.hypotheses import Belief, decide
from bench.oracle.measure import measure, sight, windows_s, with_dead
from bench.oracle.priors import Prior
from bench.scoring import Told, truth_steps
from bench.scoring.events import TruthStep

ANSWER_S = 0.3  # the oracle's delay is of no interest; it is given one that suits


def oracle(folder: Path, truth: Mapping[str, Any], prior: Prior) -> list[Told]:
    """What an oracle would tell of a case: every step at its instant, with the likeliest items of its measurement."""
    store = tomllib.loads((folder / "store.toml").read_text(encoding="utf-8"))
    plates = {plate["id"]: plate for plate in store["plate"]}
    rng = np.random.default_rng([truth["seed"], zlib.crc32(truth["name"].encode())])
    belief = Belief(store)
    moves = sorted(truth["moves"], key=lambda move: move["t"])
    at = 0
    out: list[Told] = []
    for number, step in enumerate(truth_steps(truth)):
        while at < len(moves) and moves[at]["t"] < step.t - 1e-9:
            belief.follow(moves[at])
            at += 1
        own = _own_moves(moves[at:], step)
        plate = plates[step.plate]
        load_g = belief.load_g(step.plate)
        eye = sight(plate, truth, load_g)
        windows = windows_s(truth["touches"], step.plate, step.t, truth["duration"])
        sign = -1.0 if step.kind == "pick" else 1.0
        change = sign * belief.components(plate, (unit for move in own for unit in move["units"]))
        seen, covariance = measure(eye, change, windows, with_dead(truth, plate, step.t), rng)
        items, confidence = decide(belief, plate, step.kind, seen, covariance, prior)
        for move in own:
            belief.follow(move)
            moves.remove(move)
        out.append(
            Told(
                f"oracle-{number}",
                step.t,
                step.plate,
                step.kind,
                items,
                dict(items),
                confidence,
                float(seen[0]),
                step.t + ANSWER_S,
                False,
            )
        )
    return out


def _own_moves(moves: Iterable[Mapping[str, Any]], step: TruthStep) -> list[Mapping[str, Any]]:
    """The moves that make up a step: those of its plate and direction until its weight is reached."""
    own: list[Mapping[str, Any]] = []
    left: Counter[str] = Counter(step.items)
    weight_g = step.weight
    for move in moves:
        if move["plate"] != step.plate or move["kind"] != step.kind:
            continue
        own.append(move)
        left -= Counter(unit["sku"] for unit in move["units"] if unit["sku"])
        weight_g -= sum(unit["weight"] * unit["carried"] for unit in move["units"])
        if weight_g < 0.5 and not left:
            return own
    return own
