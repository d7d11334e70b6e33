"""`shelf-bench faults`: break things on purpose, and count what was lost."""

from __future__ import annotations

import argparse
import sys
import time

from bench.commands.errors import UsageError

NAME = "faults"
HELP = "break things on purpose (real agent, real mosquitto) and count what was lost, doubled or wrong"
COLUMNS = ("fault", "times", "true", "told", "lost", "doubled", "wrong", "sure&wrong", "seconds")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which faults, and how often."""
    parser.add_argument("--only", metavar="NAMES", help="names separated by commas (default: all)")
    parser.add_argument("--share", type=float, default=1.0, metavar="X", help="share of the times (default: 1)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the shoppers (default: 1)")
    parser.add_argument("--verbose", action="store_true", help="say what was lost, doubled or wrong")


def run(arguments: argparse.Namespace) -> int:
    """One line a fault; exit 1 if anything was lost, doubled, or wrong and said to be sure."""
    from bench.faults.scenarios import SCENARIOS

    known = {scenario.name: scenario for scenario in SCENARIOS}
    names = arguments.only.split(",") if arguments.only else list(known)
    for name in names:
        if name not in known:
            raise UsageError(f"--only: {name!r} is no fault; there are: {', '.join(known)}")
    if not 0.0 < arguments.share <= 1.0:
        raise UsageError(f"--share: {arguments.share} is not above 0 and at most 1")
    clean = True
    print("  ".join(f"{column:>10}" if place else f"{column:50}" for place, column in enumerate(COLUMNS)), flush=True)
    for name in names:
        scenario = known[name]
        times = max(1, round(scenario.times * arguments.share))
        begin_s = time.monotonic()
        try:
            verdict = scenario.run(times, arguments.seed)
        except RuntimeError as error:
            print(f"{scenario.what:50}  {times:10}  failed: {error}", flush=True)
            clean = False
            continue
        counts = (verdict.true, verdict.told, verdict.lost, verdict.doubled, verdict.wrong, verdict.sure_wrong)
        row = [times, *counts, round(time.monotonic() - begin_s)]
        print(f"{scenario.what:50}  " + "  ".join(f"{number:10}" for number in row), flush=True)
        clean &= verdict.clean
        if arguments.verbose:
            print("\n".join(f"    {note}" for note in verdict.notes), file=sys.stderr, flush=True)
    return 0 if clean else 1
