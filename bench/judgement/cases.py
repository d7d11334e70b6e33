"""The cases of a judgement, made once: a cache that knows from which sources its recordings came."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench
from bench.oracle import Prior, learn_priors
from bench.recordings.batch import make_cases
from bench.recordings.cases import CaseId

ROOMS_OF_A_RECORDING = ("physics", "wire", "shop", "families", "recordings", "rules")


@dataclass(frozen=True)
class JudgedCase:
    """A case on disk with its truth and the prior of its family."""

    id: CaseId
    folder: Path
    truth: dict[str, Any]
    prior: Prior


def sources_revision() -> str:
    """The first 10 hex digits of the SHA-256 over all sources that a recording depends on."""
    digest = hashlib.sha256()
    root = Path(bench.__file__).parent
    for room in ROOMS_OF_A_RECORDING:
        for path in sorted((root / room).glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:10]


def prepare(ids: Sequence[CaseId], cache: Path, jobs: int) -> list[JudgedCase]:
    """Make what is missing below `cache`, and read truths and priors."""
    folders = list(make_cases(ids, cache / sources_revision(), jobs))
    truths = [json.loads((folder / "truth.json").read_text(encoding="utf-8")) for folder in folders]
    by_family: dict[str, list[int]] = defaultdict(list)
    for index, case in enumerate(ids):
        by_family[case.family].append(index)
    priors: dict[str, Prior] = {}
    for family, indices in by_family.items():
        stores = (tomllib.loads((folders[i] / "store.toml").read_text(encoding="utf-8")) for i in indices)
        priors[family] = learn_priors(zip((truths[i] for i in indices), stores, strict=True))
    return [
        JudgedCase(case, folder, truth, priors[case.family])
        for case, folder, truth in zip(ids, folders, truths, strict=True)
    ]
