"""`shelf-bench judge`: the agent beside the published rules and the oracle."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.errors import UsageError
from bench.commands.selection import add_conditions, parse_families, parse_jobs, parse_seeds

if TYPE_CHECKING:
    from bench.judgement.cutting import CutCheck
    from bench.judgement.parties import Verdict
    from bench.judgement.table import Scores

NAME = "judge"
HELP = "one table of agent, published rules and oracle on the same recordings; a reliability plot, a picture a family"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which cases, which agent, where to."""
    add_conditions(parser)
    parser.add_argument(
        "--output", type=Path, default=Path("out/judgement"), metavar="DIR", help="for table, figures and pictures"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path("out/cases"), metavar="DIR", help="recordings made once (out/cases)"
    )
    parser.add_argument("--agent", default="shelf-agent", metavar="COMMAND", help="'' leaves the agent out")
    parser.add_argument(
        "--cuts", type=int, default=2, metavar="N", help="recordings of each family's first seed cut at N events (2)"
    )
    parser.add_argument("--no-pictures", action="store_true", help="figures only")


def run(arguments: argparse.Namespace) -> int:
    """Judge; exit 1 where a replay failed."""
    from bench.judgement.cases import prepare
    from bench.judgement.parties import judge_cases
    from bench.recordings.cases import CaseId
    from bench.scoring.replay import AgentError

    began = time.monotonic()
    families, seeds = parse_families(arguments.family), parse_seeds(arguments.seeds)
    jobs = parse_jobs(arguments.jobs)
    ids = [CaseId(f, s, arguments.room, arguments.plates, arguments.rate) for f in families for s in seeds]
    command = shlex.split(arguments.agent)
    try:
        arguments.output.mkdir(parents=True, exist_ok=True)
        cases = prepare(ids, arguments.cache, jobs)
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be written: {error.strerror}") from error
    print(f"{len(cases)} cases stand after {time.monotonic() - began:.0f} s", file=sys.stderr)
    verdicts: list[Verdict] = []
    try:
        for verdict in judge_cases(cases, command, jobs):
            verdicts.append(verdict)
            if len(verdicts) % max(1, len(cases) // 10) == 0:
                print(f"{len(verdicts)} of {len(cases)} judged, {time.monotonic() - began:.0f} s", file=sys.stderr)
            if verdict.failure:
                print(f"{verdict.case.folder}: {verdict.failure}", file=sys.stderr)
        checks = _cut(verdicts, command, arguments.cuts)
    except AgentError as error:
        raise UsageError(f"--agent: {error}") from error
    _report(verdicts, checks, arguments.output)
    if not arguments.no_pictures:
        _draw(verdicts, arguments.output)
    print(f"{time.monotonic() - began:.0f} s; written to {arguments.output}", file=sys.stderr)
    return 1 if any(verdict.failure for verdict in verdicts) else 0


def _cut(verdicts: list[Verdict], command: list[str], cuts: int) -> list[CutCheck]:
    from bench.judgement.cutting import check_cuts

    if not command or cuts < 1:
        return []
    firsts = {v.case.id.family: v for v in reversed(verdicts)}
    return [check for verdict in firsts.values() for check in check_cuts(verdict, command, cuts)]


def _report(verdicts: list[Verdict], checks: list[CutCheck], output: Path) -> None:
    from bench.judgement.parties import OURS
    from bench.judgement.table import judgement_table
    from bench.judgement.targets import targets
    from bench.scoring.report import total

    grouped: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        grouped[verdict.case.id.family].append(verdict)
    parties = tuple(verdicts[0].scores)
    rows: dict[str, Scores] = {
        family: {party: total(v.scores[party] for v in of) for party in parties} for family, of in grouped.items()
    }
    whole: Scores = {party: total(v.scores[party] for v in verdicts) for party in parties}
    lines = [judgement_table({**rows, "all families": whole}, parties)]
    if OURS in whole:
        lines += ["", *(str(target) for target in targets(rows, whole, verdicts[0].case.id))]
    if checks:
        compared, changed = sum(c.compared for c in checks), [x for c in checks for x in c.changed]
        lines += ["", f"cut at settled: {len(checks)} cuts, {compared} events told by then, {len(changed)} changed"]
        lines += [f"  {c.folder.name} cut at {c.at_s:.3f} s: {said}" for c in checks for said in c.changed][:20]
    text = "\n".join(lines)
    print(text)
    (output / "table.txt").write_text(text + "\n", encoding="utf-8")
    figures = {
        name: {party: {k: v for k, v in vars(score).items() if not isinstance(v, list)} for party, score in of.items()}
        for name, of in {**rows, "all families": whole}.items()
    }
    (output / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")


def _draw(verdicts: list[Verdict], output: Path) -> None:
    from bench.judgement.parties import OURS
    from bench.judgement.pictures import annotated, reliability
    from bench.scoring.report import total

    if OURS in verdicts[0].scores:
        reliability(total(v.scores[OURS] for v in verdicts), output / "reliability.png")
    for family, verdict in {v.case.id.family: v for v in reversed(verdicts)}.items():
        annotated(verdict, output / f"{family}.png")
