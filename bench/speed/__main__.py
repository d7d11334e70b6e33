"""`make bench-speed`: one table of how fast, how light and how soon, medians and spread over several runs."""

from __future__ import annotations

import argparse
import platform
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from bench.speed.live import LiveRun, lacks_broker, run_live
from bench.speed.replay import Recorded, beginning, help_seconds, lacks_river, record, replay_seconds, river_rate

ORDINARY, BUSY = "singles", "busy"
EMPTY_S = 1.0
QUIET_MOVES, BRISK_MOVES = 120.0, 7200.0  # an hour, on the whole floor
BRISK_S = 130.0  # at least: some 200 movements, of which a p99 can be told
P99 = 0.99
EXIT_USAGE = 2
SIGNALLED = 128  # and the signal's number, as shells tell it


@dataclass(frozen=True)
class Row:
    """A figure over several runs, and what it must be; `bound` is a least value where `least`, else a largest."""

    what: str
    unit: str
    values: Sequence[float]
    bound: float | None = None
    least: bool = False

    @property
    def met(self) -> bool:
        middle = statistics.median(self.values)
        return self.bound is None or (middle >= self.bound if self.least else middle <= self.bound)

    def __str__(self) -> str:
        middle, low, high = statistics.median(self.values), min(self.values), max(self.values)
        must = "" if self.bound is None else f"{'at least' if self.least else 'at most'} {self.bound:g}"
        verdict = "" if self.bound is None else ("yes" if self.met else "NO")
        spread = f"{low:.3g} to {high:.3g} ({len(self.values)})"
        return f"| {self.what} | {must} {self.unit if must else ''} | {middle:.3g} {self.unit} | {spread} | {verdict} |"


def main() -> int:
    """Measure, print; exit 1 where a figure is not what it must be, 2 where what is needed for it is not there."""
    parser = argparse.ArgumentParser(prog="bench-speed", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each figure (default 5)")
    parser.add_argument("--minutes", type=float, default=5.0, help="that a live run lasts (default 5)")
    parser.add_argument("--hours", type=float, default=1.0, help="of the recordings that are replayed (default 1)")
    parser.add_argument("--memory-minutes", type=float, default=60.0, help="after which memory is read (default 60)")
    parser.add_argument("--river", type=Path, help="interpreter that has river (default: it is left out)")
    parser.add_argument("--only", choices=("replay", "live"), help="half of the table")
    arguments = parser.parse_args()
    if arguments.runs < 1 or min(arguments.minutes, arguments.hours, arguments.memory_minutes) <= 0:
        print("bench-speed: --runs is at least 1, times are above 0", file=sys.stderr)
        return EXIT_USAGE
    for wrong in _lacking(arguments.only, arguments.river):
        print(f"bench-speed: {wrong}", file=sys.stderr)
        return EXIT_USAGE
    signal.signal(signal.SIGTERM, _stopped)
    print(
        f"{machine()}; {arguments.runs} runs\n\n| what | must | median | from to (runs) | met |\n|---|---|---|---|---|"
    )
    rows: list[Row] = []
    if arguments.only != "live":
        rows += shown(replay_rows(arguments.runs, arguments.hours, arguments.river))
    if arguments.only != "replay":
        rows += shown(live_rows(arguments.runs, arguments.minutes * 60, arguments.memory_minutes * 60))
    return 0 if all(row.met for row in rows) else 1


def _stopped(number: int, _frame: FrameType | None) -> None:
    """A run that is told to stop ends its agent and boards as one that is over does."""
    raise SystemExit(SIGNALLED + number)


def _lacking(only: str | None, river: Path | None) -> Iterator[str]:
    """What is needed and not there, before hours are spent on the rest: what is wrong, and what to do."""
    if only != "live" and river and (wrong := lacks_river(river)):
        yield f"--river {wrong}"
    if only != "replay" and (wrong := lacks_broker()):
        yield f"{wrong}; --only replay needs none"


def shown(rows: list[Row]) -> list[Row]:
    """Print rows as they stand."""
    for row in rows:
        print(row, flush=True)
    return rows


def replay_rows(runs: int, hours: float, river: Path | None) -> list[Row]:
    """Recordings to events. The command's start, measured on a recording of a second, is left out."""
    with tempfile.TemporaryDirectory(prefix="bench-speed-") as name:
        root = Path(name)
        ordinary, busy = record(ORDINARY, 1, hours * 3600, root), record(BUSY, 1, 0.0, root)
        empty = beginning(ordinary, EMPTY_S)
        rates: list[tuple[float, float, float]] = []
        for _ in range(runs):
            start_s = replay_seconds(empty)
            own = _rate(ordinary, start_s)
            rivers = river_rate(river, ordinary) / 1e6 if river else 0.0  # right behind: a machine's pace changes
            rates.append((own, _rate(busy, start_s), rivers))
        rows = [
            Row(
                f"recording to events, one core: {_described(ordinary)}", "M/s", [r[0] for r in rates], 3.0, least=True
            ),
            Row(f"the same, {_described(busy)}", "M/s", [r[1] for r in rates]),
        ]
        if river:
            rows.append(Row("river's PageHinkley alone, the same samples", "M/s", [r[2] for r in rates]))
            ratios = [r[0] / r[2] for r in rates]
            rows.append(Row("recording to events over river's PageHinkley", "times", ratios, 3.0, least=True))
        rows.append(Row("`shelf-agent --help`", "s", [help_seconds() for _ in range(runs)], 0.25))
    return rows


def _rate(recorded: Recorded, start_s: float) -> float:
    """Millions of conversions a second; the command's start takes `start_s`."""
    return recorded.conversions / max(replay_seconds(recorded) - start_s, 1e-3) / 1e6


def live_rows(runs: int, measured_s: float, memory_s: float) -> list[Row]:
    """Boards in real time. Memory takes its time once; delays come from a brisk floor of eight boards, where one
    plate's movement is judged while others move."""
    kept: dict[int, list[LiveRun]] = {1: [], 8: [], 64: []}
    brisk: list[LiveRun] = []
    for seed in range(1, runs + 1):
        for boards, of in kept.items():
            of.append(run_live(boards, measured_s, QUIET_MOVES, seed))
        brisk.append(run_live(8, max(measured_s, BRISK_S), BRISK_MOVES, seed))
    long = run_live(8, memory_s, QUIET_MOVES, runs + 1)
    one, eight, many = kept[1], kept[8], kept[64]
    lost = [float(run.lost + sum(fault == "frames-lost" for fault in run.faults)) for run in many]
    names = {1: "8 channels", 8: "64 channels", 64: "512 channels"}
    rows = [
        Row(f"live, 8 boards, {QUIET_MOVES:.0f} movements an hour: of one core", "%", _percent(eight), 3.0),
        Row("live, 64 boards: of one core", "%", _percent(many), 20.0),
        Row("live, 64 boards: frames lost", "", lost, 0.0),
    ]
    rows += [Row(f"a conversion, {names[b]}", "us", [r.ns_a_conversion / 1e3 for r in of]) for b, of in kept.items()]
    falls = [
        max(b.ns_a_conversion / a.ns_a_conversion, c.ns_a_conversion / b.ns_a_conversion)
        for a, b, c in zip(one, eight, many, strict=True)
    ]
    rows.append(Row("a conversion, more channels over fewer", "times", falls, 1.0))
    rows.append(Row(f"memory, 8 boards, after {memory_s / 60:.0f} minutes", "MB", [long.resident / 1e6], 90.0))
    rows.append(Row("start of the process to a watermark over samples", "s", [run.first_s for run in eight], 1.0))
    return rows + delay_rows([run for run in brisk if run.delays_s])


def delay_rows(runs: list[LiveRun]) -> list[Row]:
    """From the instant at which a movement was decided, in the samples' own time, to the message; and how late the
    bench itself was with the samples, which is in it."""
    if not runs:
        return []
    total = sum(len(run.delays_s) for run in runs)
    what = "settled to message at a subscriber"
    return [
        Row(f"{what}, p99 ({total} movements, {BRISK_MOVES:.0f} an hour)", "ms", _shares(runs, P99), 60.0),
        Row(f"{what}, median", "ms", _shares(runs, 0.5)),
        Row(f"{what}, the slowest", "ms", _shares(runs, 1.0)),
        Row("of which the bench's boards were late by at most", "ms", [run.player_late_s * 1e3 for run in runs]),
    ]


def machine() -> str:
    """What this ran on."""
    names = [line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if "model name" in line]
    model = names[0].partition(":")[2].strip() if names else platform.machine()
    return f"{len(names) or 1} cores of {model}, Linux {platform.release()}, Python {platform.python_version()}"


def _percent(runs: list[LiveRun]) -> list[float]:
    return [100 * run.share for run in runs]


def _shares(runs: list[LiveRun], share: float) -> list[float]:
    """Of each run the delay in ms that so large a share of its movements did not exceed."""
    return [1e3 * sorted(run.delays_s)[min(int(len(run.delays_s) * share), len(run.delays_s) - 1)] for run in runs]


def _described(recorded: Recorded) -> str:
    an_hour = recorded.events * 3600 / recorded.seconds
    return f"{recorded.seconds / 60:.0f} min of two boards, {recorded.events} movements ({an_hour:.0f} an hour)"


if __name__ == "__main__":
    sys.exit(main())
