"""`shelf-bench make`: recordings with their truth."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from bench.commands.errors import UsageError
from bench.commands.selection import add_conditions, parse_families, parse_jobs, parse_seeds

NAME = "make"
HELP = "make recordings with their truth: a folder a case with recording.mcap, store.toml, truth.json, presence.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which cases, and where to."""
    add_conditions(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the cases' folders")
    parser.add_argument("--again", action="store_true", help="make cases anew that stand already")


def run(arguments: argparse.Namespace) -> int:
    """Make the cases, several at once."""
    from bench.recordings.batch import make_cases
    from bench.recordings.cases import CaseId

    ids = [
        CaseId(family, seed, arguments.room, arguments.plates, arguments.rate)
        for family in parse_families(arguments.family)
        for seed in parse_seeds(arguments.seeds)
    ]
    jobs = parse_jobs(arguments.jobs)
    root: Path = arguments.output
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--output: {root} cannot be made a folder: {error.strerror}") from error
    began = time.monotonic()
    for done, folder in enumerate(make_cases(ids, root, jobs, arguments.again), 1):
        print(folder)
        if sys.stderr.isatty():
            print(f"\r{done}/{len(ids)}", end="", file=sys.stderr)
    print(f"{len(ids)} cases in {time.monotonic() - began:.1f} s", file=sys.stderr)
    return 0
