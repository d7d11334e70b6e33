"""Families and seeds as a user names them; conditions that several subcommands share."""

from __future__ import annotations

import argparse
import os
import re

from bench.commands.errors import UsageError

LARGEST_SEED = 1_000_000
MOST_SEEDS = 1000


def add_conditions(parser: argparse.ArgumentParser) -> None:
    """Options that say which cases: families, seeds, room, plates, rate."""
    parser.add_argument(
        "--family", default="all", metavar="F[,F...]", help="families by name, or 'all' (see: shelf-bench families)"
    )
    parser.add_argument("--seeds", default="1", metavar="A[-B][,...]", help="seeds, such as 1-20 or 3,5,7 (default 1)")
    parser.add_argument("--room", choices=["default", "harsh"], default="default", help="conditions (default: default)")
    parser.add_argument(
        "--plates", choices=["four", "one"], default="four", help="load cells a plate: four (450x300 mm) or one"
    )
    parser.add_argument(
        "--rate", type=int, choices=[80, 10], default=80, help="nominal conversions a second (default 80)"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: one a core)"
    )


def parse_families(text: str) -> list[str]:
    """Names of families. Raises UsageError."""
    from bench.families import FAMILIES

    if text == "all":
        return list(FAMILIES)
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in FAMILIES:
            raise UsageError(f"--family: no family is called '{name}'; see: shelf-bench families")
    if not names:
        raise UsageError("--family: empty; name one or more families, or 'all'")
    return names


def parse_seeds(text: str) -> list[int]:
    """Seeds from ranges and lists. Raises UsageError."""
    out: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"(\d{1,7})(?:-(\d{1,7}))?", part.strip())
        low = int(found[1]) if found else 0
        high = int(found[2]) if found and found[2] else low
        if not found or not 0 <= low <= high <= LARGEST_SEED:
            raise UsageError(f"--seeds: '{part}' is no seed or range of seeds; write 7, 1-20 or 1,4,9")
        if high - low >= MOST_SEEDS:
            raise UsageError(f"--seeds: '{part}' holds more than {MOST_SEEDS} seeds")
        out += range(low, high + 1)
    return out


def parse_jobs(jobs: int) -> int:
    """Number of processes. Raises UsageError."""
    if jobs < 1:
        raise UsageError(f"--jobs: {jobs}; at least 1")
    return jobs


def parse_seconds(flag: str, text: str) -> float:
    """Seconds of a duration such as 90, 90s or 2m. Raises UsageError."""
    found = re.fullmatch(r"(\d{1,7}(?:\.\d{1,3})?)\s*(s|m|h|)", text.strip())
    if not found or float(found[1]) <= 0:
        raise UsageError(f"{flag}: '{text}' is no duration; write 90, 90s, 2m or 1h")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]
